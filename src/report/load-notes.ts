/** What a reader should know of the machine under a run that is valid all the same. */
import type { Manifest, Pass } from '../results/bundle.ts';
import { formatRatio } from './numbers.ts';

/**
 * With less of the cores left, a process that has something to do often finds all of them taken, and waits for a turn of
 * some milliseconds. A transfer that is to go as fast as it can takes what there is, so this is no fault of itself.
 */
const IDLE_LIMIT = 0.1;
/** A hypervisor that takes a fiftieth stops everything, clocks apart, for 20 ms a second: what a probe would show. */
const STEAL_LIMIT = 0.02;

/** One sentence a pass whose machine had little left; none where the kernel did not tell. */
export function loadNotes({ passes }: Pick<Manifest, 'passes'>): string[] {
  return passes.flatMap(({ id, load }) => {
    if (load === undefined) return [];
    const parts = [
      ...(load.idle < IDLE_LIMIT ? [`the processor was idle for only ${formatRatio(load.idle)} of it`] : []),
      ...(load.steal > STEAL_LIMIT ? [`other machines took ${formatRatio(load.steal)} of the processor`] : []),
    ];
    return parts.length === 0 ? [] : [`${id}: ${parts.join(', and ')}`];
  });
}

/** `36 % idle, 0 % taken by others, someone waited for a core 22 % of the time`. */
export function describeLoad({ load }: Pass): string {
  if (load === undefined) return 'not known';
  const waiting = load.waiting === null ? '' : `, someone waited for a core ${formatRatio(load.waiting)} of the time`;
  return `${formatRatio(load.idle)} idle, ${formatRatio(load.steal)} taken by others${waiting}`;
}
