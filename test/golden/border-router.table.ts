/** What border_router is to do with a packet: one row a case. Interface 1 is where it comes in, 2 where it would leave. */
import type { Reason } from '../../src/dataplane/counters.ts';
import type { Neighbour } from '../model/router.ts';
import {
  both,
  bothLengths,
  byte,
  cutTo,
  type Edit,
  headerLength,
  hopByte,
  infoByte,
  ipLength,
  oneHopFieldMore,
  padded,
  payloadLength,
  position,
  scionByte,
  tagged,
  udpLength,
  withIpOptions,
} from './edits.ts';
import {
  atEnd,
  beforePeering,
  behindPeering,
  crossing,
  inSegment,
  intoPeering,
  longest,
  onPath,
  outOfPeering,
  type PathHere,
  secondCrossing,
  shortcut,
  straight,
} from './paths.ts';
import { POSITION_ROWS } from './positions.table.ts';
import { type Described, ELSEWHERE, HERE, TIMESTAMP } from './row.ts';

export interface RouterRow extends Described {
  readonly name: string;
  /** What the neighbours at interfaces 1 and 2 are to this AS. */
  readonly links: readonly [Neighbour, Neighbour];
  /** Unix seconds; a minute after the path was made unless given. */
  readonly now?: number;
  /** Where it comes in: 1 unless given. */
  readonly ingress?: number;
  /** Where a forwarded one goes out: 2 unless given. */
  readonly egress?: number;
  readonly egressDown?: boolean;
  readonly mtu?: number;
  readonly edit?: Edit;
  /** NONE: it is the kernel's business, which gets it as it came. */
  readonly reason: Reason | 'NONE';
}

const UP = ['child', 'parent'] as const;
const KINDS: readonly Neighbour[] = ['core', 'parent', 'child', 'peer'];
const DIRECTIONS = [true, false] as const;
const way = (consDir: boolean) => (consDir ? 'in construction direction' : 'against construction direction');

/** Nobody carries traffic between two neighbours of whom neither pays for it. */
const IN_SEGMENT = ['core core', 'child parent', 'parent child', 'child peer', 'peer child'];
const ACROSS_SEGMENTS = ['core child', 'child core', 'child child'];

const pairs = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));

const linkTypes: RouterRow[] = pairs.flatMap((links) => [
  ...DIRECTIONS.map(
    (consDir): RouterRow => ({
      name: `${links.join(' to ')} within a segment, ${way(consDir)}`,
      links,
      path: straight(consDir),
      reason: IN_SEGMENT.includes(links.join(' ')) ? 'FORWARDED' : 'INVALID_PATH',
    }),
  ),
  ...DIRECTIONS.flatMap((first) =>
    DIRECTIONS.map(
      (second): RouterRow => ({
        name: `${links.join(' to ')} from a segment ${way(first)} to one ${way(second)}`,
        links,
        path: crossing(first, second),
        reason: ACROSS_SEGMENTS.includes(links.join(' ')) ? 'FORWARDED' : 'INVALID_SEGMENT_CHANGE',
      }),
    ),
  ),
]);

// biome-ignore format: one row a case
const shapes: RouterRow[] = [
  ...([0, 1, 2] as const).flatMap((index) =>
    DIRECTIONS.map(
      (consDir): RouterRow => ({
        name: `in segment ${index + 1} of three, ${way(consDir)}`,
        links: ['core', 'core'],
        path: inSegment(index, consDir),
        reason: 'FORWARDED',
      }),
    ),
  ),
  { name: 'from the second segment into the third', links: ['core', 'child'], path: secondCrossing, reason: 'FORWARDED' },
  { name: 'a shortcut below the segments’ cores', links: ['child', 'child'], path: shortcut, reason: 'FORWARDED' },
  { name: 'the end of a path in the middle of a segment', links: UP, path: onPath, dst: HERE, reason: 'LOCAL_DELIVERY' },
  { name: 'into a peering link', links: ['child', 'peer'], path: intoPeering, reason: 'FORWARDED' },
  { name: 'out of a peering link', links: ['peer', 'child'], path: outOfPeering, reason: 'FORWARDED' },
  { name: 'before a peering link', links: ['child', 'parent'], path: beforePeering, reason: 'FORWARDED' },
  { name: 'behind a peering link', links: ['parent', 'child'], path: behindPeering, reason: 'FORWARDED' },
  { name: 'into a peering link from a parent', links: ['parent', 'peer'], path: intoPeering, reason: 'INVALID_PATH' },
  { name: 'out of a peering link to a parent', links: ['peer', 'parent'], path: outOfPeering, reason: 'INVALID_PATH' },
  ...DIRECTIONS.map(
    (consDir): RouterRow => ({
      name: `at the last hop, ${way(consDir)}`,
      links: UP,
      path: atEnd(consDir),
      dst: HERE,
      reason: 'LOCAL_DELIVERY',
    }),
  ),
  ...[1, 30, 60].map(
    (currHf): RouterRow => ({
      name: `at hop field ${currHf} of 64`,
      links: ['core', 'core'],
      path: longest(currHf),
      reason: 'FORWARDED',
    }),
  ),
  { name: 'where 64 hop fields change segments', links: ['core', 'child'], path: longest(61), reason: 'FORWARDED' },
  { name: '65 hop fields', links: ['core', 'core'], path: longest(30), edit: oneHopFieldMore, reason: 'MALFORMED_PATH' },
];

