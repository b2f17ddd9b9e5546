/** What summaries of measurements over chains have in common: subjects' names, ratios within a block. Pure. */

import { median } from '../results/statistics.ts';
import type { BySubject, Disturbance, GoodputSample, LatencySample } from './chain-bundle.ts';
import { CHAIN_SUBJECTS } from './chain-subject-names.ts';
import { type Interval, medianInterval } from './resampling.ts';
import { INTERVAL_ALPHA } from './router-summary.ts';

export type ChainSampleKey = Pick<GoodputSample | LatencySample, 'subject' | 'controlPlane'>;
/** Block → figure. */
export type PerBlock = ReadonlyMap<number, number>;

const OWN = 'cilion';
const OWN_BESIDE_SERVICES = 'cilion (services)';

/** `no transit AS`, `1 transit AS`, `3 transit ASes`. */
export function transitText(transits: number): string {
  return transits === 0 ? 'no transit AS' : `${transits} transit AS${transits === 1 ? '' : 'es'}`;
}

/** `cilion (services)`: beside the reference services, where it stands for comparison with what needs them. */
export function labelOf({ subject, controlPlane }: ChainSampleKey): string {
  return controlPlane === 'reference' && subject === OWN ? OWN_BESIDE_SERVICES : subject;
}

/** By label, in the order in which subjects are shown. */
export function byLabel<T extends ChainSampleKey>(samples: readonly T[]): Map<string, T[]> {
  const groups = [...Map.groupBy(samples, labelOf)];
  const place = (label: string) => (CHAIN_SUBJECTS as readonly string[]).indexOf(label.split(' ')[0]!);
  return new Map(groups.toSorted(([a], [b]) => place(a) - place(b) || a.length - b.length));
}

/** Of each label, the median over blocks; without those in which there is none (a cost of nothing). */
export function medians(figures: ReadonlyMap<string, PerBlock>, seed: number): BySubject<Interval> {
  return intervals(figures, (_, values) => [...values.values()].filter(Number.isFinite), seed);
}

/** Of `cilion` ÷ each other, over the blocks that have both and in which both are positive. */
export function ratiosToOthers(figures: ReadonlyMap<string, PerBlock>, seed: number): BySubject<Interval> {
  return intervals(
    figures,
    (label, values) => {
      if (label === OWN || label === OWN_BESIDE_SERVICES) return [];
      const own = figures.get(label === 'sig' ? OWN_BESIDE_SERVICES : OWN) ?? new Map<number, number>();
      return [...values].flatMap(([block, value]) => {
        const ours = own.get(block);
        return ours !== undefined && ours > 0 && value > 0 ? [ours / value] : [];
      });
    },
    seed,
  );
}

function intervals(
  figures: ReadonlyMap<string, PerBlock>,
  valuesOf: (label: string, perBlock: PerBlock) => readonly number[],
  seed: number,
): BySubject<Interval> {
  const entries = [...figures].map(([label, perBlock]) => [label, valuesOf(label, perBlock)] as const);
  return Object.fromEntries(
    entries
      .filter(([, values]) => values.length > 0)
      .map(([label, values]) => [label, medianInterval(values, { seed, alpha: INTERVAL_ALPHA })]),
  );
}

export function blocksOf(samples: readonly { readonly block: number }[]): number {
  return new Set(samples.map(({ block }) => block)).size;
}

export function disturbanceOf(samples: readonly (GoodputSample | LatencySample)[]): Disturbance {
  return {
    measurements: samples.length,
    starved: samples.filter(({ starved }) => starved.length > 0).length,
    othersBusy: samples.length === 0 ? 0 : median(samples.map(({ othersBusy }) => othersBusy)),
  };
}
