/**
 * What node_wan is to do with a packet: one row a case. Interfaces 1 and 2 are the node's own, 5 the other node's (its
 * sibling router).
 */
import type { Reason } from '../../src/dataplane/counters.ts';
import type { Neighbour } from '../model/router.ts';
import { byte, type Edit, scionByte, tagged, udpLength } from './edits.ts';
import { ICMP, innerPacket, TCP, tcpSegment } from './inner.ts';
import { NODE, SIBLING } from './node-bench.ts';
import { NODE_POSITION_ROWS } from './node-positions.table.ts';
import { atEnd, atStart, crossing, intoPeering, outOfPeering, type PathHere, straight } from './paths.ts';
import { type Described, DST, ELSEWHERE, HERE, SRC } from './row.ts';

export interface NodeRow extends Described {
  readonly name: string;
  readonly links: readonly [Neighbour, Neighbour];
  /** Of the neighbour at the sibling's interface; core unless given. */
  readonly siblingLink?: Neighbour;
  /** By interface 1; from the sibling router or a host of the AS to the router's port; or from the sibling to the host port. */
  readonly from: 1 | 'sibling' | 'host' | 'sibling to host' | 'host to host';
  /** Unix seconds; a minute after the path was made unless given. */
  readonly now?: number;
  readonly edit?: Edit;
  readonly reason: Reason | 'NONE';
}

const UP = ['child', 'parent'] as const;
const SIBLINGS = 5;
const way = (consDir: boolean) => (consDir ? 'in construction direction' : 'against construction direction');
const DIRECTIONS = [true, false] as const;

const through = (consDir: boolean, ingress: number, egress: number, fromInside = false): PathHere => ({
  segments: [
    {
      consDir,
      hops: [
        [0, 9],
        [ingress, egress],
        [8, 0],
      ],
    },
  ],
  currHf: 1,
  fromInside,
});

/** At the first hop field behind a change of segments that the sibling made. */
const crossedBySibling: PathHere = {
  segments: [
    {
      consDir: false,
      hops: [
        [0, 9],
        [SIBLINGS, 0],
      ],
    },
    {
      consDir: true,
      hops: [
        [0, 2],
        [8, 0],
      ],
    },
  ],
  currHf: 2,
  fromInside: true,
};

const crossingToSibling: PathHere = {
  segments: [
    {
      consDir: false,
      hops: [
        [0, 9],
        [1, 0],
      ],
    },
    {
      consDir: true,
      hops: [
        [0, SIBLINGS],
        [8, 0],
      ],
    },
  ],
  currHf: 1,
};

// biome-ignore format: one row a case
const routed: NodeRow[] = [
  ...DIRECTIONS.flatMap((consDir): NodeRow[] => [
    {
      name: `node: from a host, first hop, ${way(consDir)}`,
      links: UP,
      from: 'host',
      path: atStart(consDir),
      src: HERE,
      reason: 'FORWARDED',
    },
    {
      name: `node: in transit over its own links, ${way(consDir)}`,
      links: UP,
      from: 1,
      path: straight(consDir),
      reason: 'FORWARDED',
    },
    {
      name: `node: in by its own link and out by the sibling’s, ${way(consDir)}`,
      links: ['core', 'core'],
      from: 1,
      path: through(consDir, 1, SIBLINGS),
      toSibling: true,
      reason: 'TO_SIBLING',
    },
    {
      name: `node: from the sibling and out by its own link, ${way(consDir)}`,
      links: ['core', 'core'],
      from: 'sibling',
      path: through(consDir, SIBLINGS, 2, true),
      reason: 'FORWARDED',
    },
    {
      name: `node: from the sibling, but in by another interface, ${way(consDir)}`,
      links: ['core', 'core'],
      from: 'sibling',
      path: through(consDir, 1, 2, true),
      reason: 'TRANSIT_SOURCE',
    },
    {
      name: `node: from a host as if in transit, ${way(consDir)}`,
      links: ['core', 'core'],
      from: 'host',
      path: through(consDir, SIBLINGS, 2, true),
      reason: 'TRANSIT_SOURCE',
    },
  ]),
  { name: 'node: a change of segments', links: ['child', 'child'], from: 1, path: crossing(false, true), reason: 'FORWARDED' },
  { name: 'node: a change of segments, out by the sibling’s link', links: ['child', 'child'], siblingLink: 'child', from: 1, path: crossingToSibling, toSibling: true, reason: 'TO_SIBLING' },
  { name: 'node: behind a change of segments by the sibling', links: ['child', 'child'], siblingLink: 'child', from: 'sibling', path: crossedBySibling, reason: 'FORWARDED' },
  { name: 'node: behind a change of segments, from a host', links: ['child', 'child'], siblingLink: 'child', from: 'host', path: crossedBySibling, reason: 'TRANSIT_SOURCE' },
  { name: 'node: into a peering link', links: ['child', 'peer'], from: 1, path: intoPeering, reason: 'FORWARDED' },
  { name: 'node: out of a peering link', links: ['peer', 'child'], from: 1, path: outOfPeering, reason: 'FORWARDED' },
  { name: 'node: from a host in another AS’s name', links: UP, from: 'host', path: atStart(true), src: ELSEWHERE, reason: 'SOURCE_IA' },
  { name: 'node: from a host to its own AS', links: UP, from: 'host', path: atStart(true), src: HERE, dst: HERE, reason: 'DESTINATION_IA' },
  { name: 'node: from an IPv6 host', links: UP, from: 'host', path: atStart(true), src: HERE, srcHost: 'fd00::1', reason: 'FORWARDED' },
  { name: 'node: from a host out by interface 0, which is no interface', links: UP, from: 'host', path: atStart(true, 0), src: HERE, reason: 'PATH_END' },
  { name: 'node: from the sibling out by interface 0', links: UP, from: 'sibling', path: through(true, SIBLINGS, 0, true), reason: 'PATH_END' },
  { name: 'node: from a host over the sibling’s link', links: UP, from: 'host', path: atStart(true, SIBLINGS), src: HERE, reason: 'UNKNOWN_EGRESS' },
  { name: 'node: a wrong MAC at the first hop', links: UP, from: 'host', path: atStart(true), src: HERE, edit: scionByte(36 + 4 + 8 + 6, 0), reason: 'BAD_MAC' },
];

