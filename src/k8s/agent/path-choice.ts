/**
 * Which paths a node uses towards a node of another cluster, in which order. Pure.
 *
 * In order: first the paths that leave by the node's own interfaces and arrive at the pod's own node, by latency; then
 * those that another node of the cluster has to pass on, by latency. The set takes turns: the next best path, then the
 * one that shares the fewest interfaces with those it has. So there is a good way round a fault on one link, and some way
 * when more than that is gone. It is kept in order: the dataplane takes the first path that answers.
 */
import type { Path, PathInterface } from '../../scion/end-to-end-path.ts';

/** Enough for one fault after another; every path is probed, so more of them cost more. */
export const PATHS_PER_SET = 4;

export interface Place {
  /** Interfaces of the AS that end at this node. */
  readonly interfaces: readonly number[];
}

export function choosePaths(paths: readonly Path[], from: Place, to: Place, limit = PATHS_PER_SET): Path[] {
  return inTurns(
    paths.toSorted((a, b) => detours(a, from, to) - detours(b, from, to) || a.latencyNs - b.latencyNs),
    limit,
  );
}

/** Of paths in the order of preference, those that are kept: the best, and in turns with the next best the least alike. */
export function inTurns(ranked: readonly Path[], limit: number): Path[] {
  const chosen = new Set<Path>();
  const used = new Set<string>();
  while (chosen.size < Math.min(limit, ranked.length)) {
    const rest = ranked.filter((path) => !chosen.has(path));
    // `ranked` decides between paths that share equally much.
    const next = chosen.size % 2 === 0 ? rest[0]! : leastAlike(rest, used);
    chosen.add(next);
    for (const key of interfaceKeys(next)) used.add(key);
  }
  return ranked.filter((path) => chosen.has(path));
}

/** How many times another node of either cluster has to forward. */
export function detours(path: Path, from: Place, to: Place): number {
  const first = path.interfaces[0];
  const last = path.interfaces.at(-1);
  const away = (place: Place, end: PathInterface | undefined) => (end && place.interfaces.includes(end.ifid) ? 0 : 1);
  return away(from, first) + away(to, last);
}

/** The first of those that share the fewest interfaces. */
function leastAlike(paths: readonly Path[], used: ReadonlySet<string>): Path {
  const shared = paths.map((path) => interfaceKeys(path).filter((key) => used.has(key)).length);
  return paths[shared.indexOf(Math.min(...shared))]!;
}

const keysOfPaths = new WeakMap<Path, readonly string[]>();

/** Put together once: hundreds of policies rank the same paths. */
function interfaceKeys(path: Path): readonly string[] {
  const keys = keysOfPaths.get(path) ?? path.interfaces.map(interfaceKey);
  keysOfPaths.set(path, keys);
  return keys;
}

export function interfaceKey({ ia, ifid }: PathInterface): string {
  return `${ia}#${ifid}`;
}
