/** One measurement: so many frames through a subject, counted at both ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from '../errors.ts';
import type { RateSample, RouterSample } from './bench-bundle.ts';
import type { BenchPrograms, Counts, Traffic } from './bench-programs.ts';
import { type BenchCase, caseName } from './cases.ts';
import type { Generator } from './generator.ts';
import { paceOf } from './pace.ts';
import type { Subject } from './subjects.ts';

export interface Bench {
  readonly programs: BenchPrograms;
  readonly generator: Generator;
}

const DRAIN_POLL_MS = 20;
/** What has not arrived after this much silence is lost. */
const SILENCE_MS = 60;

/** As fast as the cores can; `packets` of each. */
export async function burst(
  { programs, generator }: Bench,
  subject: Subject,
  benchCase: BenchCase,
  traffic: Traffic,
  packets: number,
): Promise<Omit<RouterSample, 'block'>> {
  const frame = subject.frame(traffic);
  programs.aim(traffic, subject.site.far[subject.entry(benchCase)], frame);
  const before = programs.counts();
  const { wallNs, cpuNs } = await generator.send({ frame, packets });
  const after = programs.counts();
  const received = after.received - before.received;
  if (received === 0) throw new LabError(`${subject.name} forwarded nothing of ${caseName(benchCase)}`);
  return {
    kind: 'burst',
    subject: subject.name,
    case: caseName(benchCase),
    cores: generator.cores,
    frameBytes: frame.length,
    sent: after.sent - before.sent,
    received,
    stray: after.stray - before.stray,
    wallNs,
    cpuNs,
  };
}

/** At a rate, packets a second of all cores together. */
export async function atRate(
  { programs, generator }: Bench,
  subject: Subject,
  benchCase: BenchCase,
  traffic: Traffic,
  offered: number,
  seconds: number,
  silenceMs = SILENCE_MS,
): Promise<Omit<RateSample, 'block'>> {
  const frame = subject.frame(traffic);
  const packetsPerSecond = offered / generator.cores;
  const pace = paceOf(packetsPerSecond);
  programs.aim(traffic, subject.site.far[subject.entry(benchCase)], frame, pace);
  const before = programs.counts();
  const packets = Math.round(packetsPerSecond * seconds);
  const { wallNs } = await generator.send({ frame, packets, batch: pace.batch });
  const forwarded = ((programs.counts().received - before.received) * 1e9) / wallNs;
  const after = await drained(programs, before, silenceMs);
  return {
    kind: 'rate',
    subject: subject.name,
    case: caseName(benchCase),
    // What was really offered: a busy generator is late.
    offered: ((after.sent - before.sent) * 1e9) / wallNs,
    forwarded,
    sent: after.sent - before.sent,
    received: after.received - before.received,
  };
}

/** The counts once all that was sent since `before` has arrived, or nothing has for so long. */
async function drained(programs: BenchPrograms, before: Counts, silenceMs: number): Promise<Counts> {
  let counts = programs.counts();
  let heard = performance.now();
  while (counts.received - before.received < counts.sent - before.sent && performance.now() - heard < silenceMs) {
    await delay(DRAIN_POLL_MS);
    const now = programs.counts();
    if (now.received !== counts.received) heard = performance.now();
    counts = now;
  }
  return counts;
}

/** Loss up to this share still counts as none: a stray scheduling delay of the machine, not of the router. */
const LOSS_FREE = 0.001;
const LADDER_STEP = 1.25;
const LADDER_START = 40_000;
const LADDER_END = 2_000_000;
const STEP_SECONDS = 0.3;
/** It has collapsed, and more does not help. */
const COLLAPSED = 0.6;

/** Offers more and more until the subject breaks down under it. */
export async function ladder(
  bench: Bench,
  subject: Subject,
  benchCase: BenchCase,
  traffic: Traffic,
): Promise<Omit<RateSample, 'block'>[]> {
  const steps: Omit<RateSample, 'block'>[] = [];
  let peak = 0;
  for (let offered = LADDER_START; offered <= LADDER_END; offered *= LADDER_STEP) {
    const step = await atRate(bench, subject, benchCase, traffic, offered, STEP_SECONDS);
    steps.push(step);
    peak = Math.max(peak, step.forwarded);
    if (step.forwarded < COLLAPSED * step.offered) return steps;
  }
  return steps;
}

/** The highest rate forwarded without loss, and the highest at all; 0 where every step lost something. */
export function ladderResult(steps: readonly Pick<RateSample, 'forwarded' | 'sent' | 'received'>[]): {
  readonly lossFree: number;
  readonly peak: number;
} {
  const whole = steps.filter(({ sent, received }) => received >= sent * (1 - LOSS_FREE));
  return {
    lossFree: Math.max(0, ...whole.map(({ forwarded }) => forwarded)),
    peak: Math.max(0, ...steps.map(({ forwarded }) => forwarded)),
  };
}
