/**
 * What decides a fuzz test's packets. Environment: CILION_FUZZ_SEED is the seed (default 1, so that a test run decides the
 * same way twice; `random` looks for what nobody has seen), CILION_FUZZ_PACKETS multiplies the number of packets.
 */
import { Random } from './random.ts';

export function seedFromEnvironment(): number {
  const text = process.env['CILION_FUZZ_SEED'] ?? '1';
  const seed = text === 'random' ? Math.floor(Math.random() * 2 ** 32) : Number(text);
  if (!Number.isInteger(seed)) throw new RangeError(`CILION_FUZZ_SEED is "${text}", neither a whole number nor random`);
  return seed;
}

/** How many packets to run where `usual` is the usual number. */
export function packetsFromEnvironment(usual: number): number {
  const packets = Math.round(usual * Number(process.env['CILION_FUZZ_PACKETS'] ?? 1));
  if (!(packets >= 1)) throw new RangeError('CILION_FUZZ_PACKETS must be a number above 0');
  return packets;
}

/** Packets of neighbouring numbers, and their streams, have nothing in common. */
export function randomOf(seed: number, index: number, stream = 0): Random {
  return new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index * 2 + stream, 0x85ebca77));
}

/** Runs `body` and says what ran, how long it took, and how to run it again. */
export function printed(name: string, packets: number, seed: number, body: () => void): void {
  const since = performance.now();
  body();
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  // Not to stdout, which a test runner keeps for itself.
  console.error(`${name}: ${packets} packets in ${seconds} s, CILION_FUZZ_SEED=${seed}`);
}
