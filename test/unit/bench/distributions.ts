/** Values from known distributions; the seed alone decides them. */
import { seededRandom } from '../../../src/results/statistics.ts';

/** Mean 0, standard deviation 1 (Box and Muller). */
export function normal(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Mean 1. */
export function exponential(seed: number): () => number {
  const random = seededRandom(seed);
  return () => -Math.log(1 - random());
}

export function draws(draw: () => number, n: number): number[] {
  return Array.from({ length: n }, draw);
}
