/** The positions on a path at which a router can stand, with interface 1 behind and 2 before it. */
import type { Crafted, CraftedSegment } from './crafted-path.ts';

export type PathHere = Omit<Crafted, 'timestamp'>;

/** In the middle of the only segment. */
export const straight = (consDir: boolean): PathHere => ({
  segments: [segment(consDir, [0, 9], [1, 2], [8, 0])],
  currHf: 1,
});

/** In the middle of the `index`-th of three segments. */
export const inSegment = (index: 0 | 1 | 2, consDir: boolean): PathHere => ({
  segments: [0, 1, 2].map((each) =>
    each === index ? segment(consDir, [0, 9], [1, 2], [8, 0]) : segment(consDir, [0, 7], [6, 5], [4, 0]),
  ),
  currHf: 3 * index + 1,
});

/** At the last hop field of a segment, with this AS's other one first in the next. */
export const crossing = (first: boolean, second: boolean): PathHere => ({
  segments: [segment(first, [0, 9], [1, 0]), segment(second, [0, 2], [8, 0])],
  currHf: 1,
});

/** From the second segment into the third. */
export const secondCrossing: PathHere = {
  segments: [segment(false, [0, 9], [8, 0]), segment(true, [0, 7], [1, 0]), segment(true, [0, 2], [6, 0])],
  currHf: 3,
};

/** Both segments go on to this AS's own parent (interfaces 3 and 4), but the path does not: it changes over here. */
export const shortcut: PathHere = {
  segments: [segment(false, [0, 9], [1, 3]), segment(true, [4, 2], [8, 0])],
  currHf: 1,
};

/** The up segment goes on to the parent (3), but its path ends here. */
export const onPath: PathHere = { segments: [segment(false, [0, 9], [1, 3])], currHf: 1 };

/** Against construction direction into a peering link (the last hop field of the first segment), or out of one. */
export const intoPeering: PathHere = {
  segments: [peer(false, [0, 9], [1, 2]), peer(true, [7, 6], [5, 0])],
  currHf: 1,
};
export const outOfPeering: PathHere = {
  segments: [peer(false, [0, 9], [7, 6]), peer(true, [1, 2], [5, 0])],
  currHf: 2,
};
/** Over a peering path, but not at the peering link. */
export const beforePeering: PathHere = {
  segments: [peer(false, [0, 9], [1, 2], [7, 6]), peer(true, [5, 4], [3, 0])],
  currHf: 1,
};
export const behindPeering: PathHere = {
  segments: [peer(false, [0, 9], [7, 6]), peer(true, [5, 4], [1, 2], [3, 0])],
  currHf: 3,
};

/** At the end of a path, and at its beginning. */
export const atEnd = (consDir: boolean): PathHere => ({ segments: [segment(consDir, [0, 9], [1, 0])], currHf: 1 });
export const atStart = (consDir: boolean, egress = 2): PathHere => ({
  segments: [segment(consDir, [0, egress], [8, 0])],
  currHf: 0,
  fromInside: true,
});

/** 64 hop fields, the most that there can be; the second segment begins at the 63rd. */
export const longest = (currHf: number): PathHere => ({
  segments: [segment(true, ...Array.from({ length: 62 }, () => [1, 2] as const)), segment(true, [0, 2], [8, 0])],
  currHf,
});

function segment(consDir: boolean, ...hops: (readonly [number, number])[]): CraftedSegment {
  return { consDir, hops };
}

function peer(consDir: boolean, ...hops: (readonly [number, number])[]): CraftedSegment {
  return { consDir, peer: true, hops };
}
