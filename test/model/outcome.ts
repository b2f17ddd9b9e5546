/** What a model router may do with a packet. Reasons are the names in bpf/reasons.h without their prefix. */
import type { InterfaceId } from '../../src/topology/model.ts';

export type DropReason =
  | 'TRUNCATED'
  | 'BAD_EXTENSION'
  | 'MALFORMED_PATH'
  | 'PATH_END'
  | 'UNSUPPORTED_PATH'
  | 'TRANSIT_SOURCE';

export type SlowReason =
  | 'UNKNOWN_VERSION'
  | 'ONE_HOP_PATH'
  | 'EPIC_PATH'
  | 'BFD'
  | 'EXPIRED_HOP'
  | 'WRONG_INGRESS'
  | 'PACKET_SIZE'
  | 'SOURCE_IA'
  | 'DESTINATION_IA'
  | 'SOURCE_HOST'
  | 'BAD_MAC'
  | 'INGRESS_ALERT'
  | 'EGRESS_ALERT'
  | 'UNKNOWN_EGRESS'
  | 'INVALID_PATH'
  | 'INVALID_SEGMENT_CHANGE'
  | 'EGRESS_DOWN'
  | 'TOO_BIG';

/** Neither forwarded nor delivered. */
export type Refusal = Extract<Outcome, { readonly verdict: 'slow' | 'drop' }>;

export type Outcome =
  /** Leaves by `egress`, or goes to the sibling router that has it. */
  | {
      readonly verdict: 'forward';
      readonly reason: 'FORWARDED' | 'TO_SIBLING';
      readonly egress: InterfaceId;
      readonly packet: Uint8Array;
    }
  /** Has arrived; SegID stands as a reply needs it. */
  | { readonly verdict: 'deliver'; readonly reason: 'DELIVERED'; readonly packet: Uint8Array }
  /** Needs an SCMP answer or work beyond forwarding. */
  | { readonly verdict: 'slow'; readonly reason: SlowReason }
  /** Discarded without an answer. */
  | { readonly verdict: 'drop'; readonly reason: DropReason };

export function drop(reason: DropReason): Refusal {
  return { verdict: 'drop', reason };
}

export function slow(reason: SlowReason): Refusal {
  return { verdict: 'slow', reason };
}
