/**
 * The long-running parts of a run, watched together: whatever ends without having been asked to is noticed as it
 * happens, by name, and told to everybody who waits for the run to go on.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { LabError } from '../errors.ts';
import type { Exit, Running } from './process.ts';

/** Characters of what a process last wrote to its standard error. */
const STDERR_SHOWN = 500;

/** A connection breaks before its process is known to be gone, by less than this. */
const MOMENT_MS = 1000;

/** Something that the run needs, and that is no more. */
export interface Ending {
  /** performance.now() when it was noticed, milliseconds. */
  readonly at: number;
  /** A sentence: which part, how it ended, what it last said. */
  readonly text: string;
}

export class Watch {
  readonly #endings: Ending[] = [];
  readonly #controller = new AbortController();
  #closed = false;

  /** In the order in which they were noticed. */
  get endings(): readonly Ending[] {
    return this.#endings;
  }

  /** Aborted by the first ending; its reason is a LabError with that ending's text. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * From now on, the end of a process that nobody stopped is an ending.
   * @param endsByItself Exit code 0 is how it is meant to end.
   */
  add(title: string, running: Running, endsByItself = false): void {
    running.exited.then(
      (exit) => {
        if (running.stopping || (endsByItself && exit.code === 0)) return;
        this.report(describeExit(title, running, exit));
      },
      (error: Error) => this.report(`${title}: ${error.message}`),
    );
  }

  /** A part that is no process of its own failed. */
  report(text: string): void {
    if (this.#closed) return;
    this.#endings.push({ at: performance.now(), text });
    this.#controller.abort(new LabError(text));
  }

  /**
   * Whether there is an ending, or will be one in a moment: who talks to a process that dies learns of it from the
   * broken connection, perhaps a little before the process is known to be gone.
   */
  async hasEnding(): Promise<boolean> {
    if (this.signal.aborted) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, MOMENT_MS);
    const onAbort = () => resolve();
    this.signal.addEventListener('abort', onAbort);
    await promise;
    this.signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    return this.signal.aborted;
  }

  /** Whatever ends from now on was meant to. */
  close(): void {
    this.#closed = true;
  }
}

/** `BIRD of as-7 (bird, pid 12, in c1-as-7) ended by itself with signal SIGKILL: <what it last said>`. */
export function describeExit(title: string, running: Running, { code, signal }: Exit): string {
  const place = running.netns === undefined ? '' : `, in ${basename(running.netns)}`;
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const said = lastWords(running.stderrFile);
  const last = said === '' ? '' : `: ${said}`;
  return `${title} (${programOf(running)}, pid ${running.pid}${place}) ended by itself with ${how}${last}`;
}

/** The script rather than its interpreter, whose options come first. */
function programOf({ argv }: Running): string {
  const [program = '', ...rest] = argv;
  const script = rest.find((argument) => !argument.startsWith('-'));
  return basename(script !== undefined && /\.[jt]s$/.test(script) ? script : program);
}

function lastWords(file: string | undefined): string {
  if (file === undefined) return '';
  try {
    return readFileSync(file, 'utf8').replaceAll(/\s+/g, ' ').trim().slice(-STDERR_SHOWN);
  } catch {
    // Its folder went with the lab: how the process ended is still worth telling.
    return '';
  }
}
