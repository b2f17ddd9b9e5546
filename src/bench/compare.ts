/** `cilion compare`: whether two bundles can be compared, and if so what differs. */
import type { Manifest, Metrics } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import { median } from '../results/statistics.ts';
import type { BenchManifest, BenchSummary, RouterSummary } from './bench-bundle.ts';
import type { BenchFigures } from './bench-files.ts';
import { type Interval, LEAST_BLOCKS } from './resampling.ts';

export interface ComparisonRow {
  readonly what: string;
  /** Unit, or what a ratio is to. */
  readonly unit: string;
  readonly a: number | null;
  readonly b: number | null;
  /** b ÷ a; null where either is missing or a is 0. */
  readonly ratio: number | null;
  /** The two intervals do not meet; undefined where there are none. */
  readonly differs?: boolean;
}

export interface Comparison {
  readonly rows: readonly ComparisonRow[];
  /** What the reader should know, as sentences. */
  readonly notes: readonly string[];
}

/** Settings without which figures mean something else. */
const MUST_AGREE = [
  'packets a burst',
  'runs a measurement',
  'seconds a measurement',
  'UDP payload',
  'queue of a wire',
  'probes a measurement',
  'between probes',
  'TCP beside them',
  'clusters',
];

/** Why the two cannot be compared, as sentences; empty when they can. */
export function benchObstacles(a: BenchManifest, b: BenchManifest): string[] {
  if (a.bench !== b.bench) return [`one is a bench of kind ${a.bench}, the other of kind ${b.bench}`];
  if (a.bench === 'gate' || a.bench === 'selftest') {
    return [`a ${a.bench} is a comparison itself: its figures stand for its own two dataplanes, in its own minutes`];
  }
  const obstacles: string[] = [];
  if (a.harness !== b.harness)
    obstacles.push(`harness version ${a.harness} and ${b.harness}: generator or sink changed what figures mean`);
  for (const [which, manifest] of [
    ['the first', a],
    ['the second', b],
  ] as const) {
    if (manifest.invalid.length > 0) obstacles.push(`${which} is invalid: ${manifest.invalid[0]}`);
  }
  for (const key of MUST_AGREE) {
    if (a.settings[key] !== b.settings[key]) obstacles.push(`${key}: ${a.settings[key]} and ${b.settings[key]}`);
  }
  if (a.mechanisms['aes'] !== b.mechanisms['aes'])
    obstacles.push(`AES: ${a.mechanisms['aes']}, and ${b.mechanisms['aes']}`);
  // Nanoseconds of one program, or seconds of a lab, mean nothing on another machine; ratios within one run do.
  if (a.bench === 'prog' || a.bench === 'bringup') obstacles.push(...machineDifferences(a, b));
  return obstacles;
}

/** Pure: `benchObstacles` has said that they can be compared. */
export function compareBenches(a: BenchFigures, b: BenchFigures): Comparison {
  const differences = machineDifferences(a.manifest, b.manifest);
  const notes =
    differences.length === 0 ? [] : [`not the same machine (${differences.join('; ')}): ratios alone are compared`];
  const [before, after] = [figuresOf(a.summary), figuresOf(b.summary)];
  const shared = [...before.keys()].filter((key) => after.has(key));
  const missing = before.size + after.size - 2 * shared.length;
  if (missing > 0) notes.push(`${missing} figures are in one of the two alone`);
  const blocks = Math.min(...[a, b].map(({ manifest }) => Number(manifest.settings['blocks'])));
  const enough = blocks >= LEAST_BLOCKS;
  if (!enough) notes.push(`${blocks} blocks are too few for an interval: nothing is called different`);
  const rows = shared.map((key): ComparisonRow => {
    const [x, y] = [before.get(key)!, after.get(key)!];
    const [what, unit] = key.split('|') as [string, string];
    const row = { what, unit, a: x.estimate, b: y.estimate, ratio: y.estimate / x.estimate };
    return enough ? { ...row, differs: x.high < y.low || y.high < x.low } : row;
  });
  return { rows, notes };
}

/** Router figures are ratios within their run, which the machine's mood and speed touch least. */
function figuresOf(summary: BenchSummary): ReadonlyMap<string, Interval> {
  if (summary.bench === 'router') return ratiosOf(summary);
  if (summary.bench === 'prog')
    return new Map(summary.rows.map(({ program, case: name, ns }) => [`${program} ${name}|ns`, ns]));
  if (summary.bench === 'goodput') {
    return entriesOf(summary.rows, ({ transits, traffic, ratios }) => [`${traffic} over ${transits}`, ratios]);
  }
  if (summary.bench === 'latency') {
    return entriesOf(summary.perTransit, ({ load, ratios }) => [`added round trip, ${load}`, ratios]);
  }
  if (summary.bench === 'bringup') {
    return entriesOf(summary.rows, ({ ases, controlPlane, firstPacket, bgpConverged }) => [
      `${ases} ASes, ${controlPlane}`,
      { 's to the first packet': firstPacket, 's to BGP': bgpConverged },
    ]);
  }
  return new Map();
}

