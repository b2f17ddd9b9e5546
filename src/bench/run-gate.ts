/** `cilion bench router --against <ref>` and `cilion bench selftest`, from their options to bundle and exit code. */

import { BorderRouterDataplane } from '../dataplane/router.ts';
import type { ExitCode } from '../errors.ts';
import type { GateSummary, SelftestSummary } from './bench-bundle.ts';
import { type BenchOptions, casesOf, wholeNumber } from './bench-options.ts';
import { caseName } from './cases.ts';
import { commitOf, dataplaneAt } from './dataplane-version.ts';
import { DEFAULT_RULES, type GateRules, type Verdict } from './decision.ts';
import { DEFAULT_GATE, GATE_CASES, GateBench, type GateSettings } from './gate.ts';
import { runSelftest } from './selftest.ts';
import { withBundle } from './with-bundle.ts';

/** 0 no slower, 1 slower, 3 the machine was too noisy to tell; 2 is bad input. */
const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = { same: 0, faster: 0, slower: 1, undecided: 3 };
const SLOWDOWNS = [0.02, 0.05, 0.1];
const SAME_RUNS = 50;
const SLOW_RUNS = 20;

function gateSettings(options: BenchOptions): GateSettings {
  return {
    cases: casesOf(options, GATE_CASES),
    ...DEFAULT_GATE,
    budgetSeconds: wholeNumber(options, 'budget', DEFAULT_GATE.budgetSeconds, 10, 36_000),
  };
}

export async function benchGate(options: BenchOptions, signal: AbortSignal): Promise<ExitCode> {
  const ref = String(options['against']);
  const settings = gateSettings(options);
  const rules: GateRules = { ...DEFAULT_RULES, seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31) };
  const commit = await commitOf(ref);
  const start = {
    results: String(options['results']),
    bench: 'gate',
    title: `The working tree against ${ref}`,
    seed: rules.seed,
    settings: { ...describe(settings), against: `${ref} (${commit})` },
  } as const;
  const { summary } = await withBundle(start, async ({ stage, onSample }): Promise<GateSummary> => {
    const version = await stage(`build ${ref}`, () => dataplaneAt(commit));
    return stage('compare', async (progress) => {
      const bench = await GateBench.start(settings);
      try {
        const result = await bench.run(version.loader, BorderRouterDataplane, rules, {
          signal,
          progress,
          onPair: onSample,
        });
        return { bench: 'gate', against: { ref, commit }, rules, decision: result.decision, seconds: result.seconds };
      } finally {
        await bench.stop();
      }
    });
  });
  return EXIT_CODES[(summary as GateSummary).decision.verdict];
}

/** Exit code 1 when there were more false alarms, or a 5 % slow-down was caught less often, than the gate promises. */
export async function benchSelftest(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const settings = {
    gate: gateSettings(options),
    sameRuns: wholeNumber(options, 'runs', SAME_RUNS, 1, 10_000),
    slowRuns: wholeNumber(options, 'slowRuns', SLOW_RUNS, 1, 10_000),
    slowdowns: SLOWDOWNS,
    seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31),
  };
  const start = {
    results: String(options['results']),
    bench: 'selftest',
    title: 'What the gate sees: the same against the same, and known slow-downs',
    seed: settings.seed,
    settings: {
      ...describe(settings.gate),
      'runs A against A': settings.sameRuns,
      'runs of each slow-down': settings.slowRuns,
    },
  } as const;
  const { summary } = await withBundle(start, ({ stage, onSample }) =>
    stage('self-test of the gate', (progress) => runSelftest(settings, { signal, progress, onPair: onSample })),
  );
  return promisesKept(summary as SelftestSummary) ? 0 : 1;
}

const PROMISED_POWER = 0.95;
const PROMISED_AT = 0.05;

/** As far as so few runs can tell: what is promised lies in the interval of what was seen. */
function promisesKept({ rows, rules }: SelftestSummary): boolean {
  return rows.every(({ slowdown, share }) => {
    if (slowdown === 0) return share.low <= rules.alpha;
    return slowdown < PROMISED_AT || share.high >= PROMISED_POWER;
  });
}

function describe({ cases, pairs, packets, budgetSeconds }: GateSettings) {
  return {
    cases: cases.map(caseName),
    'pairs a block': pairs,
    'packets a burst': packets,
    'budget, seconds': budgetSeconds,
  };
}
