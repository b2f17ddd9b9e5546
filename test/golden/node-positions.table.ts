/** What node_wan is to do wherever on a path a packet stands: more rows of node-wan.table.ts. */
import { both, byte, type Edit, hopByte, scionByte, tagged, withIpOptions } from './edits.ts';
import { innerPacket } from './inner.ts';
import { NODE } from './node-bench.ts';
import type { NodeRow } from './node-wan.table.ts';
import { atEnd, atStart, crossing, intoPeering, outOfPeering, type PathHere, straight } from './paths.ts';
import { atEndBehindPeering, atEndOf, atEndOfLongest, atStartOfLongest, inSegmentOf } from './positions.ts';
import { HERE, TIMESTAMP } from './row.ts';

const UP = ['child', 'parent'] as const;
const KINDS = ['core', 'parent', 'child', 'peer'] as const;
const DIRECTIONS = [true, false] as const;
const way = (consDir: boolean) => (consDir ? 'in construction direction' : 'against construction direction');
const pairs = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));

const IN_SEGMENT = ['core core', 'child parent', 'parent child', 'child peer', 'peer child'];
const ACROSS_SEGMENTS = ['core child', 'child core', 'child child'];

/** Over interface 5, the sibling's. */
const toSibling = (consDir: boolean): PathHere => {
  const hops = [
    [0, 9],
    [1, 5],
    [8, 0],
  ] as const;
  return { segments: [{ consDir, hops }], currHf: 1 };
};

const linkTypes: NodeRow[] = pairs.flatMap((links): NodeRow[] => {
  const [first, second] = links;
  const within = IN_SEGMENT.includes(links.join(' '));
  const across = ACROSS_SEGMENTS.includes(links.join(' ')) ? 'FORWARDED' : 'INVALID_SEGMENT_CHANGE';
  return [
    ...DIRECTIONS.flatMap((consDir): NodeRow[] => [
      {
        name: `node: ${links.join(' to ')} within a segment, ${way(consDir)}`,
        links,
        from: 1,
        path: straight(consDir),
        reason: within ? 'FORWARDED' : 'INVALID_PATH',
      },
      {
        name: `node: ${links.join(' to ')} of the sibling within a segment, ${way(consDir)}`,
        links: [first, 'core'],
        siblingLink: second,
        from: 1,
        path: toSibling(consDir),
        toSibling: true,
        reason: within ? 'TO_SIBLING' : 'INVALID_PATH',
      },
    ]),
    {
      name: `node: ${links.join(' to ')} across segments`,
      links,
      from: 1,
      path: crossing(false, true),
      reason: across,
    },
  ];
});

/** To a pod of this node, from one of another AS. */
const arrived = (name: string, path: PathHere, reason: NodeRow['reason'], payload = innerPacket()): NodeRow => ({
  name: `node: ${name}`,
  links: UP,
  from: 1,
  path,
  dst: HERE,
  dstHost: NODE.address,
  payload: [...payload],
  reason,
});

const inSegments: NodeRow[] = ([2, 3] as const).flatMap((count) =>
  DIRECTIONS.flatMap((consDir): NodeRow[] => [
    ...Array.from(
      { length: count },
      (_, index): NodeRow => ({
        name: `node: in segment ${index + 1} of ${count}, ${way(consDir)}`,
        links: ['core', 'core'],
        from: 1,
        path: inSegmentOf(count, index, consDir),
        reason: 'FORWARDED',
      }),
    ),
    arrived(`a pod’s packet at the end of ${count} segments, ${way(consDir)}`, atEndOf(count, consDir), 'DECAPSULATED'),
  ]),
);

// biome-ignore format: one row a case
const ends: NodeRow[] = [
  arrived('a pod’s packet, against construction direction', atEnd(false), 'DECAPSULATED'),
  arrived('a pod’s packet from behind a peering link', atEndBehindPeering, 'DECAPSULATED'),
  arrived('a pod’s packet behind 64 hop fields', atEndOfLongest, 'DECAPSULATED'),
  { name: 'node: from a host, the first of 63 hop fields', links: UP, from: 'host', path: atStartOfLongest, src: HERE, reason: 'FORWARDED' },
  ...[0, 1, 255, 1001].map((count): NodeRow => arrived(`a pod’s packet with ${count} bytes of payload`, atEnd(true), 'DECAPSULATED', innerPacket({ payload: new Array<number>(count).fill(7) }))),
  // Interface 2 is not where the hop field says that it comes in by.
  { ...arrived('a pod’s packet, in by another interface', { segments: [{ consDir: true, hops: [[0, 9], [2, 0]] }], currHf: 1 }, 'WRONG_INGRESS') },
];

const brief = (path: PathHere): PathHere => ({ ...path, expTime: 0 });

