/** Statistics as pure functions over plain arrays. None changes its input; none reads a clock or a random source. */

/**
 * The q-quantile (0 ≤ q ≤ 1), interpolated linearly between the two nearest order statistics (Hyndman and Fan's
 * type 7, the default of R and NumPy).
 * @throws RangeError for no values or q outside [0, 1].
 */
export function quantile(values: readonly number[], q: number): number {
  return quantileOfSorted(ascending(values), q);
}

/** Middle value; the mean of the two middle ones where their number is even. @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Arithmetic mean. @throws RangeError for no values. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the mean of no values is undefined');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Geometric mean of positive values. @throws RangeError for no values or one that is not positive. */
export function geometricMean(values: readonly number[]): number {
  if (values.some((value) => !(value > 0))) throw new RangeError('a geometric mean needs positive values');
  return Math.exp(mean(values.map(Math.log)));
}

export interface RatioEstimate {
  readonly ratio: number;
  /** Ends of the confidence interval. */
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  /** Default 2000. */
  readonly resamples?: number;
  /** Probability that the interval aims to cover; default 0.95. */
  readonly confidence?: number;
}

/**
 * Geometric mean of numerator[i] / denominator[i], with a percentile bootstrap interval over the pairs.
 * Pairs, because interleaved repetitions share what the machine did at that time.
 * @throws RangeError for no pairs, unequal lengths, or a value that is not positive.
 */
export function geometricMeanOfRatios(
  numerators: readonly number[],
  denominators: readonly number[],
  { seed, resamples = 2000, confidence = 0.95 }: BootstrapOptions,
): RatioEstimate {
  if (numerators.length !== denominators.length) throw new RangeError('ratios need as many numerators as denominators');
  const ratios = numerators.map((numerator, i) => numerator / denominators[i]!);
  const ratio = geometricMean(ratios);
  const random = seededRandom(seed);
  const estimates: number[] = [];
  for (let i = 0; i < resamples; i++) {
    estimates.push(geometricMean(ratios.map(() => ratios[Math.floor(random() * ratios.length)]!)));
  }
  const tail = (1 - confidence) / 2;
  const sorted = ascending(estimates);
  return { ratio, low: quantileOfSorted(sorted, tail), high: quantileOfSorted(sorted, 1 - tail) };
}

export interface Bin {
  /** Inclusive. */
  readonly from: number;
  /** Exclusive, except in the last bin. */
  readonly to: number;
  readonly count: number;
}

/**
 * Counts of the values in `bins` bins of equal width from the smallest to the largest value.
 * No values give no bins; equal values give one bin of no width.
 */
export function histogram(values: readonly number[], bins: number): Bin[] {
  if (!(Number.isInteger(bins) && bins > 0)) throw new RangeError('a histogram needs a whole number of bins above 0');
  const sorted = ascending(values);
  const low = sorted[0];
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) return [];
  if (low === high) return [{ from: low, to: high, count: sorted.length }];
  const width = (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) {
    const bin = Math.min(bins - 1, Math.floor((value - low) / width));
    counts[bin] = counts[bin]! + 1;
  }
  return counts.map((count, i) => ({
    from: low + i * width,
    to: i === bins - 1 ? high : low + (i + 1) * width,
    count,
  }));
}

/** Uniform numbers in [0, 1) that the seed alone decides (the splitmix32 generator). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function quantileOfSorted(sorted: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile lies between 0 and 1, not at ${q}`);
  if (sorted.length === 0) throw new RangeError('a quantile of no values is undefined');
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}
