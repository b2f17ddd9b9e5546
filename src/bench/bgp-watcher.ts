/**
 * Sees BGP converge from a thread of its own: the one that brings the lab up loads programs meanwhile, which keeps it from
 * noticing anything for seconds.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { LabError } from '../errors.ts';

/** `at`: CLOCK_MONOTONIC, nanoseconds. */
export type BgpAnswer = { readonly at: bigint } | { readonly failure: string };

export class BgpWatcher {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when it is ready to be asked. */
  static async start(): Promise<BgpWatcher> {
    const worker = new Worker(new URL('./bgp-watcher-thread.ts', import.meta.url));
    try {
      await once(worker, 'message');
      return new BgpWatcher(worker);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /**
   * When every router of the lab had a route to every AS's prefix: process.hrtime.bigint(). Once only.
   * @throws LabError that says which router lacks what; the signal's reason when it is aborted
   */
  async converged(lab: string, signal: AbortSignal): Promise<bigint> {
    signal.throwIfAborted();
    const message = once(this.#worker, 'message', { signal }) as Promise<[BgpAnswer]>;
    this.#worker.postMessage(lab);
    const [answer] = await message.catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    if ('failure' in answer) throw new LabError(answer.failure);
    return answer.at;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
