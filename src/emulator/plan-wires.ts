/** Which links need a middle, and what it must be able to hold. */
import { createHash } from 'node:crypto';
import type { Scenario } from '../scenario/model.ts';
import type { Link, Shape } from '../topology/model.ts';
import type { VethEnd, WirePlan } from './plan.ts';

const UNSHAPED: Shape = { delayNs: 0, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };

/** Where the file sets no queue limit: how long a frame may wait for the rate limit. */
const DEFAULT_QUEUE_NS = 50e6;
/** Frames a second that a direction without a rate limit must be able to hold for its delay. */
const UNLIMITED_PPS = 200_000;
/** Average frame that a rate-limited direction has room for, bytes; smaller ones find the ring full before the queue. */
const SIZED_FRAME_BYTES = 1000;
const MAX_SLOTS = 32_768;
const MIN_SLOTS = 256;

/** Links that the topology shapes, or that the timeline cuts or shapes, or that are captured (the plan has read them). */
export function wiredLinks(scenario: Scenario): ReadonlySet<string> {
  const wired = new Set<string>();
  for (const link of scenario.topology.links) if (link.shape !== undefined) wired.add(link.id);
  for (const event of scenario.timeline) if ('link' in event) wired.add(event.link);
  for (const capture of scenario.captures) wired.add(capture.link);
  return wired;
}

export function planWire(
  link: Link,
  scenario: Scenario,
  ends: { a: VethEnd; middleA: VethEnd; b: VethEnd; middleB: VethEnd },
): WirePlan {
  const shapes = [link.shape?.ab ?? UNSHAPED, link.shape?.ba ?? UNSHAPED, ...laterShapes(link, scenario)];
  return {
    link: link.id,
    a: { device: ends.middleA.device, ifindex: ends.middleA.ifindex, outer: ends.a },
    b: { device: ends.middleB.device, ifindex: ends.middleB.ifindex, outer: ends.b },
    ab: link.shape?.ab ?? UNSHAPED,
    ba: link.shape?.ba ?? UNSHAPED,
    mtu: link.mtu,
    ringSlots: Math.max(...shapes.map(slotsFor)),
    seed: createHash('sha256').update(`wire ${scenario.seed} ${link.id}`).digest().readUInt32LE(0),
  };
}

/** Shapes that the timeline will give the link, over the one it has from the file. */
function laterShapes(link: Link, scenario: Scenario): Shape[] {
  const base = link.shape?.ab ?? UNSHAPED;
  return scenario.timeline.flatMap((event) =>
    event.event === 'link.shape' && event.link === link.id ? [{ ...base, ...event.shape }] : [],
  );
}

/** A power of two that holds packets a second × the longest time a frame waits; 0 where none ever does. */
function slotsFor(shape: Shape): number {
  if (shape.delayNs === 0 && shape.jitterNs === 0 && shape.rateBps === 0) return 0;
  const queueNs = shape.rateBps === 0 ? 0 : shape.queueNs === 0 ? DEFAULT_QUEUE_NS : shape.queueNs;
  const pps = shape.rateBps === 0 ? UNLIMITED_PPS : Math.min(UNLIMITED_PPS, shape.rateBps / 8 / SIZED_FRAME_BYTES);
  const frames = (pps * (shape.delayNs + shape.jitterNs + queueNs)) / 1e9;
  return Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 ** Math.ceil(Math.log2(frames))));
}
