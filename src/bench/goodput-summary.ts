/** What the samples of a goodput bench come to: rates, costs and ratios by length and traffic, each with its interval. */
import type { GoodputRow, GoodputSample, GoodputSummary } from './chain-bundle.ts';
import {
  blocksOf,
  byLabel,
  disturbanceOf,
  medians,
  type PerBlock,
  ratiosToOthers,
  transitText,
} from './chain-summary.ts';
import { type Goal, goal } from './goals.ts';

/** Pure: the same samples and seed give the same summary. @param traffic Names in the order in which they are to be shown. */
export function summariseGoodput(
  samples: readonly GoodputSample[],
  traffic: readonly string[],
  seed: number,
): GoodputSummary {
  const groups = Map.groupBy(samples, (sample) => `${sample.transits} ${sample.traffic}`);
  const rows = [...groups.values()].map((group) => rowOf(group, seed));
  const place = (row: GoodputRow) => traffic.indexOf(row.traffic);
  return {
    bench: 'goodput',
    rows: rows.toSorted((a, b) => a.transits - b.transits || place(a) - place(b)),
    goals: goalsOf(rows, blocksOf(samples)),
    disturbance: disturbanceOf(samples),
  };
}

/** Bit/s at the receiver. */
export function goodputOf({ intervalBytes, seconds }: Pick<GoodputSample, 'intervalBytes' | 'seconds'>): number {
  return (intervalBytes.reduce((sum, bytes) => sum + bytes, 0) * 8) / seconds;
}

/** Seconds of a core a gigabit that arrived; infinite where nothing did. */
export function costOf(sample: Pick<GoodputSample, 'intervalBytes' | 'seconds' | 'cpuSeconds' | 'windowSeconds'>) {
  return sample.cpuSeconds / sample.windowSeconds / (goodputOf(sample) / 1e9);
}

function rowOf(group: readonly GoodputSample[], seed: number): GoodputRow {
  const [{ transits, traffic }] = group as [GoodputSample];
  const labels = byLabel(group);
  const figures = (figure: (sample: GoodputSample) => number): Map<string, PerBlock> =>
    new Map([...labels].map(([label, own]) => [label, new Map(own.map((sample) => [sample.block, figure(sample)]))]));
  const rates = figures(goodputOf);
  return {
    transits,
    traffic,
    rates: medians(rates, seed),
    costs: medians(figures(costOf), seed),
    ratios: ratiosToOthers(rates, seed),
    losses: traffic === 'udp' ? Object.fromEntries([...labels].map(([label, own]) => [label, lossOf(own)])) : {},
  };
}

function lossOf(samples: readonly GoodputSample[]): number {
  const sent = samples.reduce((sum, { datagrams = 0 }) => sum + datagrams, 0);
  return sent === 0 ? 0 : samples.reduce((sum, { lost = 0 }) => sum + lost, 0) / sent;
}

function goalsOf(rows: readonly GoodputRow[], blocks: number): Goal[] {
  const wanted = (transits: number, other: string, bound: number, of = other) =>
    goal(
      {
        what: `TCP, one flow, ${transitText(transits)}: cilion ÷ ${of}`,
        sense: 'atLeast',
        bound,
        unit: '',
        figure: rows.find((row) => row.transits === transits && row.traffic === 'tcp-1')?.ratios[other] ?? null,
      },
      blocks,
    );
  return [
    wanted(0, 'xdp-pass', 0.95, 'plain IP with XDP_PASS at the receiver'),
    wanted(1, 'vxlan', 1),
    wanted(3, 'vxlan', 1),
    wanted(1, 'ip', 0.85),
    wanted(1, 'sig', 5),
  ];
}
