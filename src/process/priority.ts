/** A bench goes before whatever else runs: what waits for a core while it is measured is not measured. */
import { writeFileSync } from 'node:fs';
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

/**
 * Where the kernel groups processes by session (sched(7), "The autogroup feature"), a nice value counts within the group
 * alone. Prefers the group of a process that has a session of its own, as all that `start` begins.
 */
export function preferGroup(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(NICE));
  } catch (error) {
    // No such feature, it is turned off, or the process has ended.
    if (!['ENOENT', 'ESRCH', 'EINVAL', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
