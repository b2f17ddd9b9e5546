/** What became of CilION's packets, by reason, wherever its routers and nodes were loaded. */
import { isWork, type ReasonCount } from '../dataplane/counters.ts';
import type { Plan } from '../emulator/plan.ts';

/** Reason → packets. */
export type ReasonSums = Readonly<Record<string, number>>;

/** Packets that were neither forwarded nor delivered. What a slow path takes over is not among them. */
export function dropsIn(counts: readonly ReasonCount[], { controlPlane }: Plan): ReasonSums {
  const slowPath = controlPlane === 'reference';
  return sums(counts.filter(({ outcome }) => outcome === 'drop' || (outcome === 'slow' && !slowPath)));
}

/** Packets that were refused, by whoever has the last word on them; work that XDP leaves to others is none. */
export function refusedIn(counts: readonly ReasonCount[]): ReasonSums {
  return sums(counts.filter(({ reason, outcome }) => outcome !== 'done' && !isWork(reason)));
}

/** What was counted between two readings. */
export function since(before: ReasonSums, now: ReasonSums): ReasonSums {
  const counts = Object.entries(now).map(([reason, packets]) => [reason, packets - (before[reason] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, packets]) => packets > 0));
}

function sums(counts: readonly ReasonCount[]): ReasonSums {
  const all: Record<string, number> = {};
  for (const { reason, packets } of counts) all[reason] = (all[reason] ?? 0) + packets;
  return all;
}
