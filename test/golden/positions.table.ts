/** What border_router is to do wherever on a path a packet stands: more rows of border-router.table.ts. */
import type { RouterRow } from './border-router.table.ts';
import { hopByte, infoByte, scionByte } from './edits.ts';
import {
  atEnd,
  crossing,
  intoPeering,
  longest,
  outOfPeering,
  type PathHere,
  secondCrossing,
  straight,
} from './paths.ts';
import { atEndBehindPeering, atEndOf, atStartFromOutside, changing, inSegmentOf } from './positions.ts';
import { ELSEWHERE, HERE, TIMESTAMP } from './row.ts';

const UP = ['child', 'parent'] as const;
const KINDS = ['core', 'parent', 'child', 'peer'] as const;
const DIRECTIONS = [true, false] as const;
const way = (consDir: boolean) => (consDir ? 'in construction direction' : 'against construction direction');
const pairs = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));

/** At the link that two segments peer over, the packet leaves no segment: the rule is that within one. */
const AT_PEERING = ['core core', 'child parent', 'parent child', 'child peer', 'peer child'];

const peeringLinkTypes: RouterRow[] = pairs.flatMap((links) =>
  [['up to', intoPeering] as const, ['down from', outOfPeering] as const].map(
    ([where, path]): RouterRow => ({
      name: `${links.join(' to ')} where two segments peer, ${where} their link`,
      links,
      path,
      reason: AT_PEERING.includes(links.join(' ')) ? 'FORWARDED' : 'INVALID_PATH',
    }),
  ),
);

const segments: RouterRow[] = DIRECTIONS.flatMap((consDir): RouterRow[] => [
  ...([0, 1] as const).map(
    (index): RouterRow => ({
      name: `in segment ${index + 1} of two, ${way(consDir)}`,
      links: ['core', 'core'],
      path: inSegmentOf(2, index, consDir),
      reason: 'FORWARDED',
    }),
  ),
  ...([0, 1] as const).flatMap((index) =>
    DIRECTIONS.map(
      (next): RouterRow => ({
        name: `from segment ${index + 1} of three, ${way(consDir)}, into the next, ${way(next)}`,
        links: ['core', 'child'],
        path: changing(index, consDir, next),
        reason: 'FORWARDED',
      }),
    ),
  ),
  ...([2, 3] as const).map(
    (count): RouterRow => ({
      name: `at the last hop of ${count} segments, ${way(consDir)}`,
      links: UP,
      path: atEndOf(count, consDir),
      dst: HERE,
      reason: 'LOCAL_DELIVERY',
    }),
  ),
  {
    name: `at the first hop, but from outside, ${way(consDir)}`,
    links: UP,
    path: atStartFromOutside(consDir),
    reason: 'WRONG_INGRESS',
  },
]);

// biome-ignore format: one row a case
const ends: RouterRow[] = [
  { name: 'at the last hop behind a peering link', links: UP, path: atEndBehindPeering, dst: HERE, reason: 'LOCAL_DELIVERY' },
  { name: 'for another AS at the end of three segments', links: UP, path: atEndOf(3, true), dst: ELSEWHERE, reason: 'DESTINATION_IA' },
  { name: 'from outside in this AS’s name, against construction direction', links: UP, path: straight(false), src: HERE, reason: 'SOURCE_IA' },
  { name: 'for this AS before the path’s end, against construction direction', links: UP, path: straight(false), dst: HERE, reason: 'DESTINATION_IA' },
  { name: 'for this AS where it changes segments', links: ['child', 'child'], path: crossing(false, true), dst: HERE, reason: 'DESTINATION_IA' },
  { name: 'a third segment without a second', links: UP, path: straight(true), edit: scionByte(39, 1), reason: 'MALFORMED_PATH' },
];

/** ExpTime 0: a hop field lives for 337.5 s. */
const AFTER = TIMESTAMP + 338.5;
const BEFORE = TIMESTAMP + 336.5;
/** With the longest life, a day, and a timestamp of which one bit is gone: 65536 s older. */
const DAY = TIMESTAMP + 86_400;
const OLDER = 65_536;

