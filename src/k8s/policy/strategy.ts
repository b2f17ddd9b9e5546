/** Which of the paths that a policy allows a node takes, in which order or by which weights. Pure. */
import type { Path, PathInterface } from '../../scion/end-to-end-path.ts';
import { detours, inTurns, interfaceKey, PATHS_PER_SET, type Place } from '../agent/path-choice.ts';
import type { Strategy } from './model.ts';

export interface Choice {
  /** `ordered`: the first usable one. `weighted`: by flow, in proportion to the weights of the usable ones. */
  readonly mode: 'ordered' | 'weighted';
  readonly paths: readonly { readonly path: Path; readonly weight: number }[];
}

/** Paths in one set at most (CILION_MAX_PATHS_OF_SET). */
export const MAX_WEIGHTS = 8;

/** @param allowed The paths that are as they must be, in any order. The same ones give the same choice. */
export function choose(strategy: Strategy, allowed: readonly Path[], from: Place, to: Place): Choice {
  const way = (path: Path) => detours(path, from, to);
  switch (strategy.kind) {
    case 'LowestLatency':
      return ordered(allowed.toSorted((a, b) => a.latencyNs - b.latencyNs || way(a) - way(b) || byShape(a, b)));
    case 'ShortestPath':
      return ordered(
        allowed.toSorted(
          (a, b) => length(a) - length(b) || a.latencyNs - b.latencyNs || way(a) - way(b) || byShape(a, b),
        ),
      );
    case 'Disjoint': {
      const fastest = allowed.toSorted((a, b) => a.latencyNs - b.latencyNs || way(a) - way(b) || byShape(a, b));
      const paths = disjoint(fastest, strategy.weights.length);
      return { mode: 'weighted', paths: paths.map((path, index) => ({ path, weight: strategy.weights[index]! })) };
    }
    case 'Pinned':
      return ordered(allowed.filter(({ interfaces }) => sameInterfaces(interfaces, strategy.interfaces)));
  }
}

function ordered(ranked: readonly Path[]): Choice {
  return { mode: 'ordered', paths: inTurns(ranked, PATHS_PER_SET).map((path) => ({ path, weight: 1 })) };
}

/**
 * Paths that share no link, as many as there are up to the limit. The fastest path may stand in the way of two others;
 * so every path is tried as the first, and the largest set wins, among equals the one with the least sum of latencies.
 */
function disjoint(fastest: readonly Path[], limit: number): Path[] {
  let best: Path[] = [];
  for (const first of fastest) {
    const chosen = [first];
    const used = new Set(first.interfaces.map(interfaceKey));
    for (const path of fastest) {
      if (chosen.length === limit) break;
      if (path.interfaces.some((each) => used.has(interfaceKey(each)))) continue;
      chosen.push(path);
      for (const each of path.interfaces) used.add(interfaceKey(each));
    }
    if (chosen.length > best.length || (chosen.length === best.length && latency(chosen) < latency(best)))
      best = chosen;
  }
  return fastest.filter((path) => best.includes(path));
}

function latency(paths: readonly Path[]): number {
  return paths.reduce((sum, path) => sum + path.latencyNs, 0);
}

function length(path: Path): number {
  return path.hops.length;
}

/** Decides between paths that are alike in all else, so that the order is total. */
function byShape(a: Path, b: Path): number {
  return length(a) - length(b) || (a.fingerprint < b.fingerprint ? -1 : 1);
}

function sameInterfaces(a: readonly PathInterface[], b: readonly PathInterface[]): boolean {
  return a.length === b.length && a.every((each, index) => interfaceKey(each) === interfaceKey(b[index]!));
}
