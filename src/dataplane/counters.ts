/** What became of packets: the programs' counters with a text for every reason. */

import type { NativeMap } from '../native.ts';
import { structCodec, u32 } from './layout.ts';
import { enums, layouts } from './layouts.gen.ts';

/** `done`: the packet went on its way. `slow`: XDP leaves it to a slow path and, where there is none, drops it. */
export type Outcome = 'done' | 'drop' | 'slow';

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export interface ReasonCount extends Count {
  readonly reason: Reason;
  readonly outcome: Outcome;
  /** A sentence's end: `hop field expired`. */
  readonly text: string;
}

type EnumName = keyof typeof enums.cilion_reason;
type StripPrefix<T> = T extends `CILION_${infer Rest}` ? Rest : never;
export type Reason = Exclude<StripPrefix<EnumName>, 'FIRST_SLOW' | 'REASON_MAX'>;

export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  FORWARDED: 'forwarded to the next AS',
  TO_SIBLING: 'passed to another router or host of the AS',
  ENCAPSULATED: 'pod packet sent into SCION',
  SEGMENTED: 'pod packet sent to be cut into frames first',
  DECAPSULATED: 'pod packet taken out of SCION',
  PROBE_SENT: 'probe of a path sent',
  PROBE_ANSWERED: 'probe of a path answered',
  PROBE_HEARD: 'answer to a probe received',
  INTERFACE_DOWN_HEARD: 'message that an interface of a path is down received',
  UNDERLAY_LENGTH: 'lengths of frame, IP and UDP disagree',
  UNDERLAY_SOURCE: 'not from the far end of the link',
  TRUNCATED: 'shorter than its SCION header says',
  BAD_EXTENSION: 'extension header malformed or out of order',
  MALFORMED_PATH: 'path malformed, or it points outside itself',
  PATH_END: 'path ends before the destination',
  UNSUPPORTED_PATH: 'path type unknown',
  TRANSIT_SOURCE: 'claims to have entered by a router that did not send it',
  SERVICE_SOURCE: 'for the slow path, but from a service of this AS, which sends nothing',
  NO_DEVICE: 'the device to send on does not exist',
  NO_ROUTE: 'the kernel has no route to the far end of a link that BGP routes',
  NO_PATH: 'no usable path to the pod',
  POLICY_BLOCKED: 'the pod’s policy allows none of the paths',
  NO_ROOM: 'headers did not fit before the packet',
  INNER_TOO_BIG: 'pod packet larger than the path takes',
  INNER_MALFORMED: 'pod packet malformed, or its length is not the payload length',
  INNER_SPOOFED: 'pod packet from an address that is not its source AS’s',
  INNER_DESTINATION: 'pod packet for an address that is not this node’s',
  PROBE_INVALID: 'probe malformed or unknown',
  UNKNOWN_VERSION: 'SCION version unknown',
  UNDERLAY_FRAGMENT: 'underlay packet fragmented',
  ONE_HOP_PATH: 'one-hop path, which the control plane uses',
  EPIC_PATH: 'EPIC path',
  BFD: 'BFD message',
  EXPIRED_HOP: 'hop field expired',
  WRONG_INGRESS: 'entered by another interface than the hop field says',
  PACKET_SIZE: 'payload length is not the length of the payload',
  SOURCE_IA: 'source ISD-AS cannot be',
  DESTINATION_IA: 'destination ISD-AS does not fit where the path ends',
  SOURCE_HOST: 'source host address invalid',
  BAD_MAC: 'hop field MAC wrong',
  INGRESS_ALERT: 'router alert at the ingress',
  EGRESS_ALERT: 'router alert at the egress',
  UNKNOWN_EGRESS: 'egress interface unknown',
  INVALID_PATH: 'no path may lead between these two links',
  INVALID_SEGMENT_CHANGE: 'segments may not be changed between these two links',
  EGRESS_DOWN: 'egress link down',
  TOO_BIG: 'larger than the egress link’s MTU',
  LOCAL_DELIVERY: 'for a host of this AS that XDP does not serve',
};

/** Work for a slow path, and nothing wrong with the packet. */
const WORK: ReadonlySet<Reason> = new Set([
  'UNDERLAY_FRAGMENT',
  'ONE_HOP_PATH',
  'EPIC_PATH',
  'BFD',
  'INGRESS_ALERT',
  'EGRESS_ALERT',
  'LOCAL_DELIVERY',
]);

export function isWork(reason: Reason): boolean {
  return WORK.has(reason);
}

const values = enums.cilion_reason;
const counterCodec = structCodec(layouts.cilion_counter);

/** Every reason in the order of the counters. */
export const REASONS = (Object.keys(REASON_TEXTS) as Reason[]).toSorted((a, b) => reasonIndex(a) - reasonIndex(b));

/** The number that the programs count under. */
export function reasonIndex(reason: Reason): number {
  return values[`CILION_${reason}`];
}

export function outcomeOf(reason: Reason): Outcome {
  const index = reasonIndex(reason);
  if (index >= values.CILION_FIRST_SLOW) return 'slow';
  return index >= values.CILION_UNDERLAY_LENGTH ? 'drop' : 'done';
}

/** Counts of one AS since the programs were loaded; reasons that never occurred are left out. */
export function readCounters(counters: NativeMap, asSlot: number): ReasonCount[] {
  return REASONS.map((reason) => ({
    reason,
    outcome: outcomeOf(reason),
    text: REASON_TEXTS[reason],
    ...readCount(counters, asSlot * values.CILION_REASON_MAX + reasonIndex(reason)),
  })).filter(({ packets }) => packets > 0);
}

/** Sum over all CPUs of one entry of a per-CPU array of counters. */
export function readCount(map: NativeMap, index: number): Count {
  const counts = (map.lookupPerCpu(u32(index)) ?? []).map((bytes) => counterCodec.decode(bytes));
  return {
    packets: counts.reduce((sum, count) => sum + Number(count.packets), 0),
    bytes: counts.reduce((sum, count) => sum + Number(count.bytes), 0),
  };
}