/** Where a hop field's time is looked at, and what becomes of it a second before. ExpTime 0 is 337.5 s. */
const timed: readonly NodeRow[] = [
  { name: 'over its own links', links: UP, from: 1, path: straight(true), reason: 'FORWARDED' },
  { name: 'from a host', links: UP, from: 'host', path: atStart(true), src: HERE, reason: 'FORWARDED' },
  {
    name: 'to the sibling',
    links: UP,
    siblingLink: 'parent',
    from: 1,
    path: toSibling(true),
    toSibling: true,
    reason: 'TO_SIBLING',
  },
  {
    name: 'where segments change',
    links: ['child', 'child'],
    from: 1,
    path: crossing(false, true),
    reason: 'FORWARDED',
  },
  { name: 'up to a peering link', links: ['child', 'peer'], from: 1, path: intoPeering, reason: 'FORWARDED' },
  { name: 'down from a peering link', links: ['peer', 'child'], from: 1, path: outOfPeering, reason: 'FORWARDED' },
  { ...arrived('', atEnd(true), 'DECAPSULATED'), name: 'to a pod' },
];

const time: NodeRow[] = timed.flatMap((row): NodeRow[] => [
  { ...row, name: `node: expires in a second, ${row.name}`, path: brief(row.path), now: TIMESTAMP + 336.5 },
  {
    ...row,
    name: `node: expired a second ago, ${row.name}`,
    path: brief(row.path),
    now: TIMESTAMP + 338.5,
    reason: 'EXPIRED_HOP',
  },
]);

const wrongMac = (name: string, row: Omit<NodeRow, 'name' | 'from' | 'reason'>, edit: Edit): NodeRow => ({
  name: `node: the MAC wrong, ${name}`,
  from: 1,
  ...row,
  edit,
  reason: 'BAD_MAC',
});

const macs: NodeRow[] = [
  ...DIRECTIONS.map((consDir) => wrongMac(way(consDir), { links: UP, path: straight(consDir) }, hopByte(1, 11))),
  wrongMac('before a segment change', { links: ['child', 'child'], path: crossing(false, true) }, hopByte(1, 11, 2)),
  wrongMac('behind a segment change', { links: ['child', 'child'], path: crossing(false, true) }, hopByte(2, 11, 2)),
  wrongMac('up to a peering link', { links: ['child', 'peer'], path: intoPeering }, hopByte(1, 11, 2)),
  wrongMac('down from a peering link', { links: ['peer', 'child'], path: outOfPeering }, hopByte(2, 11, 2)),
  wrongMac('on the way to the sibling', { links: UP, siblingLink: 'parent', path: toSibling(true) }, hopByte(1, 11)),
];

const lies: NodeRow[] = [
  { ...arrived('a pod’s packet, HdrLen a line too long', atEnd(true), 'PACKET_SIZE'), edit: headerWords(1) },
  { ...arrived('a pod’s packet, HdrLen a line too short', atEnd(true), 'MALFORMED_PATH'), edit: headerWords(-1) },
  { ...arrived('a pod’s packet, HdrLen longer than the packet', atEnd(true), 'TRUNCATED'), edit: scionByte(5, 255) },
  { ...arrived('a pod’s packet, HdrLen 0', atEnd(true), 'MALFORMED_PATH'), edit: scionByte(5, 0) },
];

function headerWords(by: number): Edit {
  return (frame) => scionByte(5, frame[42 + 5]! + by)(frame);
}

const own = { links: UP, from: 1, path: straight(true) } as const;
const internal = { links: UP, from: 'host', path: atStart(true), src: HERE } as const;

// biome-ignore format: one row a case
const underlay: NodeRow[] = [
  { name: 'node: two VLAN tags', ...own, edit: tagged(0x88a8, 0x8100), reason: 'NONE' },
  { name: 'node: a VLAN tag on the AS’s network', ...internal, edit: tagged(0x8100), reason: 'NONE' },
  { name: 'node: IPv4 options', ...own, edit: withIpOptions, reason: 'NONE' },
  { name: 'node: IPv4 options on the AS’s network', ...internal, edit: withIpOptions, reason: 'NONE' },
  { name: 'node: the first fragment', ...own, edit: byte(20, 0x20), reason: 'UNDERLAY_FRAGMENT' },
  { name: 'node: a later fragment', ...own, edit: both(byte(20, 0x20), byte(21, 0x10)), reason: 'NONE' },
  { name: 'node: the last fragment, on the AS’s network', ...internal, edit: both(byte(20, 0), byte(21, 0x10)), reason: 'NONE' },
  { name: 'node: an IPv6 frame', ...own, edit: both(byte(12, 0x86), byte(13, 0xdd)), reason: 'NONE' },
  { name: 'node: not from the far end’s address', ...own, edit: byte(29, 99), reason: 'UNDERLAY_SOURCE' },
];

export const NODE_POSITION_ROWS: readonly NodeRow[] = [
  ...linkTypes,
  ...inSegments,
  ...ends,
  ...time,
  ...macs,
  ...lies,
  ...underlay,
];
