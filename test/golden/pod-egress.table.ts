/** What pod_egress is to do with a pod's frame: one row a case. */
import type { Reason } from '../../src/dataplane/counters.ts';
import { byte, cutTo, type Edit, padded, tagged } from './edits.ts';
import { ICMP, type Inner, innerPacket, podFrame, TCP, tcpSegment } from './inner.ts';
import { INNER_MTU, NODE_HOST, podPath, REMOTE_HOST } from './pod-bench.ts';
import { type Described, HERE } from './row.ts';

export interface PodRow {
  readonly name: string;
  readonly inner?: Inner;
  readonly edit?: Edit;
  /** It comes out of the segmenter, where the kernel has routed and cut it, and not from a pod. */
  readonly segmented?: boolean;
  /** The kernel is still to cut it into segments with that much payload. */
  readonly gsoSize?: number;
  /** NONE: the kernel's, which gets it as it came. */
  readonly reason: Reason | 'NONE';
  /** What the pod's packet is within SCION; unless given, the packet with a TTL one lower. */
  readonly within?: Inner;
  /** Packets counted: 1 unless given. */
  readonly packets?: number;
}

/** The frame that the program gets. */
export function podFrameOf({ inner, edit }: PodRow): Uint8Array {
  const frame = podFrame(innerPacket(inner));
  return edit === undefined ? frame : edit(frame);
}

/** The pod's packet as it must stand behind the SCION header. */
export function withinOf({ inner = {}, within, segmented = false }: PodRow): Uint8Array {
  const { ttl = 64 } = inner;
  return innerPacket(within ?? { ...inner, ttl: segmented ? ttl : ttl - 1 });
}

/** For the reference: the packet that the node's own router step makes of each that is encapsulated. */
export function encapsulatedPackets(): readonly (Described & { readonly name: string })[] {
  return POD_EGRESS_ROWS.filter(({ reason }) => reason === 'ENCAPSULATED').map((row) => ({
    name: row.name,
    path: podPath(1),
    src: HERE,
    srcHost: NODE_HOST,
    dstHost: REMOTE_HOST,
    payload: [...withinOf(row)],
  }));
}

/** Of a payload whose packet is this long, IPv4 header of 20 bytes and all. */
const long = (length: number) => Array.from({ length: length - 20 }, (_, i) => i & 0xff);

const MSS_1460 = [2, 4, 0x05, 0xb4];
const MSS_OF_PATH = [2, 4, (INNER_MTU - 40) >> 8, (INNER_MTU - 40) & 0xff];