/** ExpTime 0: the hop field lives for 337.5 s. */
const brief = (path: PathHere): PathHere => ({ ...path, expTime: 0 });
const AFTER = TIMESTAMP + 338.5;
const BEFORE = TIMESTAMP + 336.5;

// biome-ignore format: one row a case
const time: RouterRow[] = [
  { name: 'a second before the hop field expires', links: UP, path: brief(straight(true)), now: BEFORE, reason: 'FORWARDED' },
  { name: 'a second after the hop field expired', links: UP, path: brief(straight(true)), now: AFTER, reason: 'EXPIRED_HOP' },
  { name: 'a second before the hop fields of a segment change expire', links: ['child', 'child'], path: brief(crossing(false, true)), now: BEFORE, reason: 'FORWARDED' },
  // The highest byte of the timestamp: half a year older.
  { name: 'the hop field in the next segment expired, but not the current one', links: ['child', 'child'], path: crossing(false, true), edit: infoByte(1, 4, 0x01), reason: 'EXPIRED_HOP' },
  { name: 'with the longest life, a day', links: UP, path: { ...straight(true), expTime: 255 }, now: TIMESTAMP + 86_399, reason: 'FORWARDED' },
  { name: 'a second older than a day', links: UP, path: { ...straight(true), expTime: 255 }, now: TIMESTAMP + 86_401, reason: 'EXPIRED_HOP' },
];

// biome-ignore format: one row a case
const macs: RouterRow[] = [0, 1, 2, 3, 4, 5].flatMap((at): RouterRow[] => [
  { name: `byte ${at} of the current MAC wrong`, links: UP, path: straight(true), edit: hopByte(1, 6 + at), reason: 'BAD_MAC' },
  { name: `byte ${at} of the MAC behind a segment change wrong`, links: ['child', 'child'], path: crossing(false, true), edit: hopByte(2, 6 + at, 2), reason: 'BAD_MAC' },
]);

