/** What a policy comes to towards one remote node: the paths in force, or what becomes of packets without one. Pure. */
import type { Path } from '../../scion/end-to-end-path.ts';
import { choosePaths, type Place } from '../agent/path-choice.ts';
import { refusal } from './constraints.ts';
import type { PathPolicy } from './model.ts';
import { type Choice, choose } from './strategy.ts';

export interface Decision extends Choice {
  /** `Paths`: as the policy wants them. The others: no path is, and this is what it says of that. */
  readonly inForce: 'Paths' | 'Blocked' | 'AnyPath' | 'PlainIP';
  /** Reason → how many paths were refused for it, the most frequent first. */
  readonly refused: ReadonlyMap<string, number>;
}

const NONE = new Map<string, number>();

/** For pods without a policy. */
export function defaultDecision(paths: readonly Path[], from: Place, to: Place): Decision {
  return { inForce: 'Paths', refused: NONE, ...anyPath(paths, from, to) };
}

export function decide(policy: PathPolicy, paths: readonly Path[], from: Place, to: Place): Decision {
  const reasons = paths.map((path) => refusal(path, policy.constraints));
  const allowed = paths.filter((_, index) => reasons[index] === undefined);
  const choice = choose(policy.strategy, allowed, from, to);
  const refused = count(reasons.filter((reason) => reason !== undefined));
  if (choice.paths.length > 0) return { inForce: 'Paths', refused, ...choice };
  if (allowed.length > 0) refused.set('is not the one that is pinned', allowed.length);
  switch (policy.onUnsatisfied) {
    case 'Block':
      return { inForce: 'Blocked', refused, mode: 'ordered', paths: [] };
    case 'PlainIP':
      return { inForce: 'PlainIP', refused, mode: 'ordered', paths: [] };
    case 'AnyPath':
      return { inForce: 'AnyPath', refused, ...anyPath(paths, from, to) };
  }
}

function anyPath(paths: readonly Path[], from: Place, to: Place): Choice {
  return { mode: 'ordered', paths: choosePaths(paths, from, to).map((path) => ({ path, weight: 1 })) };
}

function count(reasons: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}