/** To a pod of this node, from one of SRC. */
const arrived = (name: string, payload: Uint8Array, reason: NodeRow['reason']): NodeRow => ({
  name: `node: ${name}`,
  links: UP,
  from: 1,
  path: atEnd(true),
  dst: HERE,
  dstHost: NODE.address,
  payload: [...payload],
  reason,
});

/** With byte `at` changed to `value`. */
const lying = (at: number, value: number) => innerPacket().with(at, value);

// biome-ignore format: one row a case
const delivered: NodeRow[] = [
  arrived('a pod’s UDP packet', innerPacket(), 'DECAPSULATED'),
  arrived('a pod’s TCP segment', innerPacket({ protocol: TCP, payload: tcpSegment([], 0x10, [1, 2, 3]) }), 'DECAPSULATED'),
  arrived('a pod’s ping', innerPacket({ protocol: ICMP }), 'DECAPSULATED'),
  arrived('a pod’s packet of a protocol that nobody knows', innerPacket({ protocol: 253 }), 'DECAPSULATED'),
  arrived('a pod’s packet with IP options', innerPacket({ options: [1, 1, 1, 0] }), 'DECAPSULATED'),
  arrived('a pod’s first fragment', innerPacket({ moreFragments: true }), 'DECAPSULATED'),
  arrived('a pod’s last fragment', innerPacket({ fragmentOffset: 185 }), 'DECAPSULATED'),
  // The kernel decrements it and tells the sender.
  arrived('a pod’s packet with a TTL of 1', innerPacket({ ttl: 1 }), 'DECAPSULATED'),
  arrived('a pod’s packet of odd length', innerPacket({ payload: [1, 2, 3, 4, 5, 6, 7] }), 'DECAPSULATED'),
  arrived('a pod’s packet from another AS’s pod', innerPacket({ src: '10.3.1.2' }), 'INNER_SPOOFED'),
  arrived('a pod’s packet from one of this node’s pods', innerPacket({ src: '10.2.1.9' }), 'INNER_SPOOFED'),
  arrived('a pod’s packet from an address that is no pod’s', innerPacket({ src: '8.8.8.8' }), 'INNER_SPOOFED'),
  arrived('a pod’s packet for the node itself', innerPacket({ dst: NODE.address }), 'INNER_DESTINATION'),
  arrived('a pod’s packet for another node’s pod', innerPacket({ dst: '10.2.2.2' }), 'INNER_DESTINATION'),
  arrived('a pod’s multicast packet', innerPacket({ dst: '224.0.0.1' }), 'INNER_DESTINATION'),
  arrived('a pod’s broadcast', innerPacket({ dst: '255.255.255.255' }), 'INNER_DESTINATION'),
  arrived('nothing for a pod', new Uint8Array(0), 'INNER_MALFORMED'),
  arrived('an IPv6 packet for a pod', lying(0, 0x65), 'INNER_MALFORMED'),
  arrived('a pod’s packet with a header of 16 bytes', lying(0, 0x44), 'INNER_MALFORMED'),
  arrived('a pod’s packet with a header longer than itself', lying(0, 0x4f), 'INNER_MALFORMED'),
  arrived('a pod’s packet that says it is longer', lying(3, 29), 'INNER_MALFORMED'),
  arrived('a pod’s packet that says it is shorter', lying(3, 27), 'INNER_MALFORMED'),
  arrived('half an IP header for a pod', innerPacket().subarray(0, 19), 'INNER_MALFORMED'),
  { ...arrived('a pod’s packet, padded on the wire', innerPacket(), 'DECAPSULATED'), edit: (frame) => Uint8Array.from([...frame, 0, 0, 0]) },
  { ...arrived('half an IP header, the rest of it in the padding', innerPacket().with(3, 10).subarray(0, 10), 'INNER_MALFORMED'), edit: (frame) => Uint8Array.from([...frame, ...innerPacket().subarray(10)]) },
  { ...arrived('a pod’s packet by way of the sibling', innerPacket(), 'DECAPSULATED'), from: 'sibling to host' },
  { ...arrived('a pod’s packet for this node from no router of the AS', innerPacket(), 'UNDERLAY_SOURCE'), from: 'host to host' },
  { ...arrived('a pod’s packet by way of the sibling for another AS', innerPacket(), 'DESTINATION_IA'), from: 'sibling to host', dst: DST },
  { ...arrived('a pod’s packet by way of the sibling, not at the end of its path', innerPacket(), 'DESTINATION_IA'), from: 'sibling to host', path: straight(true) },
  { ...arrived('a pod’s packet by way of the sibling for yet another node', innerPacket(), 'LOCAL_DELIVERY'), from: 'sibling to host', dstHost: SIBLING.address },
  { ...arrived('a pod’s packet by way of the sibling, PayloadLen wrong', innerPacket(), 'PACKET_SIZE'), from: 'sibling to host', edit: scionByte(7, 99) },
  ...DIRECTIONS.map(
    (consDir): NodeRow => ({
      ...arrived(`a packet for the other node of the AS, ${way(consDir)}`, innerPacket(), 'TO_SIBLING'),
      path: atEnd(consDir),
      dstHost: SIBLING.address,
    }),
  ),
  { ...arrived('UDP for this node', innerPacket(), 'LOCAL_DELIVERY'), nextHeader: 17 },
  { ...arrived('a packet for a host that is no node', innerPacket(), 'LOCAL_DELIVERY'), dstHost: '10.2.0.99' },
  { ...arrived('a packet for an IPv6 host', innerPacket(), 'LOCAL_DELIVERY'), dstHost: 'fd00::1' },
  { ...arrived('a pod’s packet with a wrong MAC', innerPacket(), 'BAD_MAC'), edit: scionByte(36 + 4 + 8 + 12 + 6, 0) },
  { ...arrived('a pod’s packet behind an extension that nobody here reads', innerPacket(), 'LOCAL_DELIVERY'), nextHeader: 201, payload: [253, 0, 1, 0, ...innerPacket()] },
];

// biome-ignore format: one row a case
const underlay: NodeRow[] = [
  { name: 'node: a VLAN tag', links: UP, from: 1, path: straight(true), edit: tagged(0x8100), reason: 'NONE' },
  { name: 'node: a fragment', links: UP, from: 'sibling', path: through(true, SIBLINGS, 2, true), edit: byte(20, 0x20), reason: 'UNDERLAY_FRAGMENT' },
  { name: 'node: lengths that disagree', links: UP, from: 'sibling', path: through(true, SIBLINGS, 2, true), edit: udpLength(1), reason: 'UNDERLAY_LENGTH' },
  { name: 'node: another port on the AS’s network', links: UP, from: 'host', path: atStart(true), src: HERE, edit: byte(37, 1), reason: 'NONE' },
  { name: 'node: another address on the AS’s network', links: UP, from: 'host', path: atStart(true), src: HERE, edit: byte(33, 9), reason: 'NONE' },
];

export const NODE_WAN_ROWS: readonly NodeRow[] = [...routed, ...delivered, ...underlay, ...NODE_POSITION_ROWS];

/** Whose pods have 10.1.1.0/24. */
export const REMOTE = SRC;