/** Everywhere else that a hop field's time is looked at: what becomes of it a second before. */
const timed: readonly (readonly [string, Pick<RouterRow, 'links' | 'path' | 'dst'>, RouterRow['reason']])[] = [
  ['against construction direction', { links: UP, path: straight(false) }, 'FORWARDED'],
  ['where segments change', { links: ['child', 'child'], path: crossing(false, true) }, 'FORWARDED'],
  ['up to a peering link', { links: ['child', 'peer'], path: intoPeering }, 'FORWARDED'],
  ['down from a peering link', { links: ['peer', 'child'], path: outOfPeering }, 'FORWARDED'],
  ['at the last hop', { links: UP, path: atEnd(true), dst: HERE }, 'LOCAL_DELIVERY'],
];

const brief = (path: PathHere): PathHere => ({ ...path, expTime: 0 });
const lasting = (path: PathHere): PathHere => ({ ...path, expTime: 255 });

// biome-ignore format: one row a case
const time: RouterRow[] = [
  ...timed.flatMap(([where, row, reason]): RouterRow[] => [
    { name: `expires in a second, ${where}`, ...row, path: brief(row.path), now: BEFORE, reason },
    { name: `expired a second ago, ${where}`, ...row, path: brief(row.path), now: AFTER, reason: 'EXPIRED_HOP' },
  ]),
  // The timestamp is under the MAC too, but whether it has passed is asked first.
  { name: 'the hop field in the next segment expired a second ago', links: ['child', 'child'], path: lasting(crossing(false, true)), edit: infoByte(1, 5), now: DAY - OLDER + 1, reason: 'EXPIRED_HOP' },
  { name: 'the hop field in the next segment expires in a second', links: ['child', 'child'], path: lasting(crossing(false, true)), edit: infoByte(1, 5), now: DAY - OLDER - 1, reason: 'BAD_MAC' },
  { name: 'the current hop field expired a second ago, that in the next segment not', links: ['child', 'child'], path: lasting(crossing(false, true)), edit: infoByte(0, 5), now: DAY - OLDER + 1, reason: 'EXPIRED_HOP' },
  { name: 'a timestamp an hour ahead', links: UP, path: straight(true), now: TIMESTAMP - 3600, reason: 'FORWARDED' },
];

// biome-ignore format: one row a case
const macs: RouterRow[] = [
  ...[0, 1, 2, 3, 4, 5].map((at): RouterRow => ({ name: `byte ${at} of the MAC wrong, against construction direction`, links: UP, path: straight(false), edit: hopByte(1, 6 + at), reason: 'BAD_MAC' })),
  { name: 'the MAC before a segment change wrong', links: ['child', 'child'], path: crossing(false, true), edit: hopByte(1, 6, 2), reason: 'BAD_MAC' },
  { name: 'the MAC behind the second segment change wrong', links: ['core', 'child'], path: secondCrossing, edit: hopByte(4, 6, 3), reason: 'BAD_MAC' },
  { name: 'the MAC wrong up to a peering link', links: ['child', 'peer'], path: intoPeering, edit: hopByte(1, 6, 2), reason: 'BAD_MAC' },
  { name: 'the MAC wrong down from a peering link', links: ['peer', 'child'], path: outOfPeering, edit: hopByte(2, 6, 2), reason: 'BAD_MAC' },
  { name: 'the MAC wrong at the last hop', links: UP, path: atEnd(true), dst: HERE, edit: hopByte(1, 6), reason: 'BAD_MAC' },
  { name: 'the MAC wrong at hop field 30 of 64', links: ['core', 'core'], path: longest(30), edit: hopByte(30, 11, 2), reason: 'BAD_MAC' },
  { name: 'the MAC of the far side of a peering link, where nobody looks', links: ['child', 'peer'], path: intoPeering, edit: hopByte(2, 6, 2), reason: 'FORWARDED' },
];

// biome-ignore format: one row a case
const ingress: RouterRow[] = [
  { name: 'in by another interface, against construction direction', links: UP, path: straight(false), ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'in by another interface where segments change', links: ['child', 'child'], path: crossing(false, true), ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'in by another interface up to a peering link', links: ['child', 'peer'], path: intoPeering, ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'in by another interface down from a peering link', links: ['peer', 'child'], path: outOfPeering, ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'in by another interface at the last hop', links: UP, path: atEnd(true), dst: HERE, ingress: 3, reason: 'WRONG_INGRESS' },
  { name: 'in by the interface that it is to leave by', links: UP, path: straight(true), ingress: 2, reason: 'WRONG_INGRESS' },
];

export const POSITION_ROWS: readonly RouterRow[] = [
  ...peeringLinkTypes,
  ...segments,
  ...ends,
  ...time,
  ...macs,
  ...ingress,
];
