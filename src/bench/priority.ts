/** A bench goes before whatever else runs: what waits for a core while it is measured is not measured. */
import { getPriority, setPriority } from 'node:os';

/** Of setpriority(2). */
const NICE = -15;

/** Runs `body` with this thread, and what it starts meanwhile, preferred. */
export async function preferred<T>(body: () => Promise<T>): Promise<T> {
  const before = getPriority();
  setPriority(NICE);
  try {
    return await body();
  } finally {
    setPriority(before);
  }
}

/** The same for another thread of this process, by its id, for as long as it lives. */
export function prefer(thread: number): void {
  setPriority(thread, NICE);
}