// biome-ignore format: one row a case
const fields: RouterRow[] = [
  { name: 'SegID wrong', links: UP, path: straight(true), edit: infoByte(0, 3), reason: 'BAD_MAC' },
  { name: 'timestamp changed', links: UP, path: straight(true), edit: infoByte(0, 7), reason: 'BAD_MAC' },
  { name: 'direction flag flipped', links: UP, path: straight(true), edit: infoByte(0, 0), reason: 'WRONG_INGRESS' },
  { name: 'peering flag set', links: UP, path: straight(true), edit: infoByte(0, 0, 2), reason: 'MALFORMED_PATH' },
  { name: 'reserved bits of an info field set', links: UP, path: straight(true), edit: infoByte(0, 1, 0xff), reason: 'FORWARDED' },
  { name: 'ExpTime changed', links: UP, path: straight(true), edit: hopByte(1, 1), reason: 'BAD_MAC' },
  { name: 'egress interface changed', links: UP, path: straight(true), edit: hopByte(1, 5), reason: 'BAD_MAC' },
  { name: 'ingress interface changed', links: UP, path: straight(true), edit: hopByte(1, 3), reason: 'WRONG_INGRESS' },
  { name: 'another hop field’s MAC, where nobody looks', links: UP, path: straight(true), edit: hopByte(2, 6), reason: 'FORWARDED' },
  { name: 'in by another interface than the hop field says', links: UP, path: straight(true), ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'egress interface that the AS has not', links: UP, path: { segments: [{ consDir: true, hops: [[0, 9], [1, 5], [8, 0]] }], currHf: 1 }, reason: 'UNKNOWN_EGRESS' },
  { name: 'egress interface 0', links: UP, path: { segments: [{ consDir: true, hops: [[0, 9], [1, 0], [8, 0]] }], currHf: 1 }, reason: 'UNKNOWN_EGRESS' },
  { name: 'back out by the interface it came in by', links: ['core', 'core'], path: { segments: [{ consDir: true, hops: [[0, 9], [1, 1], [8, 0]] }], currHf: 1 }, egress: 1, reason: 'FORWARDED' },
  { name: 'from outside in this AS’s name', links: UP, path: straight(true), src: HERE, reason: 'SOURCE_IA' },
  { name: 'for this AS before the path’s end', links: UP, path: straight(true), dst: HERE, reason: 'DESTINATION_IA' },
  { name: 'for another AS at the path’s end', links: UP, path: atEnd(true), dst: ELSEWHERE, reason: 'DESTINATION_IA' },
  { name: 'router alert at the ingress', links: UP, path: { ...straight(true), ingressAlert: true }, reason: 'INGRESS_ALERT' },
  { name: 'router alert at the egress', links: UP, path: { ...straight(true), egressAlert: true }, reason: 'EGRESS_ALERT' },
  { name: 'router alert at the ingress, against construction direction', links: UP, path: { ...straight(false), egressAlert: true }, reason: 'INGRESS_ALERT' },
  { name: 'router alert at the egress, against construction direction', links: UP, path: { ...straight(false), ingressAlert: true }, reason: 'EGRESS_ALERT' },
  { name: 'egress link down', links: UP, path: straight(true), egressDown: true, reason: 'EGRESS_DOWN' },
  { name: 'as long as the egress link takes', links: UP, path: straight(true), mtu: 120, payload: zeros(8), reason: 'FORWARDED' },
  { name: 'a byte longer than the egress link takes', links: UP, path: straight(true), mtu: 120, payload: zeros(9), reason: 'TOO_BIG' },
  { name: 'CurrHF in another segment than CurrINF', links: ['core', 'child'], path: crossing(true, true), edit: position(1, 1), reason: 'MALFORMED_PATH' },
  { name: 'CurrHF beyond the path', links: UP, path: straight(true), edit: position(0, 3), reason: 'MALFORMED_PATH' },
  { name: 'CurrINF beyond the path', links: UP, path: straight(true), edit: position(3, 1), reason: 'MALFORMED_PATH' },
  { name: 'no segment', links: UP, path: straight(true), edit: both(scionByte(38, 0), scionByte(37, 0)), reason: 'MALFORMED_PATH' },
];

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

/** IPv4 to IPv6 hosts, any payload length, and what an extension may be. */
// biome-ignore format: one row a case
const contents: RouterRow[] = [
  ...[0, 1, 7, 255, 1001].map(
    (count): RouterRow => ({
      name: `a payload of ${count} bytes`,
      links: UP,
      path: straight(true),
      payload: zeros(count),
      reason: 'FORWARDED',
    }),
  ),
  { name: 'an IPv6 source host', links: UP, path: straight(true), srcHost: 'fd00::1', reason: 'FORWARDED' },
  { name: 'IPv6 hosts at both ends', links: UP, path: straight(false), srcHost: 'fd00::1', dstHost: 'fd00::2', reason: 'FORWARDED' },
  { name: 'a hop-by-hop extension', links: UP, path: straight(true), nextHeader: 200, payload: [17, 0, 1, 0, 9, 9], reason: 'FORWARDED' },
  { name: 'an end-to-end extension', links: UP, path: straight(true), nextHeader: 201, payload: [17, 1, 1, 4, 0, 0, 0, 0, 9], reason: 'FORWARDED' },
  { name: 'both extensions in their order', links: UP, path: straight(true), nextHeader: 200, payload: [201, 0, 0, 0, 17, 0, 0, 0], reason: 'FORWARDED' },
  { name: 'both extensions in the wrong order', links: UP, path: straight(true), nextHeader: 201, payload: [200, 0, 0, 0, 17, 0, 0, 0], reason: 'BAD_EXTENSION' },
  { name: 'two hop-by-hop extensions', links: UP, path: straight(true), nextHeader: 200, payload: [200, 0, 0, 0, 17, 0, 0, 0], reason: 'BAD_EXTENSION' },
  { name: 'two end-to-end extensions', links: UP, path: straight(true), nextHeader: 201, payload: [201, 0, 0, 0, 17, 0, 0, 0], reason: 'BAD_EXTENSION' },
  { name: 'an extension longer than the packet', links: UP, path: straight(true), nextHeader: 201, payload: [17, 2, 0, 0, 0, 0, 0, 0], reason: 'BAD_EXTENSION' },
  { name: 'half an extension', links: UP, path: straight(true), nextHeader: 201, payload: [17], reason: 'BAD_EXTENSION' },
  { name: 'no extension where one is said to be', links: UP, path: straight(true), nextHeader: 200, payload: [], reason: 'BAD_EXTENSION' },
];

const at = { links: UP, path: straight(true) } as const;

