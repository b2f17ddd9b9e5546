/**
 * Which frames tell whether a direction of a wire is what its shape says, and sending them. Three parts: single frames
 * for the delay, a thousand small ones for the loss, and a burst faster than the rate limit for the rate.
 */
import { type Native, native } from '../../native.ts';
import type { Shape } from '../../topology/model.ts';
import { longestQueueNs } from './shape.ts';

const ETHERNET_HEADER_BYTES = 14;
/** What each frame takes on the wire besides itself (bpf/wire.h). */
const OVERHEAD_BYTES = 24;
const SMALL_FRAME_BYTES = 60;

const DELAY_FRAMES = 15;
const DELAY_SPACING_NS = 2e6;
const LOSS_FRAMES = 1000;
const LOSS_CHUNK = 50;
/** Loss frames use this part of a rate limit, so that none of them queues. */
const LOSS_LOAD = 0.7;
const LOSS_LONGEST_NS = 1e9;
/** A burst fills this part of the queue, at most for so long and with so many frames. */
const BURST_QUEUE_SHARE = 0.8;
const BURST_LONGEST_NS = 30e6;
const BURST_MOST_FRAMES = 600;
const BURST_FEWEST_FRAMES = 4;
const BURST_GOOD_FRAMES = 12;
/** What this machine carries over all wires together without strain: frames one after another, and bits a second. */
const FRAME_NS = 5000;
const TOTAL_BPS = 1e9;
/** Directions begin this far apart, so that their single frames do not wait for each other. */
const STAGGER_NS = 20e3;
const PAUSE_NS = 5e6;
/** How late a frame may arrive and still count. */
const PATIENCE_NS = 50e6;

export interface Burst {
  /** From the start of the measurement. */
  readonly atNs: number;
  readonly count: number;
  /** Of a frame without FCS, bytes. */
  readonly length: number;
}

/** Frames of one direction, numbered from 0 in order: delay, then loss, then rate. */
export interface ProbeSchedule {
  readonly delay: readonly Burst[];
  readonly loss: readonly Burst[];
  /** Absent without a rate limit, or where its queue is too short to hold a burst. */
  readonly rate?: Burst;
  readonly patienceNs: number;
}

export interface Arrival {
  readonly sequence: number;
  readonly sentNs: number;
  readonly receivedNs: number;
}

export interface ProbePath {
  readonly from: ProbeEnd;
  readonly to: ProbeEnd;
}

/** A router's end of a wire. */
export interface ProbeEnd {
  /** Path of the namespace. */
  readonly netns: string;
  readonly ifindex: number;
}

/**
 * Schedules for directions that are measured together: delay on all at once, then loss in turns, then one burst after
 * another, so that wires do not disturb each other.
 */
export function scheduleProbes(
  directions: readonly { readonly shape: Shape; readonly mtu: number }[],
): ProbeSchedule[] {
  const delays = directions.map(({ shape }, i) => delayFrames(shape, i * STAGGER_NS));
  const lossAt = Math.max(0, ...delays.map(endOf)) + PAUSE_NS;
  const lossy = directions.filter(({ shape }) => losesSome(shape)).length;
  let turn = 0;
  const losses = directions.map(({ shape }) => (losesSome(shape) ? lossFrames(shape, lossAt, turn++, lossy) : []));
  let burstAt = Math.max(lossAt, ...losses.map(endOf)) + PAUSE_NS;
  return directions.map(({ shape, mtu }, i) => {
    const burst = rateBurst(shape, mtu);
    const rate = burst === undefined ? {} : { rate: { ...burst, atNs: burstAt } };
    if (burst !== undefined) burstAt += (burst.count * (burst.length + OVERHEAD_BYTES) * 8e9) / TOTAL_BPS;
    const patienceNs = shape.delayNs + shape.jitterNs + longestQueueNs(shape) + PATIENCE_NS;
    return { delay: delays[i]!, loss: losses[i]!, ...rate, patienceNs };
  });
}

