/** What the project wants of a figure, and whether it has it. Pure. */
import { type Interval, LEAST_BLOCKS } from './resampling.ts';

export interface Goal {
  /** What is wanted, as a phrase: `TCP, one flow, no transit AS: cilion ÷ plain IP with XDP_PASS`. */
  readonly what: string;
  readonly sense: 'atLeast' | 'atMost';
  readonly bound: number;
  /** For people, behind each figure; empty for a ratio. */
  readonly unit: string;
  /** Null where it was not measured. */
  readonly figure: Interval | null;
  /** `open`: the interval does not lie on one side of the bound, or is over too few blocks. */
  readonly verdict: 'met' | 'missed' | 'open' | 'not measured';
}

/** @param blocks over which the interval is; with too few of them it says too little to judge by. Default: the interval is exact */
export function goal(wanted: Omit<Goal, 'verdict'>, blocks = Number.POSITIVE_INFINITY): Goal {
  const verdict = verdictOf(wanted);
  return { ...wanted, verdict: verdict !== 'not measured' && blocks < LEAST_BLOCKS ? 'open' : verdict };
}

function verdictOf({ figure, bound, sense }: Omit<Goal, 'verdict'>): Goal['verdict'] {
  if (figure === null) return 'not measured';
  const { low, high } = figure;
  if (sense === 'atLeast' ? low >= bound : high <= bound) return 'met';
  if (sense === 'atLeast' ? high < bound : low > bound) return 'missed';
  return 'open';
}
