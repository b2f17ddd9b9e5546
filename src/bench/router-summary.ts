/** What the samples of a router bench come to: rates and ratios by case, each with its interval. */
import { median } from '../results/statistics.ts';
import type { BenchSample, RateSample, RatioRow, RouterSample, RouterSummary } from './bench-bundle.ts';
import { ladderResult } from './measure.ts';
import { medianRatio } from './resampling.ts';
import { SUBJECT_NAMES } from './subjects.ts';

/** Of intervals of rates and ratios. */
export const INTERVAL_ALPHA = 0.05;
const SUBJECT = 'cilion';

/** Pure: the same samples and seed give the same summary. @param cases Names in the order in which they are to be shown. */
export function summariseRouter(
  samples: readonly BenchSample[],
  cases: readonly string[],
  seed: number,
): RouterSummary {
  const bursts = samples.filter((sample) => sample.kind === 'burst');
  const rates = samples.filter((sample) => sample.kind === 'rate');
  const groups = Map.groupBy(bursts, (sample) => `${sample.case} ${sample.cores}`);
  const rows = [...groups.values()].map((group) => rowOf(group, rates, seed));
  const place = (row: RatioRow) => cases.indexOf(row.case);
  return { bench: 'router', rows: rows.toSorted((a, b) => place(a) - place(b) || a.cores - b.cores) };
}

/** Packets a second that the cores would forward with nobody else on them. */
export function rateOf({ received, cpuNs, cores }: Pick<RouterSample, 'received' | 'cpuNs' | 'cores'>): number {
  return (received * cores * 1e9) / cpuNs;
}

function rowOf(group: readonly RouterSample[], rates: readonly RateSample[], seed: number): RatioRow {
  const [first] = group as [RouterSample];
  const bySubject = new Map<string, ReadonlyMap<number, number>>(
    [...Map.groupBy(group, ({ subject }) => subject)].map(([subject, own]) => [subject, perBlock(own)]),
  );
  const paced = first.cores === 1 ? rates.filter((sample) => sample.case === first.case) : [];
  for (const [subject, own] of Map.groupBy(paced, (sample) => sample.subject)) {
    const ladders = [...Map.groupBy(own, ({ block }) => block)].map(
      ([block, steps]) => [block, ladderResult(steps)] as const,
    );
    bySubject.set(`${subject} loss-free`, positive(ladders.map(([block, { lossFree }]) => [block, lossFree])));
    bySubject.set(`${subject} peak`, positive(ladders.map(([block, { peak }]) => [block, peak])));
  }
  const ours = bySubject.get(SUBJECT) ?? new Map<number, number>();
  const options = { seed, alpha: INTERVAL_ALPHA };
  const ofSubject = group.filter(({ subject }) => subject === SUBJECT);
  const total = (pick: (sample: RouterSample) => number) => ofSubject.reduce((sum, sample) => sum + pick(sample), 0);
  const estimates = [...bySubject]
    .filter(([, values]) => values.size > 0)
    .toSorted(([a], [b]) => placeOfSubject(a) - placeOfSubject(b) || (a < b ? -1 : 1));
  return {
    case: first.case,
    cores: first.cores,
    frameBytes: first.frameBytes,
    rates: Object.fromEntries(
      estimates.map(([subject, values]) => [
        subject,
        medianRatio(
          [...values.values()],
          [...values].map(() => 1),
          options,
        ),
      ]),
    ),
    ratios: Object.fromEntries(
      estimates
        .filter(([subject, values]) => subject !== SUBJECT && [...values.keys()].some((block) => ours.has(block)))
        .map(([subject, values]) => {
          const blocks = [...values.keys()].filter((block) => ours.has(block));
          return [
            subject,
            medianRatio(
              blocks.map((b) => ours.get(b)!),
              blocks.map((b) => values.get(b)!),
              options,
            ),
          ];
        }),
    ),
    loss: ofSubject.length === 0 ? 0 : 1 - total(({ received }) => received) / total(({ sent }) => sent),
  };
}

/** `reference peak` stands with `reference`. */
function placeOfSubject(name: string): number {
  return (SUBJECT_NAMES as readonly string[]).indexOf(name.split(' ')[0]!);
}

function perBlock(samples: readonly RouterSample[]): ReadonlyMap<number, number> {
  return new Map(
    [...Map.groupBy(samples, ({ block }) => block)].map(([block, own]) => [block, median(own.map(rateOf))]),
  );
}

function positive(entries: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  return new Map(entries.filter(([, value]) => value > 0));
}
