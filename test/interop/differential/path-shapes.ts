/** Paths of every shape through a router: what a path server would give out, and what only a liar would make of its hop fields. */
import type { CraftedSegment } from '../../golden/crafted-path.ts';

export interface Shape {
  readonly name: string;
  readonly segments: readonly CraftedSegment[];
  readonly currHf: number;
  readonly local: boolean;
}

const DIRECTIONS = [true, false];
const word = (consDir: boolean) => (consDir ? '+' : '-');

export function transitShapes(entry: number, exit: number, external: boolean): Shape[] {
  const straight = DIRECTIONS.map((consDir) => ({
    name: `straight ${word(consDir)}`,
    segments: [{ consDir, hops: pairs([0, 9], [entry, exit], [8, 0]) }],
    currHf: 1,
    local: false,
  }));
  const crossing = DIRECTIONS.flatMap((first) =>
    DIRECTIONS.map((second) => ({
      name: `crossing ${word(first)}${word(second)}`,
      segments: [
        { consDir: first, hops: pairs([0, 9], [entry, 0]) },
        { consDir: second, hops: pairs([0, exit], [8, 0]) },
      ],
      // The router that it entered by has gone over to the next segment.
      currHf: external ? 1 : 2,
      local: false,
    })),
  );
  const peering = DIRECTIONS.flatMap((consDir) => [
    {
      name: `into peering ${word(consDir)}`,
      segments: [
        { consDir, peer: true, hops: pairs([0, 9], [entry, exit]) },
        { consDir: !consDir, peer: true, hops: pairs([7, 6], [5, 0]) },
      ],
      currHf: 1,
      local: false,
    },
    {
      name: `out of peering ${word(consDir)}`,
      segments: [
        { consDir: !consDir, peer: true, hops: pairs([0, 9], [7, 6]) },
        { consDir, peer: true, hops: pairs([entry, exit], [5, 0]) },
      ],
      currHf: 2,
      local: false,
    },
  ]);
  return [...straight, ...crossing, ...peering];
}

export function arrivingShapes(entry: number): Shape[] {
  return DIRECTIONS.flatMap((consDir) => [
    {
      name: `arriving ${word(consDir)}`,
      segments: [{ consDir, hops: pairs([0, 9], [entry, 0]) }],
      currHf: 1,
      local: true,
    },
    {
      name: `arriving by shortcut ${word(consDir)}`,
      segments: [{ consDir, hops: pairs([0, 9], [entry, 77]) }],
      currHf: 1,
      local: true,
    },
    {
      name: `arriving after a crossing ${word(consDir)}`,
      segments: [
        { consDir: !consDir, hops: pairs([0, 9], [7, 0]) },
        { consDir, hops: pairs([0, 6], [entry, 0]) },
      ],
      currHf: 3,
      local: true,
    },
  ]);
}

export function startingShapes(exit: number): Shape[] {
  return DIRECTIONS.flatMap((consDir) => [
    {
      name: `starting ${word(consDir)}`,
      segments: [{ consDir, hops: pairs([0, exit], [8, 0]) }],
      currHf: 0,
      local: false,
    },
    {
      name: `starting by shortcut ${word(consDir)}`,
      segments: [{ consDir, hops: pairs([77, exit], [8, 0]) }],
      currHf: 0,
      local: false,
    },
    {
      name: `starting at a crossing ${word(consDir)}`,
      segments: [
        { consDir, hops: pairs([0, 9], [7, 0]) },
        { consDir: !consDir, hops: pairs([0, exit], [8, 0]) },
      ],
      currHf: 1,
      local: false,
    },
    {
      name: `starting and staying ${word(consDir)}`,
      segments: [{ consDir, hops: pairs([0, exit], [8, 0]) }],
      currHf: 0,
      local: true,
    },
  ]);
}

export function pairs(...hops: (readonly [number, number])[]): readonly (readonly [number, number])[] {
  return hops;
}