/**
 * Sends the frames of all schedules and resolves with the arrivals of each when everything has arrived or its time is up.
 * Errors of the system as the addon throws them.
 */
export async function sendProbes(
  paths: readonly ProbePath[],
  schedules: readonly ProbeSchedule[],
): Promise<Arrival[][]> {
  const probes = paths.map(({ from, to }, i) => {
    const { delay, loss, rate, patienceNs } = schedules[i]!;
    const bursts = [...delay, ...loss, ...(rate === undefined ? [] : [rate])];
    return {
      fromNetns: from.netns,
      fromIfindex: from.ifindex,
      toNetns: to.netns,
      toIfindex: to.ifindex,
      patienceNs,
      bursts,
    };
  });
  const results = await (native() as ProbeNative).probeWires(probes);
  return results.map(toArrivals);
}

type ProbeNative = Native & { probeWires(probes: readonly object[]): Promise<Float64Array[]> };

function toArrivals(flat: Float64Array): Arrival[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => ({
    sequence: flat[3 * i]!,
    sentNs: flat[3 * i + 1]!,
    receivedNs: flat[3 * i + 2]!,
  }));
}

/** How long a frame occupies a rate-limited wire. */
export function frameTimeNs(shape: Shape, length: number): number {
  return shape.rateBps === 0 ? 0 : ((length + OVERHEAD_BYTES) * 8e9) / shape.rateBps;
}

function delayFrames(shape: Shape, firstNs: number): Burst[] {
  const spacing = Math.max(DELAY_SPACING_NS, 1.2 * frameTimeNs(shape, SMALL_FRAME_BYTES));
  return Array.from({ length: DELAY_FRAMES }, (_, i) => burst(firstNs + i * spacing, 1, SMALL_FRAME_BYTES));
}

function losesSome(shape: Shape): boolean {
  return shape.lossPpm > 0 && !shape.cut;
}

/** @param turn of `turns` directions that send their chunks in rotation */
function lossFrames(shape: Shape, firstNs: number, turn: number, turns: number): Burst[] {
  const frameNs = frameTimeNs(shape, SMALL_FRAME_BYTES) / LOSS_LOAD;
  const frames = Math.min(LOSS_FRAMES, Math.floor(LOSS_LONGEST_NS / Math.max(frameNs, 1)));
  const queued = shape.rateBps === 0 ? LOSS_CHUNK : Math.floor(longestQueueNs(shape) / 2 / frameNs);
  const chunk = Math.max(1, Math.min(LOSS_CHUNK, queued));
  const turnNs = chunk * FRAME_NS;
  const intervalNs = Math.max(turns * turnNs, chunk * frameNs);
  const chunks = Math.max(1, Math.floor(frames / chunk));
  return Array.from({ length: chunks }, (_, i) =>
    burst(firstNs + turn * turnNs + i * intervalNs, chunk, SMALL_FRAME_BYTES),
  );
}

function rateBurst(shape: Shape, mtu: number): { count: number; length: number } | undefined {
  if (shape.rateBps === 0 || shape.cut) return undefined;
  const longestNs = Math.min(BURST_QUEUE_SHARE * longestQueueNs(shape), BURST_LONGEST_NS);
  const wished = Math.floor((longestNs * shape.rateBps) / 8e9 / BURST_GOOD_FRAMES) - OVERHEAD_BYTES;
  const length = Math.max(SMALL_FRAME_BYTES, Math.min(mtu + ETHERNET_HEADER_BYTES, wished));
  const count = Math.min(BURST_MOST_FRAMES, Math.floor(longestNs / frameTimeNs(shape, length)));
  return count < BURST_FEWEST_FRAMES ? undefined : { count, length };
}

function burst(atNs: number, count: number, length: number): Burst {
  return { atNs, count, length };
}

function endOf(bursts: readonly Burst[]): number {
  return bursts.at(-1)?.atNs ?? 0;
}
