/** Which links need a middle, and what it must be able to hold. */
import { createHash } from 'node:crypto';
import type { Scenario } from '../scenario/model.ts';
import { type Link, type Shape, wiresOf } from '../topology/model.ts';
import type { VethEnd, WirePlan } from './plan.ts';
import { longestQueueNs, needsRing } from './wire/shape.ts';

const UNSHAPED: Shape = { delayNs: 0, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };

/** Frames a second that a direction without a rate limit must be able to hold for its delay. */
const UNLIMITED_PPS = 200_000;
/** Average frame that a rate-limited direction has room for, bytes; smaller ones find the ring full before the queue. */
const SIZED_FRAME_BYTES = 1000;
const MAX_SLOTS = 32_768;
const MIN_SLOTS = 256;

/** Links that the topology shapes, or that the timeline cuts or shapes, or that are captured (the plan has read them). */
export function linksWithMiddle(scenario: Scenario): ReadonlySet<string> {
  const wired = new Set<string>();
  for (const link of wiresOf(scenario.topology)) if (link.shape !== undefined) wired.add(link.id);
  for (const event of scenario.timeline) if ('link' in event) wired.add(event.link);
  for (const capture of scenario.captures) wired.add(capture.link);
  return wired;
}

/** What the timeline makes of links' shapes, by link, in the order of time. */
export type ShapeChanges = ReadonlyMap<string, readonly Partial<Shape>[]>;

export function shapeChanges({ timeline }: Scenario): ShapeChanges {
  const shaping = timeline.filter((event) => event.event === 'link.shape').sort((a, b) => a.at - b.at);
  const byLink = Map.groupBy(shaping, ({ link }) => link);
  return new Map([...byLink].map(([link, events]) => [link, events.map(({ shape }) => shape)]));
}

export function planWire(
  link: Link,
  seed: number,
  changes: ShapeChanges,
  ends: { a: VethEnd; middleA: VethEnd; b: VethEnd; middleB: VethEnd },
): WirePlan {
  const { ab, ba } = link.shape ?? { ab: UNSHAPED, ba: UNSHAPED };
  const shapes = [ab, ba].flatMap((shape) => shapesInTime(shape, changes.get(link.id) ?? []));
  return {
    link: link.id,
    a: { device: ends.middleA.device, ifindex: ends.middleA.ifindex, outer: ends.a },
    b: { device: ends.middleB.device, ifindex: ends.middleB.ifindex, outer: ends.b },
    ab,
    ba,
    mtu: link.mtu,
    ringSlots: Math.max(...shapes.map(slotsFor)),
    seed: createHash('sha256').update(`wire ${seed} ${link.id}`).digest().readUInt32LE(0),
  };
}

/** What a direction is like from the start and after each change: changes add up. */
function shapesInTime(shape: Shape, changes: readonly Partial<Shape>[]): Shape[] {
  const shapes = [shape];
  for (const change of changes) shapes.push({ ...shapes.at(-1)!, ...change });
  return shapes;
}

/** A power of two that holds packets a second × the longest time a frame waits; 0 where none ever does. */
function slotsFor(shape: Shape): number {
  if (!needsRing(shape)) return 0;
  const pps = shape.rateBps === 0 ? UNLIMITED_PPS : Math.min(UNLIMITED_PPS, shape.rateBps / 8 / SIZED_FRAME_BYTES);
  const frames = (pps * (shape.delayNs + shape.jitterNs + longestQueueNs(shape))) / 1e9;
  return Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 ** Math.ceil(Math.log2(frames))));
}
