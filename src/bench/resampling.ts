/** Intervals for means and ratios by resampling. Pure: the seed decides every draw. */
import { mean, quantile, seededRandom } from '../results/statistics.ts';

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface ResamplingOptions {
  readonly seed: number;
  /** Probability that the interval misses the truth, both sides together. */
  readonly alpha: number;
  /** Default: enough for five draws beyond each end, at least 4000. */
  readonly resamples?: number;
}

/** The bootstrap interval of a median over fewer blocks is too narrow. */
export const LEAST_BLOCKS = 8;

const DRAWS_BEYOND = 5;
const LEAST_RESAMPLES = 4000;

/** Standard deviation with n − 1; 0 of fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/**
 * The mean with a studentized bootstrap interval (bootstrap-t: Efron and Tibshirani, An Introduction to the Bootstrap,
 * section 12.5). It keeps its level with a dozen values and at small alpha, where the percentile interval is too narrow.
 * @throws RangeError for fewer than two values
 */
export function studentizedInterval(values: readonly number[], options: ResamplingOptions): Interval {
  const n = values.length;
  if (n < 2) throw new RangeError('an interval needs two values at least');
  const { alpha, seed } = options;
  const resamples = options.resamples ?? Math.max(LEAST_RESAMPLES, Math.ceil((2 * DRAWS_BEYOND) / alpha));
  const estimate = mean(values);
  const error = standardDeviation(values) / Math.sqrt(n);
  const random = seededRandom(seed);
  const statistics = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    let squares = 0;
    for (let j = 0; j < n; j++) {
      // About the estimate, so that the sum of squares loses no digits.
      const value = values[Math.floor(random() * n)]! - estimate;
      sum += value;
      squares += value * value;
    }
    const variance = (squares - (sum * sum) / n) / (n - 1);
    const centre = sum / n;
    // A resample of one value drawn n times has no spread: it lies infinitely far out, on its side.
    statistics[i] = variance > 0 ? centre / Math.sqrt(variance / n) : centre === 0 ? 0 : centre * Infinity;
  }
  statistics.sort();
  return {
    estimate,
    low: estimate - at(statistics, 1 - alpha / 2) * error,
    high: estimate - at(statistics, alpha / 2) * error,
  };
}

/** The nearest order statistic outwards: never an interpolation with an infinite one. */
function at(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  return sorted[q < 0.5 ? Math.floor(position) : Math.ceil(position)]!;
}

/**
 * Median over blocks of the ratio numerator / denominator, with a percentile bootstrap interval over the blocks, whose
 * entries were measured beside each other.
 * @throws RangeError for no pairs, unequal lengths or a value that is not positive
 */
export function medianRatio(
  numerators: readonly number[],
  denominators: readonly number[],
  { seed, alpha, resamples = LEAST_RESAMPLES }: ResamplingOptions,
): Interval {
  if (numerators.length !== denominators.length || numerators.length === 0) {
    throw new RangeError('ratios need as many numerators as denominators, and one at least');
  }
  if ([...numerators, ...denominators].some((value) => !(value > 0)))
    throw new RangeError('ratios need positive values');
  return medianInterval(
    numerators.map((numerator, i) => numerator / denominators[i]!),
    { seed, alpha, resamples },
  );
}

/** Median of the values, with a percentile bootstrap interval. @throws RangeError for no values */
export function medianInterval(
  values: readonly number[],
  { seed, alpha, resamples = LEAST_RESAMPLES }: ResamplingOptions,
): Interval {
  const random = seededRandom(seed);
  const estimates = Array.from({ length: resamples }, () =>
    quantile(
      values.map(() => values[Math.floor(random() * values.length)]!),
      0.5,
    ),
  );
  return {
    estimate: quantile(values, 0.5),
    low: quantile(estimates, alpha / 2),
    high: quantile(estimates, 1 - alpha / 2),
  };
}

/**
 * How surely values drift with their index: the two-sided probability of a rank correlation (Kendall's tau) at least as
 * strong in a series without drift, by its normal approximation (good from ten values on; ties count as neither).
 */
export function driftProbability(values: readonly number[]): number {
  const n = values.length;
  if (n < 3) return 1;
  let score = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) score += Math.sign(values[j]! - values[i]!);
  const spread = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return 2 * (1 - normalCdf(Math.max(0, Math.abs(score) - 1) / spread));
}

/** Of the standard normal distribution (Abramowitz and Stegun 26.2.17; error below 7.5e-8). */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const coefficients = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const series = coefficients.reduceRight((sum, coefficient) => (sum + coefficient) * t, 0);
  const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - upper : upper;
}

/** Smallest and largest success probability that k of n successes leave possible (Clopper and Pearson), confidence 1 − alpha. */
export function binomialInterval(k: number, n: number, alpha: number): { readonly low: number; readonly high: number } {
  return {
    low: k === 0 ? 0 : bisect((p) => 1 - binomialCdf(k - 1, n, p) - alpha / 2),
    high: k === n ? 1 : bisect((p) => alpha / 2 - binomialCdf(k, n, p)),
  };
}

function binomialCdf(k: number, n: number, p: number): number {
  let sum = 0;
  let logChoose = 0;
  for (let i = 0; i <= k; i++) {
    if (i > 0) logChoose += Math.log((n - i + 1) / i);
    sum += Math.exp(logChoose + i * Math.log(p) + (n - i) * Math.log1p(-p));
  }
  return Math.min(1, sum);
}

/** Where a rising function of (0, 1) crosses zero. */
function bisect(rising: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) > 0) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}
