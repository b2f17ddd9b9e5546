/** Measures wires from their ends and says where they are not what their shapes promise. */
import { setTimeout } from 'node:timers/promises';
import type { Shape } from '../../topology/model.ts';
import { DIRECTIONS, type Direction } from './delay-line.ts';
import { type Arrival, frameTimeNs, type ProbeEnd, type ProbeSchedule, scheduleProbes, sendProbes } from './probe.ts';

/** The median delay may be off by this part or this time, whichever is more: waking a thread takes time. */
const DELAY_TOLERANCE = 0.03;
const DELAY_TOLERANCE_NS = 500e3;
/** No frame may be faster than its delay; this much is the clock's own granularity. */
const EARLY_TOLERANCE_NS = 10e3;
const RATE_TOLERANCE = 0.05;
const ATTEMPTS = 6;
/** Before the third attempt and each that follows, milliseconds: what keeps the machine busy, such as services that start, passes. */
const PAUSE_MS = 500;
/** Standard deviations of a binomial count, one in 16 000 by chance alone. */
const LOSS_SIGMAS = 4;
/** A burst must have been sent at least this much faster than the limit to say anything about it. */
const BURST_ADVANTAGE = 1.3;

export interface WireUnderTest {
  /** Topology link id. */
  readonly link: string;
  readonly mtu: number;
  readonly a: ProbeEnd;
  readonly b: ProbeEnd;
  readonly ab: Shape;
  readonly ba: Shape;
}

export interface WireMeasurement {
  readonly link: string;
  readonly direction: Direction;
  readonly shape: Shape;
  /** Frames that were sent to measure delay and loss, and how many of them arrived. */
  readonly sent: number;
  readonly arrived: number;
  /** One way; null when no frame arrived. */
  readonly delayNs: { readonly min: number; readonly p50: number } | null;
  /** Parts per million of the frames sent. */
  readonly lossPpm: number;
  /** Bits a second as Shape counts them; null without a limit, or where it cannot be measured from here. */
  readonly rateBps: number | null;
}

/**
 * Measures all directions at once: 50 ms for wires that only delay, up to 1.2 s where there is loss on a slow wire.
 * The ends' devices must be up; XDP programs there must pass EtherType 0x88b5, which the frames carry.
 */
export async function measureWires(wires: readonly WireUnderTest[]): Promise<WireMeasurement[]> {
  const ways = wires.flatMap((wire) => DIRECTIONS.map((direction) => ({ wire, direction, shape: wire[direction] })));
  const schedules = scheduleProbes(ways.map(({ wire, shape }) => ({ shape, mtu: wire.mtu })));
  const paths = ways.map(({ wire, direction }) =>
    direction === 'ab' ? { from: wire.a, to: wire.b } : { from: wire.b, to: wire.a },
  );
  const arrivals = await sendProbes(paths, schedules);
  return ways.map(({ wire, direction, shape }, i) => ({
    link: wire.link,
    direction,
    shape,
    ...evaluate(shape, schedules[i]!, arrivals[i]!),
  }));
}

/**
 * Measures, and again those wires that seem wrong: a busy machine makes a good wire look bad now and then, never a bad
 * one good. @returns the mismatches that stay, a sentence each
 */
export async function checkWires(wires: readonly WireUnderTest[]): Promise<string[]> {
  let suspects = wires;
  for (let attempt = 1; ; attempt++) {
    const measurements = await measureWires(suspects);
    const mismatches = wireMismatches(measurements);
    if (mismatches.length === 0 || attempt === ATTEMPTS) return mismatches;
    const wrong = new Set(measurements.filter((one) => wireMismatches([one]).length > 0).map((one) => one.link));
    suspects = suspects.filter((wire) => wrong.has(wire.link));
    if (attempt > 1) await setTimeout(PAUSE_MS);
  }
}

/** One sentence for each way in which a wire is not what its shape says; empty when all is well. */
export function wireMismatches(measurements: readonly WireMeasurement[]): string[] {
  return measurements.flatMap((measured) => {
    const where = `${measured.link} ${measured.direction}`;
    if (measured.shape.cut) {
      return measured.arrived === 0
        ? []
        : [`${where} is cut, but ${measured.arrived} of ${measured.sent} frames arrived`];
    }
    return [...delayMismatch(measured), ...lossMismatch(measured), ...rateMismatch(measured)].map(
      (sentence) => `${where} ${sentence}`,
    );
  });
}

