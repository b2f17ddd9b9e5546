import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  binomialInterval,
  driftProbability,
  medianRatio,
  normalCdf,
  standardDeviation,
  studentizedInterval,
} from '../../../src/bench/resampling.ts';
import { draws, exponential, normal } from './distributions.ts';

const SIMULATIONS = 600;

/** Share of samples of a distribution with this mean whose interval holds it. */
function coverage(draw: () => number, truth: number, n: number, alpha: number): number {
  let held = 0;
  for (let seed = 0; seed < SIMULATIONS; seed++) {
    const { low, high } = studentizedInterval(draws(draw, n), { seed, alpha, resamples: 500 });
    if (low <= truth && truth <= high) held += 1;
  }
  return held / SIMULATIONS;
}

test('the studentized interval of a dozen normal values holds their mean as often as it says', () => {
  const share = coverage(normal(1), 0, 12, 0.1);
  // Three standard errors of 600 simulations are 0.037.
  assert.ok(share > 0.86 && share < 0.95, `${share}`);
});

test('of skewed values it holds the mean nearly as often', () => {
  const share = coverage(exponential(2), 1, 20, 0.1);
  assert.ok(share > 0.83 && share < 0.96, `${share}`);
});

test('it shrinks with the square root of the number of values', () => {
  const width = (n: number) => {
    const { low, high } = studentizedInterval(draws(normal(3), n), { seed: 1, alpha: 0.05 });
    return high - low;
  };
  const ratio = width(25) / width(400);
  assert.ok(ratio > 3 && ratio < 5.5, `${ratio}`);
});

test('equal values have an interval of no width, and one value has none', () => {
  assert.deepEqual(studentizedInterval([2, 2, 2], { seed: 1, alpha: 0.05 }), { estimate: 2, low: 2, high: 2 });
  assert.throws(() => studentizedInterval([1], { seed: 1, alpha: 0.05 }), RangeError);
});

test('a ratio is the median of the pairs, and an outlier moves neither it nor its interval far', () => {
  const denominators = Array.from({ length: 21 }, (_, i) => 100 + i);
  const numerators = denominators.map((value) => 2 * value);
  numerators[20] = 1_000_000;
  const { estimate, low, high } = medianRatio(numerators, denominators, { seed: 1, alpha: 0.05 });
  assert.deepEqual([estimate, low, high], [2, 2, 2]);
});

test('ratios need as many values on both sides, all of them positive', () => {
  assert.throws(() => medianRatio([1], [1, 2], { seed: 1, alpha: 0.05 }), RangeError);
  assert.throws(() => medianRatio([1, 0], [1, 2], { seed: 1, alpha: 0.05 }), RangeError);
  assert.throws(() => medianRatio([], [], { seed: 1, alpha: 0.05 }), RangeError);
});

test('drift is found where there is some, and in one series of twenty where there is none', () => {
  const noise = normal(4);
  assert.ok(driftProbability(Array.from({ length: 30 }, (_, i) => i + 5 * noise())) < 0.001);
  let found = 0;
  for (let i = 0; i < 2000; i++) if (driftProbability(draws(noise, 20)) < 0.05) found += 1;
  assert.ok(found / 2000 > 0.03 && found / 2000 < 0.07, `${found / 2000}`);
});

test('the normal distribution is that of the tables', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447],
    [1.959964, 0.975],
    [-2.575829, 0.005],
  ] as const) {
    assert.ok(Math.abs(normalCdf(z) - p) < 1e-6, `${z}`);
  }
});

test('intervals of shares are those of Clopper and Pearson', () => {
  const rounded = ({ low, high }: { low: number; high: number }) => [low.toFixed(4), high.toFixed(4)];
  assert.deepEqual(rounded(binomialInterval(0, 50, 0.05)), ['0.0000', '0.0711']);
  assert.deepEqual(rounded(binomialInterval(19, 20, 0.05)), ['0.7513', '0.9987']);
  assert.deepEqual(rounded(binomialInterval(10, 10, 0.05)), ['0.6915', '1.0000']);
});

test('the standard deviation is that with n − 1', () => {
  assert.equal(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7));
  assert.equal(standardDeviation([3]), 0);
});
