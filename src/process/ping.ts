/** Whether a host answers ICMP echo requests (RFC 792). */
import { LabError } from '../errors.ts';
import { run } from './process.ts';

const INTERVAL_S = 0.05;

export interface PingOptions {
  /** Requests; one answer is enough. Default 1. */
  readonly count?: number;
  /** How long an answer may take, seconds. Default 1. */
  readonly timeoutS?: number;
  readonly signal?: AbortSignal;
}

/** @throws the signal's reason when it is aborted meanwhile */
export async function answersPing(netns: string, address: string, options: PingOptions = {}): Promise<boolean> {
  const { count = 1, timeoutS = 1, signal } = options;
  const argv = ['ping', '-n', '-q', '-i', String(INTERVAL_S), '-W', String(timeoutS), '-c', String(count), address];
  try {
    await run(argv, { netns, ...(signal === undefined ? {} : { signal }) });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof LabError) return false;
    throw error;
  }
}