function evaluate(shape: Shape, schedule: ProbeSchedule, arrivals: readonly Arrival[]) {
  const delayFrames = countOf(schedule.delay);
  const sent = delayFrames + countOf(schedule.loss);
  const arrived = arrivals.filter((arrival) => arrival.sequence < sent).length;
  const delays = arrivals
    .filter((arrival) => arrival.sequence < delayFrames)
    .map((arrival) => arrival.receivedNs - arrival.sentNs)
    .sort((x, y) => x - y);
  return {
    sent,
    arrived,
    delayNs: delays.length === 0 ? null : { min: delays[0]!, p50: delays[Math.floor(delays.length / 2)]! },
    lossPpm: ((sent - arrived) / sent) * 1e6,
    rateBps: rateOf(shape, schedule, arrivals, sent),
  };
}

/**
 * By the slope of arrival over number through all frames of the burst, so that no single late frame decides. Lost
 * frames took their time on the wire too.
 */
function rateOf(shape: Shape, schedule: ProbeSchedule, arrivals: readonly Arrival[], first: number): number | null {
  const burst = schedule.rate;
  const frames = arrivals.filter((arrival) => arrival.sequence >= first);
  const begin = frames[0];
  const end = frames.at(-1);
  if (burst === undefined || begin === undefined || end === undefined || begin === end) return null;
  const frameNs = frameTimeNs(shape, burst.length);
  if ((end.sentNs - begin.sentNs) * BURST_ADVANTAGE > (end.sequence - begin.sequence) * frameNs) return null;
  return (shape.rateBps * frameNs) / slope(frames.map((frame) => [frame.sequence, frame.receivedNs]));
}

/** Of the least-squares line. */
function slope(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function delayMismatch({ shape, delayNs }: WireMeasurement): string[] {
  if (delayNs === null) {
    // Of fifteen frames, none arriving is chance only on a wire that loses most of them.
    return shape.lossPpm > 500_000 ? [] : ['delivers nothing'];
  }
  const least = shape.delayNs + frameTimeNs(shape, 60);
  const most = least + shape.jitterNs + Math.max(DELAY_TOLERANCE_NS, DELAY_TOLERANCE * shape.delayNs);
  if (delayNs.min < least - EARLY_TOLERANCE_NS)
    return [`delays only ${ms(delayNs.min)}, expected at least ${ms(least)}`];
  if (delayNs.p50 > most) return [`delays ${ms(delayNs.p50)} (median), expected ${ms(least)} to ${ms(most)}`];
  return [];
}

function lossMismatch({ shape, sent, arrived }: WireMeasurement): string[] {
  const p = shape.lossPpm / 1e6;
  const lost = sent - arrived;
  const allowed = LOSS_SIGMAS * Math.sqrt(sent * p * (1 - p));
  // A single frame more or less decides nothing, but a wire without loss loses none.
  const slack = p === 0 || p === 1 ? 0 : allowed + 1;
  if (Math.abs(lost - sent * p) <= slack) return [];
  return [
    `loses ${lost} of ${sent} frames, expected ${(sent * p).toFixed(0)} ± ${slack.toFixed(0)} (${shape.lossPpm} ppm)`,
  ];
}

function rateMismatch({ shape, rateBps }: WireMeasurement): string[] {
  if (rateBps === null || Math.abs(rateBps / shape.rateBps - 1) <= RATE_TOLERANCE) return [];
  return [`carries ${mbit(rateBps)}, expected ${mbit(shape.rateBps)} ± ${RATE_TOLERANCE * 100} %`];
}

function countOf(bursts: readonly { readonly count: number }[]): number {
  return bursts.reduce((sum, burst) => sum + burst.count, 0);
}

function ms(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}

function mbit(bps: number): string {
  return `${(bps / 1e6).toFixed(3)} Mbit/s`;
}