// biome-ignore format: one row a case
const lies: RouterRow[] = [
  { name: 'HdrLen a line too long', ...at, edit: headerLength(1), reason: 'PACKET_SIZE' },
  { name: 'HdrLen longer than the packet', ...at, edit: headerLength(3), reason: 'TRUNCATED' },
  { name: 'HdrLen a line too short', ...at, edit: headerLength(-1), reason: 'MALFORMED_PATH' },
  { name: 'HdrLen inside the addresses', ...at, edit: scionByte(5, 8), reason: 'MALFORMED_PATH' },
  { name: 'HdrLen 0', ...at, edit: scionByte(5, 0), reason: 'MALFORMED_PATH' },
  { name: 'PayloadLen too long', ...at, edit: payloadLength(1), reason: 'PACKET_SIZE' },
  { name: 'PayloadLen too short', ...at, edit: payloadLength(-1), reason: 'PACKET_SIZE' },
  { name: 'IPv4 total length too long', ...at, edit: ipLength(1), reason: 'UNDERLAY_LENGTH' },
  { name: 'IPv4 total length too short', ...at, edit: ipLength(-1), reason: 'UNDERLAY_LENGTH' },
  { name: 'UDP length too long', ...at, edit: udpLength(1), reason: 'UNDERLAY_LENGTH' },
  { name: 'UDP length too short', ...at, edit: udpLength(-1), reason: 'UNDERLAY_LENGTH' },
  { name: 'UDP length below its header', ...at, edit: both(byte(38, 0), byte(39, 7)), reason: 'UNDERLAY_LENGTH' },
  { name: 'both lengths beyond the frame', ...at, edit: bothLengths(1), reason: 'UNDERLAY_LENGTH' },
  { name: 'both lengths a byte short of the packet', ...at, edit: bothLengths(-1), reason: 'PACKET_SIZE' },
  { name: 'a frame cut by its last byte', ...at, edit: (frame) => cutTo(frame.length - 1)(frame), reason: 'UNDERLAY_LENGTH' },
  { name: 'a frame padded at its end', ...at, edit: padded(5), reason: 'FORWARDED' },
];

/** A link's frames carry no tag; who tags them means another network, which is the kernel's to know. */
// biome-ignore format: one row a case
const underlay: RouterRow[] = [
  { name: 'a VLAN tag', ...at, edit: tagged(0x8100), reason: 'NONE' },
  { name: 'a provider’s and a customer’s VLAN tag', ...at, edit: tagged(0x88a8, 0x8100), reason: 'NONE' },
  { name: 'IPv4 options', ...at, edit: withIpOptions, reason: 'NONE' },
  { name: 'the first fragment', ...at, edit: byte(20, 0x20), reason: 'UNDERLAY_FRAGMENT' },
  { name: 'a later fragment', ...at, edit: both(byte(20, 0x20), byte(21, 0x10)), reason: 'NONE' },
  { name: 'the last fragment', ...at, edit: both(byte(20, 0x00), byte(21, 0x10)), reason: 'NONE' },
  { name: 'an IPv6 frame', ...at, edit: both(byte(12, 0x86), byte(13, 0xdd)), reason: 'NONE' },
  { name: 'TCP', ...at, edit: byte(23, 6), reason: 'NONE' },
  { name: 'another destination address', ...at, edit: byte(33, 99), reason: 'NONE' },
  { name: 'another destination port', ...at, edit: byte(37, 99), reason: 'NONE' },
  { name: 'not from the far end’s address', ...at, edit: byte(29, 99), reason: 'UNDERLAY_SOURCE' },
  { name: 'not from the far end’s port', ...at, edit: byte(35, 99), reason: 'UNDERLAY_SOURCE' },
];

// biome-ignore format: one row a case
const otherKinds: RouterRow[] = [
  { name: 'version 1', ...at, edit: scionByte(0, 0x10), reason: 'UNKNOWN_VERSION' },
  { name: 'an empty path', ...at, edit: scionByte(8, 0), reason: 'UNSUPPORTED_PATH' },
  { name: 'a one-hop path', ...at, edit: scionByte(8, 2), reason: 'ONE_HOP_PATH' },
  { name: 'an EPIC path', ...at, edit: scionByte(8, 3), reason: 'EPIC_PATH' },
  { name: 'an unknown path type', ...at, edit: scionByte(8, 4), reason: 'UNSUPPORTED_PATH' },
];

export const BORDER_ROUTER_ROWS: readonly RouterRow[] = [
  ...linkTypes,
  ...shapes,
  ...time,
  ...macs,
  ...fields,
  ...contents,
  ...lies,
  ...underlay,
  ...otherKinds,
  ...POSITION_ROWS,
];
