/** Starts the process that runs a lab's wires, and talks to it. */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LabError } from '../../errors.ts';
import { patiently } from '../../process/patience.ts';
import { preferGroup } from '../../process/priority.ts';
import { type Running, start } from '../../process/process.ts';
import type { Shape } from '../../topology/model.ts';
import type { CaptureFiles, CaptureRequest } from './capture.ts';
import type { CaptureReport, DelayLineStats, Direction, LinkCounters } from './delay-line.ts';
import type { ReadyLine, WireAnswer, WireOperation, WireOperations, WireProcessConfig } from './wire-protocol.ts';

const ENTRY = fileURLToPath(new URL('./wire-process.ts', import.meta.url));

export interface WireProcess {
  readonly running: Running;
  readonly ready: ReadyLine;
  readonly control: WireControl;
}

/**
 * Writes the configuration, starts the process and connects when frames flow. It goes on when this process ends,
 * unless `own` is said on the control connection.
 * @throws LabError that names the log where the process says why it ended.
 */
export async function startWireProcess(
  config: WireProcessConfig,
  files: { readonly config: string; readonly log: string },
): Promise<WireProcess> {
  writeFileSync(files.config, JSON.stringify(config));
  const { promise, resolve } = Promise.withResolvers<ReadyLine>();
  // In the namespace of the wires: whoever takes that down ends this process with it.
  const running = start([process.execPath, ENTRY, files.config], {
    netns: config.netns,
    stderrFile: files.log,
    detached: true,
    onStdoutLine: (line) => resolve(JSON.parse(line) as ReadyLine),
  });
  // A frame that is due does not wait for whoever keeps the cores busy: no wire would have it wait.
  preferGroup(running.pid);
  const ready = await Promise.race([
    promise,
    running.exited.then(({ code, signal }) => {
      throw new LabError(`the process that runs the wires ended at once (${signal ?? code})`, {
        hint: `see ${files.log}`,
      });
    }),
  ]);
  return { running, ready, control: await WireControl.connect(config.socket) };
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** An answer takes a millisecond, that of a capture's end as long as its file takes to write. */
const PATIENCE_S = 10;

export class WireControl {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** @throws LabError when no process listens there. */
  static async connect(path: string): Promise<WireControl> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) => reject(new LabError(`no process runs the wires at ${path}`, { cause })));
    });
    return new WireControl(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    const broken = () => socket.destroy();
    createInterface({ input: socket })
      .on('line', (line) => this.#settle(JSON.parse(line) as WireAnswer))
      // A reader of lines passes the socket's errors on, to nobody if nobody listens.
      .on('error', broken);
    socket.on('error', broken);
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new LabError('the process that runs the wires is gone'));
      this.#pending.clear();
    });
  }

  async ping(): Promise<void> {
    await this.#ask('ping', null);
  }

  /** From now on the process ends with this connection. */
  async own(): Promise<void> {
    await this.#ask('own', null);
  }

  /** The shape holds for the next frame when this resolves. */
  async setShape(link: string, direction: Direction, shape: Shape): Promise<void> {
    await this.#ask('setShape', { link, direction, shape });
  }

  /** Link id → counters of both directions since the start. */
  counters(): Promise<Record<string, LinkCounters>> {
    return this.#ask('counters', null);
  }

  startCapture(request: CaptureRequest): Promise<CaptureFiles> {
    return this.#ask('startCapture', request);
  }

  /** Resolves when both files are complete. */
  stopCapture(link: string): Promise<Record<Direction, CaptureReport>> {
    return this.#ask('stopCapture', { link });
  }

  stats(): Promise<DelayLineStats> {
    return this.#ask('stats', null);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask<Operation extends WireOperation>(
    op: Operation,
    argument: WireOperations[Operation]['argument'],
  ): Promise<WireOperations[Operation]['result']> {
    if (this.#socket.destroyed) return Promise.reject(new LabError('the process that runs the wires is gone'));
    const id = this.#nextId++;
    const answer = new Promise<WireOperations[Operation]['result']>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.write(`${JSON.stringify({ id, op, argument })}\n`);
    });
    return patiently(answer, PATIENCE_S, () => {
      this.#pending.delete(id);
      return new LabError(`the process that runs the wires has not answered "${op}" within ${PATIENCE_S} s`);
    });
  }

  #settle(answer: WireAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('result' in answer) pending?.resolve(answer.result);
    else {
      const { message, hint } = answer.error;
      pending?.reject(new LabError(message, hint === undefined ? {} : { hint }));
    }
  }
}