// biome-ignore format: one row a case
const encapsulated: PodRow[] = [
  { name: 'pod: a UDP datagram', reason: 'ENCAPSULATED' },
  { name: 'pod: a TCP segment', inner: { protocol: TCP, payload: tcpSegment([], 0x10, [1, 2, 3]) }, reason: 'ENCAPSULATED' },
  { name: 'pod: a ping', inner: { protocol: ICMP }, reason: 'ENCAPSULATED' },
  { name: 'pod: GRE', inner: { protocol: 47 }, reason: 'ENCAPSULATED' },
  { name: 'pod: a header alone', inner: { payload: [] }, reason: 'ENCAPSULATED' },
  { name: 'pod: a packet of odd length', inner: { payload: long(101) }, reason: 'ENCAPSULATED' },
  ...[21, 22, 23, 27, 255, 1001].map((length): PodRow => ({ name: `pod: a packet of ${length} bytes`, inner: { payload: long(length) }, reason: 'ENCAPSULATED' })),
  { name: 'pod: IP options', inner: { options: [1, 1, 1, 0] }, reason: 'ENCAPSULATED' },
  { name: 'pod: as many IP options as there can be', inner: { options: new Array<number>(40).fill(1) }, reason: 'ENCAPSULATED' },
  { name: 'pod: may not be fragmented', inner: { dontFragment: true }, reason: 'ENCAPSULATED' },
  { name: 'pod: the first fragment', inner: { moreFragments: true }, reason: 'ENCAPSULATED' },
  { name: 'pod: a fragment from the middle', inner: { moreFragments: true, fragmentOffset: 100 }, reason: 'ENCAPSULATED' },
  { name: 'pod: the last fragment', inner: { fragmentOffset: 185 }, reason: 'ENCAPSULATED' },
  { name: 'pod: a TTL of 255', inner: { ttl: 255 }, reason: 'ENCAPSULATED' },
  { name: 'pod: a TTL of 2', inner: { ttl: 2 }, reason: 'ENCAPSULATED' },
  { name: 'pod: as long as the path takes', inner: { payload: long(INNER_MTU) }, reason: 'ENCAPSULATED' },
  { name: 'pod: out of the segmenter, already routed', inner: { ttl: 1 }, segmented: true, reason: 'ENCAPSULATED' },
  { name: 'pod: a SYN whose MSS is larger than the path takes', inner: { protocol: TCP, payload: tcpSegment(MSS_1460) }, within: { protocol: TCP, ttl: 63, payload: tcpSegment(MSS_OF_PATH) }, reason: 'ENCAPSULATED' },
  { name: 'pod: a SYN whose MSS stands at an odd offset', inner: { protocol: TCP, payload: tcpSegment([1, ...MSS_1460, 1, 1, 1]) }, within: { protocol: TCP, ttl: 63, payload: tcpSegment([1, ...MSS_OF_PATH, 1, 1, 1]) }, reason: 'ENCAPSULATED' },
  { name: 'pod: a SYN whose MSS fits', inner: { protocol: TCP, payload: tcpSegment([2, 4, 2, 0]) }, reason: 'ENCAPSULATED' },
  { name: 'pod: a SYN without MSS', inner: { protocol: TCP, payload: tcpSegment([1, 1, 4, 2]) }, reason: 'ENCAPSULATED' },
  { name: 'pod: an MSS option in a segment that is no SYN', inner: { protocol: TCP, payload: tcpSegment(MSS_1460, 0x10) }, reason: 'ENCAPSULATED' },
];

/** The kernel answers with ICMP, makes fragments, delivers, or drops; it has what it needs for that and we have not. */
// biome-ignore format: one row a case
const forTheKernel: PodRow[] = [
  { name: 'pod: a TTL of 1', inner: { ttl: 1 }, reason: 'NONE' },
  { name: 'pod: a TTL of 0', inner: { ttl: 0 }, reason: 'NONE' },
  { name: 'pod: longer than the path takes', inner: { payload: long(INNER_MTU + 1) }, reason: 'NONE' },
  { name: 'pod: longer than the path takes, and not to be fragmented', inner: { payload: long(INNER_MTU + 1), dontFragment: true }, reason: 'NONE' },
  { name: 'pod: to another pod of this node', inner: { dst: '10.1.1.9' }, reason: 'NONE' },
  { name: 'pod: to the internet', inner: { dst: '8.8.8.8' }, reason: 'NONE' },
  { name: 'pod: multicast', inner: { dst: '224.0.0.251' }, reason: 'NONE' },
  { name: 'pod: broadcast', inner: { dst: '255.255.255.255' }, reason: 'NONE' },
  { name: 'pod: IPv6', inner: { payload: long(100) }, edit: (frame) => byte(12, 0x86)(byte(13, 0xdd)(frame)), reason: 'NONE' },
  { name: 'pod: IPv6 that says it is IPv4', edit: byte(14, 0x65), reason: 'NONE' },
  { name: 'pod: ARP', edit: byte(13, 0x06), reason: 'NONE' },
  { name: 'pod: a VLAN tag', edit: tagged(0x8100), reason: 'NONE' },
  { name: 'pod: two VLAN tags', edit: tagged(0x88a8, 0x8100), reason: 'NONE' },
  { name: 'pod: an IP header of 16 bytes', edit: byte(14, 0x44), reason: 'NONE' },
  { name: 'pod: says it is longer than it is', edit: byte(17, 29), reason: 'NONE' },
  { name: 'pod: an IP header that says it is longer than the packet', edit: byte(14, 0x4f), reason: 'NONE' },
  { name: 'pod: a VLAN tag of priority alone', edit: (frame) => byte(15, 0)(tagged(0x8100)(frame)), reason: 'NONE' },
  { name: 'pod: padding behind the packet', edit: padded(3), reason: 'NONE' },
];

