/**
 * What is happening, how long it took, and a live line beneath it. On a terminal the running stage is redrawn in place;
 * elsewhere each stage is a plain line when it begins to matter: when it ends.
 */
import { styleText } from 'node:util';
import { visible, visibleLines } from '../errors.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const REDRAW_MS = 100;

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  readonly #stream: ProgressStream;
  readonly #live: boolean;
  readonly #seconds = new Map<string, number>();
  #current: { name: string; since: number; detail: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(stream: ProgressStream = process.stderr) {
    this.#stream = stream;
    this.#live = stream.isTTY === true;
  }

  /** Seconds by stage so far; a stage that ran several times is summed. */
  get stageSeconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds);
  }

  /** Runs `body` as a stage; `detail` shows live figures meanwhile and may be told what the stage came to. */
  async stage<T>(name: string, body: (detail: (text: string) => void) => Promise<T>): Promise<T> {
    const stage = { name, since: performance.now(), detail: '' };
    this.#current = stage;
    this.#begin();
    try {
      const result = await body((text) => {
        stage.detail = visible(text);
      });
      this.#end('done', stage);
      return result;
    } catch (error) {
      this.#end('failed', stage);
      throw error;
    }
  }

  /** A line that stays. */
  note(text: string): void {
    this.#clear();
    this.#stream.write(`${visibleLines(text)}\n`);
  }

  #begin(): void {
    if (!this.#live) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  #draw(): void {
    if (this.#current === undefined) return;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const { name, since, detail } = this.#current;
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    const line = `${FRAMES[this.#frame]} ${name}  ${seconds} s  ${detail}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
  }

  #clear(): void {
    if (this.#live) this.#stream.write('\r\x1b[K');
  }

  #end(how: 'done' | 'failed', stage: { name: string; since: number; detail: string }): void {
    clearInterval(this.#timer);
    this.#current = undefined;
    const seconds = (performance.now() - stage.since) / 1000;
    this.#seconds.set(stage.name, (this.#seconds.get(stage.name) ?? 0) + seconds);
    this.#clear();
    const mark = how === 'done' ? '✓' : '✗';
    const colour = how === 'done' ? 'green' : 'red';
    const text = `${stage.name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s${stage.detail === '' ? '' : `   ${stage.detail}`}`;
    this.#stream.write(`${this.#live ? styleText(colour, mark) : mark} ${text}\n`);
  }
}
