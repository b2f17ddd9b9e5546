/** Positions on paths of several segments, with interface 1 behind the router and 2 before it. */
import type { CraftedSegment } from './crafted-path.ts';
import type { PathHere } from './paths.ts';

type Hop = readonly [number, number];

function segment(consDir: boolean, ...hops: readonly Hop[]): CraftedSegment {
  return { consDir, hops };
}

/** One in which this AS has no part: two hop fields of others. */
const ofOthers = (consDir: boolean) => segment(consDir, [0, 7], [6, 0]);

const repeated = (count: number, consDir: boolean) => Array.from({ length: count }, () => ofOthers(consDir));

/** In the middle of the `index`-th of `count` segments. */
export const inSegmentOf = (count: 2 | 3, index: number, consDir: boolean): PathHere => ({
  segments: repeated(count, consDir).with(index, segment(consDir, [0, 9], [1, 2], [8, 0])),
  currHf: 2 * index + 1,
});

/** Of three segments, at the last hop field of the `index`-th, this AS's other one being first in the next. */
export const changing = (index: 0 | 1, first: boolean, second: boolean): PathHere => ({
  segments: repeated(3, true)
    .with(index, segment(first, [0, 9], [1, 0]))
    .with(index + 1, segment(second, [0, 2], [8, 0])),
  currHf: 2 * index + 1,
});

/** At the end of the last of `count` segments. */
export const atEndOf = (count: 2 | 3, consDir: boolean): PathHere => ({
  segments: repeated(count, consDir).with(-1, segment(consDir, [0, 9], [1, 0])),
  currHf: 2 * count - 1,
});

/** At the end of a path over a peering link. */
export const atEndBehindPeering: PathHere = {
  segments: [
    { ...segment(false, [0, 9], [7, 6]), peer: true },
    { ...segment(true, [5, 4], [1, 0]), peer: true },
  ],
  currHf: 3,
};

/** At the first hop field of a path, where only a host of the AS can stand, and yet it comes from outside. */
export const atStartFromOutside = (consDir: boolean): PathHere => ({
  segments: [segment(consDir, [0, 2], [8, 0])],
  currHf: 0,
});

/** At the end of 64 hop fields in three segments; and at the first of 63, the most that one segment has. */
export const atEndOfLongest: PathHere = {
  segments: [
    segment(false, [0, 9], ...middles(29), [8, 0]),
    segment(true, [0, 7], [6, 0]),
    segment(true, [0, 9], ...middles(29), [1, 0]),
  ],
  currHf: 63,
};
export const atStartOfLongest: PathHere = {
  segments: [segment(true, [0, 2], ...middles(61), [8, 0])],
  currHf: 0,
  fromInside: true,
};

function middles(count: number): Hop[] {
  return Array.from({ length: count }, () => [3, 4] as const);
}
