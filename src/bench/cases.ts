/** The packets that a router is measured with: each case is one kind of step that a border router takes. */

import { UNDERLAY_LENGTH, type UnderlayEnd } from '../dataplane/underlay.ts';
import { CilionError } from '../errors.ts';
import { encodePacket, PATH_SCION, PROTOCOL_UDP } from '../scion/header.ts';
import { ipHost } from '../scion/host.ts';
import { isdAsToBigint } from '../scion/isd-as.ts';
import { deriveForwardingKey } from '../scion/mac.ts';
import { benchPath, type PathShape, verifiedFields } from './bench-path.ts';
import {
  BEYOND,
  ELSEWHERE,
  HERE,
  HOST,
  HOST_PORT,
  INTERNAL,
  LINKS,
  MASTER_KEY,
  ownEnd,
  REMOTE_HOST,
  remoteEnd,
  type Side,
} from './places.ts';
import { wrapPacket } from './wrap-packet.ts';

/** `few`: packets of eight paths. `cold`: no packet's hop field has been seen lately, so that no cache of MACs helps. */
export type PathMix = 'few' | 'cold';
/** Powers of two. Cold ones outnumber the router's cache by eight, so that none is met there again. */
export const PATHS_IN_MIX: Readonly<Record<PathMix, number>> = { few: 8, cold: 8192 };

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
      segments: [
        {
          consDir: false,
          hops: [
            [0, 2],
            [8, 0],
          ],
        },
      ],
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
      segments: [
        {
          consDir: false,
          hops: [
            [0, 2],
            [8, 0],
          ],
        },
        CORE,
        DOWN,
      ],
      currHf: 0,
      fromInside: true,
    },
    from: 'host',
    to: 'out',
  },
];

/** One case with what fixes its packets: `transit-1/cold/64`. */
export interface BenchCase {
  readonly kind: CaseKind;
  readonly mix: PathMix;
  /** Bytes behind the SCION header. */
  readonly payload: number;
}

export function caseName({ kind, mix, payload }: BenchCase): string {
  return `${kind.name}/${mix}/${payload}`;
}

/** @throws CilionError (exit code 2) for a name that is none */
export function parseCase(name: string): BenchCase {
  const [kindName, mix = 'few', payloadText = '64'] = name.split('/');
  const kind = CASE_KINDS.find((each) => each.name === kindName);
  const payload = Number(payloadText);
  if (
    kind === undefined ||
    (mix !== 'few' && mix !== 'cold') ||
    !/^\d+$/.test(payloadText) ||
    payload < MIN_PAYLOAD ||
    payload > MAX_PAYLOAD
  ) {
    throw new CilionError(`there is no case "${name}"`, {
      exitCode: 2,
      hint: `kind/mix/payload: ${CASE_KINDS.map((each) => each.name).join(', ')} / few, cold / ${MIN_PAYLOAD} to ${MAX_PAYLOAD} bytes; e.g. transit-1/cold/64`,
    });
  }
  return { kind, mix, payload };
}

export const MIN_PAYLOAD = 64;
export const MAX_PAYLOAD = 1400;

/** Frames of a case: they differ in the SegID and MAC of the fields alone. */
export interface CaseFrames {
  readonly first: Uint8Array;
  readonly count: number;
  /** Offsets in the frame, one a field that differs. */
  readonly segIdAt: readonly number[];
  readonly macAt: readonly number[];
  /** SegID (2 bytes) and MAC (6) of each field of the n-th frame. */
  readonly variants: readonly (readonly { readonly segId: Uint8Array; readonly mac: Uint8Array }[])[];
}

/**
 * @param timestamp Of the segments, Unix seconds: hop fields live for six hours from then on.
 * @param frameOf Makes a frame of a path; by default as the case has it.
 */
export function caseFrames(
  { kind, mix, payload }: BenchCase,
  timestamp: number,
  frameOf = (path: Uint8Array) => wrapPacket(...underlayOf(kind), packetOf(kind, path, udpPayload(payload))),
): CaseFrames {
  const key = deriveForwardingKey(MASTER_KEY);
  const count = PATHS_IN_MIX[mix];
  const fields = verifiedFields(kind.shape);
  // Odd multiplier: a permutation of the 16-bit numbers, so that no two paths share a SegID.
  const paths = Array.from({ length: count }, (_, n) =>
    benchPath(kind.shape, key, (n * 40503 + 1) & 0xffff, timestamp),
  );
  const first = frameOf(paths[0]!);
  const pathAt = UNDERLAY_LENGTH + ADDRESSES_LENGTH;
  return {
    first,
    count,
    segIdAt: fields.map(({ segIdAt }) => pathAt + segIdAt),
    macAt: fields.map(({ macAt }) => pathAt + macAt),
    variants: paths.map((path) =>
      fields.map(({ segIdAt, macAt }) => ({
        segId: path.slice(segIdAt, segIdAt + 2),
        mac: path.slice(macAt, macAt + 6),
      })),
    ),
  };
}

/** Common and address header with two IPv4 hosts. */
const ADDRESSES_LENGTH = 36;

function underlayOf({ ingress }: CaseKind): [UnderlayEnd, UnderlayEnd] {
  const link = LINKS.find(({ ifid }) => ifid === ingress);
  return link === undefined ? [HOST, INTERNAL] : [remoteEnd(link), ownEnd(link)];
}

/** For `to: 'host'` at a host of this AS, by default the one that listens. */
export function packetOf({ to, from }: CaseKind, path: Uint8Array, payload: Payload): Uint8Array {
  const local = { ia: isdAsToBigint(HERE), host: ipHost(payload.host ?? HOST.address) };
  const remote = { ia: isdAsToBigint(ELSEWHERE), host: ipHost(REMOTE_HOST) };
  const header = {
    trafficClass: 0,
    flowId: 1,
    nextHeader: payload.nextHeader,
    pathType: PATH_SCION,
    dst: to === 'host' ? local : { ...remote, ia: isdAsToBigint(BEYOND) },
    src: from === 'host' ? local : remote,
    path,
  };
  return encodePacket(header, payload.bytes);
}

export interface Payload {
  readonly bytes: Uint8Array;
  readonly nextHeader: number;
  /** IPv4 address in this AS that it comes from or goes to. */
  readonly host?: string;
}

/** A SCION/UDP header, by whose port a router finds the host's program, and zeros. */
function udpPayload(length: number): Payload {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, HOST_PORT);
  view.setUint16(2, HOST_PORT);
  view.setUint16(4, length);
  return { bytes, nextHeader: PROTOCOL_UDP };
}

function segmentCount(count: number): string {
  return count === 1 ? '1 segment' : `${count} segments`;
}
