/** How much of everything a scenario may hold: more than people write, and little enough to be checked in a moment. */
import type { Collector } from '../../input/collector.ts';
import type { FieldPath } from '../../input/yaml.ts';

export const MAX_ENTRIES = {
  clusters: 64,
  /** Of one cluster. */
  manifests: 64,
  workloads: 256,
  timeline: 1000,
  captures: 1000,
  observers: 1000,
  assertions: 1000,
} as const;

/** The entries of a list; none, and a problem at its place, where there are more than the limit. */
export function within<T>(entries: readonly T[], limit: number, path: FieldPath, collector: Collector): readonly T[] {
  if (entries.length <= limit) return entries;
  collector.report(path, `has ${entries.length} entries`, `at most ${limit} entries`);
  return [];
}