/** Of ratios to subjects by their name, or of figures by their unit. */
function entriesOf<Row>(
  rows: readonly Row[],
  figures: (row: Row) => readonly [string, Readonly<Record<string, Interval>>],
): ReadonlyMap<string, Interval> {
  return new Map(
    rows.flatMap((row) => {
      const [what, intervals] = figures(row);
      return Object.entries(intervals).map(
        ([name, interval]) => [`${what}|${name.startsWith('s ') ? name : `÷ ${name}`}`, interval] as const,
      );
    }),
  );
}

function ratiosOf({ rows }: RouterSummary): ReadonlyMap<string, Interval> {
  return new Map(
    rows.flatMap(({ case: name, cores, ratios }) =>
      Object.entries(ratios).map(
        ([subject, interval]) => [`${name}, ${cores} core${cores === 1 ? '' : 's'}|÷ ${subject}`, interval] as const,
      ),
    ),
  );
}

function machineDifferences(
  a: Pick<BenchManifest, 'machine' | 'versions'>,
  b: Pick<BenchManifest, 'machine' | 'versions'>,
): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['CPU', a.machine.cpu, b.machine.cpu],
    ['cores', a.machine.cores, b.machine.cores],
    ['kernel', a.versions['kernel'], b.versions['kernel']],
  ];
  return pairs.filter(([, x, y]) => x !== y).map(([name, x, y]) => `${name} ${x} and ${y}`);
}

/** Why two runs of scenarios cannot be compared; empty when they can. */
export function runObstacles(a: Manifest, b: Manifest): string[] {
  const obstacles: string[] = [];
  if (a.scenario.name !== b.scenario.name) obstacles.push(`scenarios ${a.scenario.name} and ${b.scenario.name}`);
  for (const [which, manifest] of [
    ['the first', a],
    ['the second', b],
  ] as const) {
    if (manifest.invalid.length > 0) obstacles.push(`${which} is invalid: ${manifest.invalid[0]}`);
  }
  if (a.durationSeconds !== b.durationSeconds)
    obstacles.push(`passes of ${a.durationSeconds} s and ${b.durationSeconds} s`);
  if (a.controlPlane !== b.controlPlane) obstacles.push(`control plane ${a.controlPlane} and ${b.controlPlane}`);
  if (a.mechanisms['clusters'] !== b.mechanisms['clusters'])
    obstacles.push('the clusters of one are made by kind, those of the other by the lab');
  const hashesOf = ({ inputs }: Manifest) =>
    inputs
      .map(({ sha256 }) => sha256)
      .sort()
      .join();
  if (hashesOf(a) !== hashesOf(b)) obstacles.push('their input files differ');
  if (!a.transports.some((transport) => b.transports.includes(transport)))
    obstacles.push('they have no transport in common');
  return obstacles;
}

/** Medians over repetitions, by transport, phase, workload and metric. */
export function compareRuns(a: Bundle, b: Bundle): Comparison {
  const differences = machineDifferences(a.manifest, b.manifest);
  const notes =
    differences.length === 0
      ? []
      : [`not the same machine (${differences.join('; ')}): absolute figures differ by that, too`];
  const [before, after] = [metricsOf(a), metricsOf(b)];
  const rows = [...before]
    .filter(([key]) => after.has(key))
    .map(([key, x]): ComparisonRow => {
      const y = after.get(key)!;
      const [what, unit] = key.split('|') as [string, string];
      return { what, unit, a: x, b: y, ratio: x === null || y === null || x === 0 ? null : y / x };
    });
  return { rows, notes };
}

function metricsOf({ manifest, summary }: Bundle): ReadonlyMap<string, number | null> {
  const values = new Map<string, (number | null)[]>();
  for (const { pass, phases } of summary.passes) {
    const transport = manifest.passes.find(({ id }) => id === pass)?.transport ?? pass;
    for (const [phase, workloads] of Object.entries(phases)) {
      for (const [workload, metrics] of Object.entries(workloads)) {
        for (const [metric, value] of Object.entries(metrics as Metrics)) {
          const key = `${transport} ${phase}${workload === '' ? '' : ` ${workload}`}|${metric}`;
          values.set(key, [...(values.get(key) ?? []), value ?? null]);
        }
      }
    }
  }
  return new Map(
    [...values].map(([key, all]) => {
      const known = all.filter((value) => value !== null);
      return [key, known.length === 0 ? null : median(known)];
    }),
  );
}
