/**
 * Which paths a node uses towards a node of another cluster, in which order. Pure.
 *
 * First the paths that leave by the node's own interfaces and arrive at the pod's own node, by latency; then those that
 * another node of the cluster has to pass on, by latency. Of all these the set takes the best one and then, one after
 * the other, the one that shares the fewest interfaces with those it has: what one fault can take is little.
 */
import type { Path, PathInterface } from '../../scion/end-to-end-path.ts';

/** Paths that the dataplane can hold for a policy and a remote node. */
export const PATHS_PER_SET = 8;

export interface Place {
  /** Interfaces of the AS that end at this node. */
  readonly interfaces: readonly number[];
}

export function choosePaths(paths: readonly Path[], from: Place, to: Place, limit = PATHS_PER_SET): Path[] {
  const ranked = paths.toSorted((a, b) => detours(a, from, to) - detours(b, from, to) || a.latencyNs - b.latencyNs);
  const chosen: Path[] = [];
  const used = new Set<string>();
  while (chosen.length < Math.min(limit, ranked.length)) {
    const rest = ranked.filter((path) => !chosen.includes(path));
    // The first of the least shared: `ranked` decides between equals.
    const next = rest.reduce((best, path) => (shared(path, used) < shared(best, used) ? path : best));
    chosen.push(next);
    for (const each of next.interfaces) used.add(keyOf(each));
  }
  return chosen;
}

/** How many times another node of either cluster has to forward. */
function detours(path: Path, from: Place, to: Place): number {
  const first = path.interfaces[0];
  const last = path.interfaces.at(-1);
  const away = (place: Place, end: PathInterface | undefined) => (end && place.interfaces.includes(end.ifid) ? 0 : 1);
  return away(from, first) + away(to, last);
}

function shared(path: Path, used: ReadonlySet<string>): number {
  return path.interfaces.filter((each) => used.has(keyOf(each))).length;
}

function keyOf({ ia, ifid }: PathInterface): string {
  return `${ia}#${ifid}`;
}
