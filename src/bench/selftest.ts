/** The gate proves itself: nothing changed, and slow-downs of known size. */

import { LabError } from '../errors.ts';
import { median } from '../results/statistics.ts';
import type { PairSample, PowerRow, SelftestSummary } from './bench-bundle.ts';
import { caseName, parseCase } from './cases.ts';
import { DEFAULT_RULES, type GateRules } from './decision.ts';
import { GateBench, type GateResult, type GateSettings } from './gate.ts';
import { binomialInterval } from './resampling.ts';
import { slowRouterLoader } from './slow-router.ts';

export interface SelftestSettings {
  readonly gate: GateSettings;
  /** Of the same against the same. */
  readonly sameRuns: number;
  /** Of each slow-down. */
  readonly slowRuns: number;
  /** Relative, of the time that a packet of the first case takes. */
  readonly slowdowns: readonly number[];
  readonly seed: number;
}

export interface SelftestOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly onPair: (pair: PairSample) => void;
}

/** Long enough to stand out of any noise. */
const CALIBRATION_ROUNDS = 400;
const CALIBRATION_LOADS = 6;
const SHARE_ALPHA = 0.05;

export async function runSelftest(settings: SelftestSettings, options: SelftestOptions): Promise<SelftestSummary> {
  const bench = await GateBench.start(settings.gate);
  const rules: GateRules = { ...DEFAULT_RULES, seed: settings.seed };
  try {
    const roundsOf = await calibrate(bench, settings, options);
    const rows: PowerRow[] = [];
    let run = 0;
    for (const slowdown of [0, ...settings.slowdowns]) {
      const results: GateResult[] = [];
      const loaders = [slowRouterLoader(0), slowRouterLoader(roundsOf(slowdown))] as const;
      for (const end = run + (slowdown === 0 ? settings.sameRuns : settings.slowRuns); run < end; run++) {
        const what = slowdown === 0 ? 'A against A' : `${percent(slowdown)} slower`;
        const at = `${what}: run ${results.length + 1} of ${end - run + results.length}`;
        const seeded = { ...rules, seed: settings.seed + run };
        const progress = (line: string) => options.progress(`${at}, ${line}`);
        results.push(await bench.run(...loaders, seeded, { ...options, progress, run }));
      }
      rows.push(powerRow(slowdown, results, caseName(settings.gate.cases[0]!)));
    }
    return { bench: 'selftest', rules, rows };
  } finally {
    await bench.stop();
  }
}

/** How many rounds make the first case slower by so much. @throws LabError when rounds cost nothing: they are not in the program's way */
async function calibrate(
  bench: GateBench,
  { gate }: SelftestSettings,
  { signal, progress }: SelftestOptions,
): Promise<(slowdown: number) => number> {
  const benchCase = parseCase(caseName(gate.cases[0]!));
  const plain: number[] = [];
  const slow: number[] = [];
  for (let load = 0; load < CALIBRATION_LOADS; load++) {
    signal.throwIfAborted();
    progress(`calibrate: load ${load + 1} of ${CALIBRATION_LOADS}`);
    plain.push(await bench.timeOf(slowRouterLoader(0), benchCase));
    slow.push(await bench.timeOf(slowRouterLoader(CALIBRATION_ROUNDS), benchCase));
  }
  // Load by load, since what else the machine does changes meanwhile.
  const perRound = median(slow.map((ns, load) => (ns - plain[load]!) / CALIBRATION_ROUNDS));
  if (!(perRound > 0)) throw new LabError('the slow-down that was compiled in makes nothing slower');
  return (slowdown) => Math.round((slowdown * median(plain)) / perRound);
}

function powerRow(slowdown: number, results: readonly GateResult[], firstCase: string): PowerRow {
  const verdicts: Record<string, number> = {};
  for (const { decision } of results) verdicts[decision.verdict] = (verdicts[decision.verdict] ?? 0) + 1;
  const hits = (verdicts['slower'] ?? 0) + (slowdown === 0 ? (verdicts['faster'] ?? 0) : 0);
  return {
    slowdown,
    measured: Math.expm1(median(results.flatMap(({ logRatios }) => logRatios.get(firstCase) ?? []))),
    runs: results.length,
    verdicts,
    share: { estimate: hits / results.length, ...binomialInterval(hits, results.length, SHARE_ALPHA) },
    seconds: median(results.map(({ seconds }) => seconds)),
    blocks: median(results.map(({ decision }) => decision.blocks)),
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
