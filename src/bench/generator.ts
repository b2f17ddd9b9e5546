/** The generator: a thread a core, each with the program that makes frames, all sending at once. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { prefer } from '../process/priority.ts';
import { run } from '../process/process.ts';

export interface ThreadSettings {
  readonly programId: number;
  readonly netns: string;
}

export interface Burst {
  readonly frame: Uint8Array;
  /** Of each thread. */
  readonly packets: number;
  /** Frames that the kernel hands on at a time; absent: what is fastest. */
  readonly batch?: number;
}

export interface BurstResult {
  readonly wallNs: number;
  /** Of the thread that sent, whatever the kernel did on its account meanwhile included. */
  readonly cpuNs: number;
}

export class Generator {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** @param cpus One thread each, bound to it. */
  static async start(settings: ThreadSettings, cpus: readonly number[]): Promise<Generator> {
    const workers: Worker[] = [];
    try {
      for (const cpu of cpus) {
        const worker = new Worker(new URL('./generator-thread.ts', import.meta.url), { workerData: settings });
        workers.push(worker);
        const [{ thread }] = (await once(worker, 'message')) as [{ thread: number }];
        prefer(thread);
        await run(['taskset', '--cpu-list', '--pid', String(cpu), String(thread)]);
      }
      return new Generator(workers);
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw error;
    }
  }

  get cores(): number {
    return this.#workers.length;
  }

  /** All threads send; resolves when all have. Of the results, the longest time and the sum of CPU time. */
  async send(burst: Burst): Promise<BurstResult> {
    const results = await Promise.all(
      this.#workers.map(async (worker) => {
        const answer = once(worker, 'message') as Promise<[BurstResult]>;
        worker.postMessage(burst);
        return (await answer)[0];
      }),
    );
    return {
      wallNs: Math.max(...results.map(({ wallNs }) => wallNs)),
      cpuNs: results.reduce((sum, { cpuNs }) => sum + cpuNs, 0),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
