/** Each kind of case is one kind of step that a border router takes. */
import type { PathShape } from './bench-path.ts';
import type { Side } from './places.ts';

export interface CaseKind {
  readonly name: string;
  /** What happens, for people. */
  readonly about: string;
  readonly shape: PathShape;
  /** Where the packet comes in, and where it leaves if all is well. */
  readonly from: Side;
  readonly to: Side;
  /** By which of LINKS it comes in; undefined from inside the AS. */
  readonly ingress?: number;
}

const UP = {
  consDir: false,
  hops: [
    [0, 9],
    [1, 2],
    [8, 0],
  ],
} as const;
/** From an AS below two others, this one. */
const UP_FROM_HERE = {
  consDir: false,
  hops: [
    [0, 2],
    [8, 0],
  ],
} as const;
const CORE = {
  consDir: false,
  hops: [
    [0, 7],
    [6, 0],
  ],
} as const;
const DOWN = {
  consDir: true,
  hops: [
    [0, 7],
    [6, 5],
    [4, 0],
  ],
} as const;
const CROSSED = [
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
      [0, 5],
      [4, 0],
    ],
  },
] as const;

const transit = (segments: PathShape['segments']): CaseKind => ({
  name: `transit-${segments.length}`,
  about: `from a child to the parent, ${segmentCount(segments.length)}`,
  shape: { segments, currHf: 1 },
  from: 'in',
  to: 'out',
  ingress: 1,
});

export const CASE_KINDS: readonly CaseKind[] = [
  transit([UP]),
  transit([UP, DOWN]),
  transit([UP, CORE, DOWN]),
  {
    name: 'crossover-2',
    about: 'from one child to another: two hop fields are verified, 2 segments',
    shape: { segments: CROSSED, currHf: 1 },
    from: 'in',
    to: 'out',
    ingress: 1,
  },
  {
    name: 'crossover-3',
    about: 'the same, 3 segments',
    shape: { segments: [...CROSSED, DOWN], currHf: 1 },
    from: 'in',
    to: 'out',
    ingress: 1,
  },
  {
    name: 'peering-2',
    about: 'from a child over a peering link, 2 segments',
    shape: {
      segments: [
        {
          consDir: false,
          peer: true,
          hops: [
            [0, 9],
            [1, 4],
          ],
        },
        {
          consDir: true,
          peer: true,
          hops: [
            [7, 6],
            [5, 0],
          ],
        },
      ],
      currHf: 1,
    },
    from: 'in',
    to: 'out',
    ingress: 1,
  },
  {
    name: 'ingress-1',
    about: 'from a child to a host of this AS, 1 segment',
    shape: {
      segments: [
        {
          consDir: false,
          hops: [
            [0, 9],
            [1, 0],
          ],
        },
      ],
      currHf: 1,
    },
    from: 'in',
    to: 'host',
    ingress: 1,
  },
  {
    name: 'ingress-3',
    about: 'from a child to a host of this AS, 3 segments',
    shape: {
      segments: [
        UP,
        CORE,
        {
          consDir: false,
          hops: [
            [0, 9],
            [1, 0],
          ],
        },
      ],
      currHf: 6,
    },
    from: 'in',
    to: 'host',
    ingress: 1,
  },
  {
    name: 'egress-1',
    about: 'from a host of this AS to the parent, 1 segment',
    shape: {
      segments: [UP_FROM_HERE],
      currHf: 0,
      fromInside: true,
    },
    from: 'host',
    to: 'out',
  },
  {
    name: 'egress-3',
    about: 'from a host of this AS to the parent, 3 segments',
    shape: {
      segments: [UP_FROM_HERE, CORE, DOWN],
      currHf: 0,
      fromInside: true,
    },
    from: 'host',
    to: 'out',
  },
];

function segmentCount(count: number): string {
  return count === 1 ? '1 segment' : `${count} segments`;
}

/** @throws RangeError when there is none of this name */
export function caseKind(name: string): CaseKind {
  const kind = CASE_KINDS.find((each) => each.name === name);
  if (kind === undefined) throw new RangeError(`no kind of case ${name}`);
  return kind;
}