// biome-ignore format: one row a case
const outOfTheSegmenter: PodRow[] = [
  { name: 'segmenter: longer than the path takes', inner: { payload: long(INNER_MTU + 1) }, segmented: true, reason: 'INNER_TOO_BIG' },
  { name: 'segmenter: says it is longer than it is', edit: byte(17, 29), segmented: true, reason: 'INNER_MALFORMED' },
  { name: 'segmenter: cut short', inner: { payload: long(100) }, edit: cutTo(90), segmented: true, reason: 'INNER_MALFORMED' },
];

const large = (payload: number): Inner => ({ protocol: TCP, payload: tcpSegment([], 0x10, long(payload + 20)) });

/** Of those whose segments all have one length BPF_PROG_RUN has no form; test/lab/gso-segments.test.ts has them. */
// biome-ignore format: one row a case
const toBeCut: PodRow[] = [
  { name: 'GSO: the last of three segments shorter by a byte', inner: large(2999), gsoSize: 1000, reason: 'SEGMENTED', packets: 3 },
  { name: 'GSO: a fourth segment of one byte', inner: large(3001), gsoSize: 1000, reason: 'SEGMENTED', packets: 4 },
  { name: 'GSO: two segments, the second of one byte', inner: large(1001), gsoSize: 1000, reason: 'SEGMENTED', packets: 2 },
  { name: 'GSO: segments as long as the path takes', inner: large(3000), gsoSize: INNER_MTU - 40, reason: 'SEGMENTED', packets: 3 },
  { name: 'GSO: segments a byte longer than the path takes', inner: large(3000), gsoSize: INNER_MTU - 39, reason: 'NONE' },
  { name: 'GSO: segments of two bytes', inner: large(3), gsoSize: 2, reason: 'SEGMENTED', packets: 2 },
  { name: 'GSO: segments of 536 bytes, the least that TCP counts on', inner: large(3001), gsoSize: 536, reason: 'SEGMENTED', packets: 6 },
  { name: 'GSO: segments of odd length', inner: large(3000), gsoSize: 997, reason: 'SEGMENTED', packets: 4 },
  { name: 'GSO: TCP options that every segment repeats', inner: { protocol: TCP, payload: tcpSegment([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], 0x10, long(3021)) }, gsoSize: 1000, reason: 'SEGMENTED', packets: 4 },
  { name: 'GSO: a TTL of 1', inner: { ...large(3001), ttl: 1 }, gsoSize: 1000, reason: 'NONE' },
  { name: 'GSO: to the internet', inner: { ...large(3001), dst: '8.8.8.8' }, gsoSize: 1000, reason: 'NONE' },
  { name: 'GSO: UDP', inner: { payload: long(3020) }, gsoSize: 1000, reason: 'NONE' },
  { name: 'GSO: IP options', inner: { ...large(3001), options: [1, 1, 1, 0] }, gsoSize: 1000, reason: 'NONE' },
  { name: 'GSO: not cut by the segmenter either', inner: large(3001), gsoSize: 1000, segmented: true, reason: 'NO_ROOM', packets: 4 },
];

export const POD_EGRESS_ROWS: readonly PodRow[] = [...encapsulated, ...forTheKernel, ...outOfTheSegmenter, ...toBeCut];
