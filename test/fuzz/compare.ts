/** Runs many frames through a program and compares each with what its model expects: action, reason and bytes. */
import assert from 'node:assert/strict';
import type { NativeProgram } from '../../src/native.ts';
import type { ReasonCounts } from '../golden/counted.ts';
import type { Action, FrameOutcome } from '../model/frame-outcome.ts';

export interface Sample {
  readonly frame: Uint8Array;
  readonly expected: FrameOutcome;
  /** Which packet of the seed it is. */
  readonly index: number;
}

export interface Subject {
  readonly program: NativeProgram;
  /** The program's return value for each action. */
  readonly actions: Readonly<Record<Action, number>>;
  readonly counts: ReasonCounts;
  /** Before the frames run: what arrives where, and what time it is. */
  prepare(): void;
  /** Struct __sk_buff, of a tc program. */
  readonly ctx?: Uint8Array;
}

/** How far the subject's clock may run on from what the model was told, ms. Expiry is a multiple of 500 ms. */
const CLOCK_SLACK_MS = 200;

export interface Disagreement {
  readonly sample: Sample;
  readonly problem: string;
}

/**
 * The first sample in which program and model differ. Frames that are to end alike run together, so that what is counted
 * tells of each of them.
 */
export function findDisagreement(subject: Subject, samples: readonly Sample[]): Disagreement | undefined {
  const alike = Map.groupBy(samples, ({ expected }) => `${expected.action} ${expected.reasons}`);
  for (const group of alike.values()) {
    const found = inGroup(subject, group);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inGroup(subject: Subject, group: readonly Sample[]): Disagreement | undefined {
  const problem = problemOf(subject, group);
  if (problem === undefined) return undefined;
  if (group.length === 1) return { sample: group[0]!, problem };
  const middle = group.length >> 1;
  return (
    inGroup(subject, group.slice(0, middle)) ??
    inGroup(subject, group.slice(middle)) ?? {
      sample: group[0]!,
      problem: `only as the first of ${group.length} packets that run together: ${problem}`,
    }
  );
}

function problemOf(subject: Subject, group: readonly Sample[]): string | undefined {
  const data = Buffer.concat(group.map(({ frame }) => frame));
  const lengths = Uint32Array.from(group, ({ frame }) => frame.length);
  for (;;) {
    subject.prepare();
    const since = performance.now();
    const before = subject.counts.read();
    const ctx = subject.ctx === undefined ? {} : { ctx: subject.ctx };
    const results = subject.program.runEach({ data, lengths, ...ctx });
    if (performance.now() - since > CLOCK_SLACK_MS && group.length > 1) continue;
    return wrongCount(subject, group, before) ?? wrongFrame(subject, group, results);
  }
}

function wrongCount({ counts }: Subject, group: readonly Sample[], before: Map<string, number>): string | undefined {
  const expected = Object.fromEntries(group[0]!.expected.reasons.map((reason) => [reason, group.length]));
  const counted = Object.fromEntries(counts.since(before));
  const same = Object.keys({ ...expected, ...counted }).every((reason) => expected[reason] === counted[reason]);
  return same ? undefined : `counted ${JSON.stringify(counted)}, expected ${JSON.stringify(expected)}`;
}

interface Results {
  readonly retvals: Uint32Array;
  readonly data: Uint8Array;
  readonly lengths: Uint32Array;
}

function wrongFrame({ actions }: Subject, group: readonly Sample[], results: Results): string | undefined {
  assert.equal(results.retvals.length, group.length);
  let at = 0;
  for (const [i, { expected }] of group.entries()) {
    const frame = results.data.subarray(at, at + results.lengths[i]!);
    at += frame.length;
    const action = results.retvals[i]!;
    if (action !== actions[expected.action]) return `action ${action}, expected ${expected.action}`;
    if (expected.frame !== undefined && expected.action !== 'drop' && Buffer.compare(frame, expected.frame) !== 0) {
      return `left as ${hex(frame)}\nexpected   ${hex(expected.frame)}`;
    }
  }
  return undefined;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
