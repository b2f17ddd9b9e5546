import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  geometricMean,
  geometricMeanOfRatios,
  histogram,
  mean,
  median,
  quantile,
  seededRandom,
} from '../../../src/results/statistics.ts';

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
};

test('quantiles are those of the type 7 definition', () => {
  // Hyndman & Fan 1996, definition 7: position (n − 1)·q among the order statistics, worked out by hand.
  const values = [15, 20, 35, 40, 50];
  const table: [number, number][] = [
    [0, 15],
    [0.05, 16],
    [0.25, 20],
    [0.3, 23],
    [0.4, 29],
    [0.5, 35],
    [0.9, 46],
    [0.99, 49.6],
    [1, 50],
  ];
  for (const [q, expected] of table) close(quantile(values, q), expected);
});

test('order of the values does not matter, and they are left as they were', () => {
  const values = [3, 1, 2];
  assert.equal(median(values), 2);
  assert.deepEqual(values, [3, 1, 2]);
});

test('a quantile lies between the least and the greatest value and grows with q', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  const q = fc.double({ noNaN: true, min: 0, max: 1 });
  fc.assert(
    fc.property(values, q, q, (array, a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const slack = 1e-6;
      return (
        quantile(array, low) <= quantile(array, high) + slack &&
        quantile(array, low) >= Math.min(...array) - slack &&
        quantile(array, high) <= Math.max(...array) + slack
      );
    }),
  );
});

test('nothing is computed from no values', () => {
  assert.throws(() => quantile([], 0.5), RangeError);
  assert.throws(() => mean([]), RangeError);
  assert.throws(() => quantile([1], 1.5), RangeError);
  assert.throws(() => geometricMean([1, 0]), RangeError);
});

test('the geometric mean of ratios is the same whichever way round, up to its inverse', () => {
  const a = [2, 8, 3];
  const b = [1, 2, 6];
  // (2 · 4 · 0.5)^(1/3)
  close(geometricMeanOfRatios(a, b, { seed: 1 }).ratio, 4 ** (1 / 3));
  close(geometricMeanOfRatios(b, a, { seed: 1 }).ratio, 4 ** (-1 / 3));
});

test('the bootstrap interval repeats with its seed, and differs with another', () => {
  const a = [10, 11, 12, 9, 10.5, 11.5];
  const b = [9, 10, 10, 9.5, 10, 10];
  const once = geometricMeanOfRatios(a, b, { seed: 7 });
  assert.deepEqual(geometricMeanOfRatios(a, b, { seed: 7 }), once);
  assert.notDeepEqual(geometricMeanOfRatios(a, b, { seed: 8 }), once);
});

test('a 95 % bootstrap interval covers the true ratio in most experiments and misses it in some', () => {
  const random = seededRandom(42);
  const noisy = (level: number): number => level * Math.exp((random() + random() + random() - 1.5) * 0.2);
  let covered = 0;
  const experiments = 200;
  for (let i = 0; i < experiments; i++) {
    const a = Array.from({ length: 20 }, () => noisy(1.1));
    const b = Array.from({ length: 20 }, () => noisy(1));
    const { low, high } = geometricMeanOfRatios(a, b, { seed: i, resamples: 300 });
    if (low <= 1.1 && 1.1 <= high) covered += 1;
  }
  const share = covered / experiments;
  assert.ok(share > 0.86 && share < 0.99, `covered ${share}`);
});

test('a histogram counts every value once', () => {
  assert.deepEqual(histogram([0, 1, 2, 3, 4, 10], 2), [
    { from: 0, to: 5, count: 5 },
    { from: 5, to: 10, count: 1 },
  ]);
  assert.deepEqual(histogram([5, 5], 3), [{ from: 5, to: 5, count: 2 }]);
  assert.deepEqual(histogram([], 3), []);
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 50 }), (values, bins) => {
      return histogram(values, bins).reduce((sum, bin) => sum + bin.count, 0) === values.length;
    }),
  );
});

test('seeded random numbers are uniform enough for a bootstrap', () => {
  const random = seededRandom(3);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const tenth = Math.floor(random() * 10);
    counts[tenth] = counts[tenth]! + 1;
  }
  // Chi-squared, 9 degrees of freedom: 27.9 is exceeded once in a thousand times.
  const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chi < 27.9, `chi-squared ${chi}`);
});
