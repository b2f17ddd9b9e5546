/** What the samples of a latency bench come to: quantiles by length and load, and what each AS on the way adds. */
import { mean, median, quantile } from '../results/statistics.ts';
import type { LatencyLoad, LatencyRow, LatencySample, LatencySummary, PerTransitRow } from './chain-bundle.ts';
import { blocksOf, byLabel, disturbanceOf, medians, type PerBlock, ratiosToOthers } from './chain-summary.ts';
import { type Goal, goal } from './goals.ts';
import type { Interval } from './resampling.ts';

/** Pure: the same samples and seed give the same summary. */
export function summariseLatency(
  samples: readonly LatencySample[],
  loads: readonly LatencyLoad[],
  seed: number,
): LatencySummary {
  const groups = Map.groupBy(samples, (sample) => `${sample.transits} ${sample.load}`);
  const rows = [...groups.values()].map((group) => rowOf(group, seed));
  const perTransit = loads.flatMap((load) => {
    const row = perTransitOf(load, samples, seed);
    return row === null ? [] : [row];
  });
  return {
    bench: 'latency',
    rows: rows.toSorted((a, b) => loads.indexOf(a.load) - loads.indexOf(b.load) || a.transits - b.transits),
    perTransit,
    goals: goalsOf(perTransit, blocksOf(samples)),
    disturbance: disturbanceOf(samples),
  };
}

function rowOf(group: readonly LatencySample[], seed: number): LatencyRow {
  const [{ transits, load }] = group as [LatencySample];
  const labels = byLabel(group);
  const at = (q: number) =>
    medians(
      new Map([...labels].map(([label, own]) => [label, perBlock(own, (answered) => quantile(answered, q))] as const)),
      seed,
    );
  const [p50, p99, p999] = [at(0.5), at(0.99), at(0.999)];
  return {
    transits,
    load,
    quantiles: Object.fromEntries(
      Object.keys(p50).map((label) => [label, { p50: p50[label]!, p99: p99[label]!, p999: p999[label]! }]),
    ),
    losses: Object.fromEntries([...labels].map(([label, own]) => [label, lossOf(own)])),
    loadBps: Object.fromEntries([...labels].map(([label, own]) => [label, median(own.map(({ loadBps }) => loadBps))])),
  };
}

function perBlock(samples: readonly LatencySample[], figure: (answered: readonly number[]) => number): PerBlock {
  return new Map(
    samples
      .map(({ block, rttUs }) => [block, rttUs.filter((rtt) => rtt !== null)] as const)
      .filter(([, answered]) => answered.length > 0)
      .map(([block, answered]) => [block, figure(answered)]),
  );
}

function lossOf(samples: readonly LatencySample[]): number {
  const all = samples.flatMap(({ rttUs }) => rttUs);
  return all.length === 0 ? 0 : all.filter((rtt) => rtt === null).length / all.length;
}

/**
 * Mean of the middle half. As little as the median it minds the tail, and where values are whole microseconds it still
 * tells fractions of one.
 */
export function middle(values: readonly number[]): number {
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)];
  return mean(values.filter((value) => value >= low && value <= high));
}

/** Least squares. Null where all x are the same. */
export function slope(points: readonly (readonly [number, number])[]): number | null {
  const [cx, cy] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, [x]) => sum + (x - cx) ** 2, 0);
  return spread === 0 ? null : points.reduce((sum, [x, y]) => sum + (x - cx) * (y - cy), 0) / spread;
}

function perTransitOf(load: LatencyLoad, samples: readonly LatencySample[], seed: number): PerTransitRow | null {
  const labels = byLabel(samples.filter((sample) => sample.load === load));
  const added = new Map(
    [...labels].map(([label, own]): [string, PerBlock] => {
      const blocks = Map.groupBy(own, ({ block }) => block);
      return [label, new Map([...blocks].flatMap(([block, each]) => slopeOf(block, each)))];
    }),
  );
  const known = new Map([...added].filter(([, blocks]) => blocks.size > 0));
  if (known.size === 0) return null;
  return { load, added: medians(known, seed), ratios: ratiosToOthers(known, seed) };
}

function slopeOf(block: number, samples: readonly LatencySample[]): [number, number][] {
  const points = samples.flatMap(({ transits, rttUs }) => {
    const answered = rttUs.filter((rtt) => rtt !== null);
    return answered.length === 0 ? [] : [[transits, middle(answered)] as const];
  });
  const value = points.length === 0 ? null : slope(points);
  return value === null ? [] : [[block, value]];
}

function goalsOf(perTransit: readonly PerTransitRow[], blocks: number): Goal[] {
  const idle = perTransit.find(({ load }) => load === 'idle');
  const figure: Interval | null = idle?.ratios['ip'] ?? null;
  const what = 'added round-trip time of a transit AS: cilion ÷ kernel forwarding (ip)';
  return [goal({ what, sense: 'atMost', bound: 0.7, unit: '', figure }, blocks)];
}
