/**
 * The gate's decision, block by block. A block is one fresh load of both dataplanes, measured in pairs; its value, for each
 * case, is the logarithm of how many times longer B takes than A. Blocks are independent of each other, pairs are not.
 *
 * Looking several times and stopping at the first clear result would raise the rate of false alarms. So each look gets
 * a part of alpha, fixed beforehand, and the parts add up to alpha (alpha spending with the union bound, which holds
 * whatever the looks have in common); at a look it is shared by the cases in equal parts (Bonferroni).
 */
import { driftProbability, type Interval, studentizedInterval } from './resampling.ts';

export interface GateRules {
  /** Probability of a wrong verdict `slower` or `faster` when nothing has changed; both sides, all cases, all looks. */
  readonly alpha: number;
  /** Relative; a difference up to this is never called one. */
  readonly tolerance: number;
  /** Relative; `same` says that no difference is larger than this. */
  readonly margin: number;
  /** Numbers of blocks at which to look, ascending; the last is where it gives up. */
  readonly looks: readonly number[];
  readonly seed: number;
}

export const DEFAULT_RULES: Omit<GateRules, 'seed'> = {
  alpha: 0.01,
  tolerance: 0.01,
  margin: 0.03,
  looks: [12, 18, 27, 40, 60],
};

export type Verdict = 'slower' | 'faster' | 'same' | 'undecided';

export interface CaseDecision {
  readonly name: string;
  readonly verdict: Verdict;
  /** Relative change of the time a packet takes: 0.05 is 5 % slower. */
  readonly change: Interval;
}

export interface Decision {
  readonly verdict: Verdict;
  readonly blocks: number;
  readonly cases: readonly CaseDecision[];
  /** Cases whose ratio drifted while it was measured, as sentences: such a run decides nothing. */
  readonly drift: readonly string[];
}

/** Below this probability of no drift, a run is not believed. */
const DRIFT_ALPHA = 0.0005;

/** Part of alpha that look number `index` spends. Later looks get more: they see more, and most of what is clear ends earlier. */
export function alphaOfLook({ alpha, looks }: Pick<GateRules, 'alpha' | 'looks'>, index: number): number {
  const weights = looks.map((_, look) => look + 2);
  return (alpha * weights[index]!) / weights.reduce((sum, weight) => sum + weight, 0);
}

/**
 * What the blocks so far say; undefined between looks.
 * @param logRatios by case, one value a block
 */
export function decide(logRatios: ReadonlyMap<string, readonly number[]>, rules: GateRules): Decision | undefined {
  const blocks = Math.min(...[...logRatios.values()].map((values) => values.length));
  const look = rules.looks.indexOf(blocks);
  if (look < 0) return undefined;
  const alpha = alphaOfLook(rules, look) / logRatios.size;
  const cases = [...logRatios].map(([name, values], index): CaseDecision => {
    const interval = studentizedInterval(values, { seed: rules.seed + 1000 * look + index, alpha });
    const change = {
      estimate: Math.expm1(interval.estimate),
      low: Math.expm1(interval.low),
      high: Math.expm1(interval.high),
    };
    return { name, verdict: judge(change, rules), change };
  });
  const drift = [...logRatios].flatMap(([name, values]) =>
    driftProbability(values) < DRIFT_ALPHA / logRatios.size ? [`${name}: the ratio drifted from block to block`] : [],
  );
  return { verdict: drift.length > 0 ? 'undecided' : together(cases), blocks, cases, drift };
}

/** Nothing more can change it. */
export function isFinal(decision: Decision, rules: GateRules): boolean {
  return decision.verdict !== 'undecided' || decision.blocks >= rules.looks.at(-1)!;
}

function judge({ low, high }: Interval, { tolerance, margin }: GateRules): Verdict {
  if (low > tolerance) return 'slower';
  if (high < -tolerance) return 'faster';
  return low > -margin && high < margin ? 'same' : 'undecided';
}

/** One case that is slower is enough. That something is faster says nothing before every case is decided. */
function together(cases: readonly CaseDecision[]): Verdict {
  const verdicts = cases.map(({ verdict }) => verdict);
  if (verdicts.includes('slower')) return 'slower';
  if (verdicts.includes('undecided')) return 'undecided';
  return verdicts.includes('faster') ? 'faster' : 'same';
}
