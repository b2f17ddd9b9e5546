/** The rounds of a fuzz test: set up, run a few thousand frames, compare, and so on (seed.ts says how they are chosen). */

import assert from 'node:assert/strict';
import type { FrameOutcome } from '../model/frame-outcome.ts';
import { findDisagreement, hex, type Sample, type Subject } from './compare.ts';
import type { Random } from './random.ts';
import { packetsFromEnvironment, printed, randomOf, seedFromEnvironment } from './seed.ts';

export const XDP_ACTIONS = { drop: 1, pass: 2, redirect: 4 } as const;
export const TC_ACTIONS = { pass: 0, drop: 2, redirect: 7 } as const;

/** A program set up in one way, and the frames that it gets in that state. */
export interface Stage {
  readonly subject: Subject;
  makeFrame(random: Random): Uint8Array;
  expect(frame: Uint8Array): FrameOutcome;
  /** The set-up, for a row of test/golden/found.table.ts. */
  describe(): Readonly<Record<string, unknown>>;
}

export interface Fuzzing {
  readonly name: string;
  readonly packets: number;
  stageOf(random: Random): Stage;
}

const FRAMES_PER_STAGE = 2000;

/**
 * Runs the packets, and prints how many and from which seed.
 * @returns how often each reason was expected (and found), with `NONE` for what is not counted
 * @throws Error with the first packet in which program and model differ
 */
export function fuzz(fuzzing: Fuzzing): Map<string, number> {
  const seed = seedFromEnvironment();
  const packets = packetsFromEnvironment(fuzzing.packets);
  const seen = new Map<string, number>();
  printed(fuzzing.name, packets, seed, () => {
    for (let index = 0; index < packets; index += FRAMES_PER_STAGE) {
      const count = Math.min(FRAMES_PER_STAGE, packets - index);
      for (const { expected } of runStage(fuzzing, seed, index, count)) note(expected, seen);
    }
  });
  return seen;
}

function runStage({ name, stageOf }: Fuzzing, seed: number, index: number, count: number): Sample[] {
  const stage = stageOf(randomOf(seed, index));
  const samples = Array.from({ length: count }, (_, i) => sampleOf(stage, seed, index + i));
  const found = findDisagreement(stage.subject, samples);
  if (found !== undefined) throw new Error(report(name, seed, stage, found.sample, found.problem));
  return samples;
}

function note({ reasons }: FrameOutcome, seen: Map<string, number>): void {
  for (const reason of reasons.length === 0 ? ['NONE'] : reasons) seen.set(reason, (seen.get(reason) ?? 0) + 1);
}

function sampleOf(stage: Stage, seed: number, index: number): Sample {
  const frame = stage.makeFrame(randomOf(seed, index, 1));
  return { frame, index, expected: stage.expect(frame) };
}

/** Says what differs, with a row to paste into test/golden/found.table.ts. */
function report(name: string, seed: number, stage: Stage, sample: Sample, problem: string): string {
  const where = `CILION_FUZZ_SEED=${seed}, packet ${sample.index}`;
  return `${name} and its model differ (${where}): ${problem}\n${rowOf(seed, stage, sample)}`;
}

export function rowOf(seed: number, stage: Stage, { frame, index, expected }: Sample): string {
  const { action, reasons, frame: out } = expected;
  const row = {
    name: `packet ${index} of seed ${seed}`,
    ...stage.describe(),
    frame: hex(frame),
    action,
    reasons,
    ...(out === undefined || action === 'drop' ? {} : { out: hex(out) }),
  };
  return JSON.stringify(row, asText);
}

/** Every one of the reasons was met; a run of fewer packets than usual may miss rare ones. */
export function assertMet(seen: ReadonlyMap<string, number>, reasons: readonly string[]): void {
  if (packetsFromEnvironment(1000) < 1000) return;
  for (const reason of reasons) assert.ok((seen.get(reason) ?? 0) > 0, `no packet ended as ${reason}`);
}

/** Maps as arrays of entries, bytes as hexadecimal. */
function asText(this: unknown, key: string, value: unknown): unknown {
  // What a Buffer makes of itself for JSON has taken its place in `value` already.
  const original = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Uint8Array) return hex(original);
  return value instanceof Map ? [...value] : value;
}
