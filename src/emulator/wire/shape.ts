/** A shape as the BPF program's numbers, and what a wire's MTU means for the object that carries it. */
import { LabError } from '../../errors.ts';
import type { Shape } from '../../topology/model.ts';

/** How long a frame may wait for the rate limit where the shape does not say, nanoseconds. */
const DEFAULT_QUEUE_NS = 50e6;
/** Fractional bits of wire_config.byte_time (bpf/wire.h). */
const BYTE_TIME_SHIFT = 20;
/** Ethernet header and one VLAN tag. */
const LINK_BYTES = 18;
/** WIRE_FRAME_BYTES of the two objects (bpf/wire.h, bpf/wire_large.bpf.c). */
const FRAME_BYTES = { wire: 1520, wire_large: 3520 } as const;
/** Jitter is scaled from 32 random bits. */
const MAX_JITTER_NS = 2 ** 32 - 1;

export type WireObject = keyof typeof FRAME_BYTES;

/** Largest IP packet that a wire with a middle carries, bytes: what a veth with an XDP program takes. */
export const MAX_WIRE_MTU = FRAME_BYTES.wire_large - LINK_BYTES;

/** The fields of wire_config that a shape decides. */
export interface ShapeFields {
  readonly delay_ns: number;
  readonly jitter_ns: number;
  readonly byte_time: number;
  readonly queue_ns: number;
  readonly loss_ppm: number;
  readonly cut: number;
}

/** @throws LabError for a value outside what the program can do. */
export function shapeFields(shape: Shape): ShapeFields {
  if (shape.jitterNs > MAX_JITTER_NS) throw new LabError(`a jitter of ${shape.jitterNs} ns is more than 4.29 s`);
  if (shape.lossPpm > 1_000_000) throw new LabError(`a loss of ${shape.lossPpm} ppm is more than everything`);
  for (const [name, value] of Object.entries(shape)) {
    if (typeof value === 'number' && !(value >= 0 && Number.isFinite(value))) {
      throw new LabError(`${name} of a wire is ${value}, expected a number from 0`);
    }
  }
  return {
    delay_ns: Math.round(shape.delayNs),
    jitter_ns: Math.round(shape.jitterNs),
    byte_time: shape.rateBps === 0 ? 0 : Math.max(1, Math.round((8e9 * 2 ** BYTE_TIME_SHIFT) / shape.rateBps)),
    queue_ns: Math.round(queueLimitNs(shape)),
    loss_ppm: Math.round(shape.lossPpm),
    cut: shape.cut ? 1 : 0,
  };
}

/** How long a frame waits for the rate limit at most, nanoseconds; 0 without one. */
export function longestQueueNs(shape: Shape): number {
  return shape.rateBps === 0 ? 0 : queueLimitNs(shape);
}

function queueLimitNs(shape: Shape): number {
  return shape.queueNs === 0 ? DEFAULT_QUEUE_NS : shape.queueNs;
}

/** Whether frames of this shape ever wait, so that their direction needs ring slots. */
export function needsRing(shape: Shape): boolean {
  return shape.delayNs > 0 || shape.jitterNs > 0 || shape.rateBps > 0;
}

/** Longest frame without FCS on a wire of this MTU, bytes. */
export function maxFrame(mtu: number): number {
  return mtu + LINK_BYTES;
}

/**
 * The object whose ring slots hold the frames of all these wires.
 * @throws LabError for an MTU above MAX_WIRE_MTU.
 */
export function objectFor(wires: readonly { readonly link: string; readonly mtu: number }[]): WireObject {
  const tooLarge = wires.find((wire) => wire.mtu > MAX_WIRE_MTU);
  if (tooLarge !== undefined) {
    throw new LabError(
      `the MTU of ${tooLarge.link} is ${tooLarge.mtu}, a shaped or captured wire carries at most ${MAX_WIRE_MTU}`,
      {
        hint: 'lower the MTU of the link, or neither shape, cut nor capture it',
      },
    );
  }
  return wires.every((wire) => maxFrame(wire.mtu) <= FRAME_BYTES.wire) ? 'wire' : 'wire_large';
}
