/** A path from one AS to another: what people and policies see of it, and its dataplane bytes. */
import { createHash } from 'node:crypto';
import type { InterfaceId, IsdAs, Topology } from '../topology/model.ts';
import { FormatError } from './format-error.ts';
import { type HopField, hopExpiry } from './hop-field.ts';
import type { InfoField } from './info-field.ts';
import { isdAsToBigint } from './isd-as.ts';
import { chainSegId } from './mac.ts';
import { encodePath } from './path.ts';
import type { Segment } from './segments.ts';

/** The part of a segment from entry `cut` to its last entry. */
export interface Piece {
  readonly kind: 'up' | 'core' | 'down';
  readonly segment: Segment;
  /** First entry used; 0 is the whole segment. */
  readonly cut: number;
  /** Index into the peers of entry `cut`: the piece crosses this peering link instead of ending in that AS. */
  readonly peer?: number;
}

/** One AS of a path. */
export interface PathHop {
  readonly ia: IsdAs;
  /** 0 in the first AS. */
  readonly ingress: InterfaceId;
  /** 0 in the last AS. */
  readonly egress: InterfaceId;
}

export interface PathInterface {
  readonly ia: IsdAs;
  readonly ifid: InterfaceId;
}

export interface PathSegment {
  readonly kind: 'up' | 'core' | 'down';
  /** It ends (up) or begins (down) with a peering link. */
  readonly peer: boolean;
  /** In the order of travel. */
  readonly ases: readonly IsdAs[];
}

export interface Path {
  /** SHA-256 of the interface sequence, 64 hexadecimal digits: that of the reference implementation's tools. */
  readonly fingerprint: string;
  readonly src: IsdAs;
  readonly dst: IsdAs;
  readonly hops: readonly PathHop[];
  /** In the order of travel: egress, ingress, egress, ingress … */
  readonly interfaces: readonly PathInterface[];
  readonly segments: readonly PathSegment[];
  /** Largest IP packet that every link and AS on the way carries, bytes. */
  readonly mtu: number;
  /** Sum of the shaped one-way delays in the direction of travel, nanoseconds. */
  readonly latencyNs: number;
  /** When the first hop field expires, whole Unix seconds. */
  readonly expiry: number;
  /** The path header as the source puts it into packets. */
  readonly raw: Uint8Array;
}

/** What a path takes from the topology. */
export interface PathFacts {
  readonly asMtu: ReadonlyMap<IsdAs, number>;
  /** Links by the interface that they are left by, `ia#ifid`. */
  readonly egress: ReadonlyMap<string, { readonly mtu: number; readonly delayNs: number }>;
}

export function pathFacts(topology: Topology): PathFacts {
  const egress = topology.links.flatMap(({ a, b, mtu, shape }) => [
    [keyOf(a), { mtu, delayNs: shape?.ab.delayNs ?? 0 }] as const,
    [keyOf(b), { mtu, delayNs: shape?.ba.delayNs ?? 0 }] as const,
  ]);
  return { asMtu: new Map(topology.ases.map(({ ia, mtu }) => [ia, mtu])), egress: new Map(egress) };
}

/** Joins pieces, of which each must begin where the one before it ends. Throws FormatError for an interface without link. */
export function endToEndPath(pieces: readonly Piece[], facts: PathFacts): Path {
  const parts = pieces.map(travel);
  const hops = parts.reduce((joined: readonly PathHop[], part) => joinHops(joined, part.hops), []);
  const interfaces = hops.flatMap(({ ia, ingress, egress }) =>
    [ingress, egress].filter((ifid) => ifid !== 0).map((ifid) => ({ ia, ifid })),
  );
  const links = hops.slice(0, -1).map((hop) => linkBehind(hop, facts));
  const infos = parts.map((part) => part.info);
  const hopFields = parts.flatMap((part) => part.hopFields);
  const segmentLengths = parts.map((part) => part.hopFields.length);
  const expiries = parts.flatMap(({ info, hopFields }) => hopFields.map((hop) => hopExpiry(info, hop)));
  return {
    fingerprint: fingerprintOf(interfaces),
    src: hops[0]!.ia,
    dst: hops.at(-1)!.ia,
    hops,
    interfaces,
    segments: pieces.map((piece, index) => ({
      kind: piece.kind,
      peer: piece.peer !== undefined,
      ases: parts[index]!.hops.map((hop) => hop.ia),
    })),
    mtu: Math.min(...links.map((link) => link.mtu), ...hops.map((hop) => asMtu(hop.ia, facts))),
    latencyNs: links.reduce((sum, link) => sum + link.delayNs, 0),
    expiry: Math.floor(Math.min(...expiries)),
    raw: encodePath({ currInf: 0, currHf: 0, segmentLengths, infos, hops: hopFields }),
  };
}

interface Part {
  readonly info: InfoField;
  readonly hopFields: readonly HopField[];
  readonly hops: readonly PathHop[];
}

/** A piece in the order of travel. */
function travel(piece: Piece): Part {
  const consDir = piece.kind === 'down';
  const used = piece.segment.entries.slice(piece.cut).map((entry, index) => {
    const atCut = index === 0;
    const hop = atCut && piece.peer !== undefined ? entry.peers[piece.peer]!.hop : entry.hop;
    // Where a segment is cut, its hop field still names the interface further up, which is not crossed.
    const up = atCut && piece.peer === undefined ? 0 : hop.consIngress;
    return { ia: entry.ia, hop, up, down: hop.consEgress };
  });
  const ordered = consDir ? used : used.toReversed();
  return {
    info: { peer: piece.peer !== undefined, consDir, segId: initialSegId(piece), timestamp: piece.segment.timestamp },
    hopFields: ordered.map(({ hop }) => hop),
    hops: ordered.map(({ ia, up, down }) => ({ ia, ingress: consDir ? up : down, egress: consDir ? down : up })),
  };
}

/**
 * The SegID that the first router needs (specification, "Path Calculation"): beta of the first hop in construction
 * direction, beta after the last hop against it. A peering hop is checked with the beta of the hop after it.
 */
function initialSegId({ kind, segment, cut, peer }: Piece): number {
  const first = peer === undefined ? cut : cut + 1;
  const chained = kind === 'down' ? segment.entries.slice(0, first) : chainedUp(segment.entries, first);
  return chained.reduce((beta, entry) => chainSegId(beta, entry.hop.mac), segment.segId);
}

/** Against construction direction each ingress router takes its own MAC out again, but the first AS has no ingress. */
function chainedUp<T>(entries: readonly T[], first: number): readonly T[] {
  return entries.slice(0, Math.max(entries.length - 1, first));
}

/** At a joint inside an AS both parts name it: one by the interface that leads in, the other by the one that leads out. */
function joinHops(joined: readonly PathHop[], hops: readonly PathHop[]): readonly PathHop[] {
  const last = joined.at(-1);
  const [next] = hops;
  if (last === undefined || next === undefined || last.ia !== next.ia) return [...joined, ...hops];
  return [...joined.slice(0, -1), { ia: last.ia, ingress: last.ingress, egress: next.egress }, ...hops.slice(1)];
}

function linkBehind({ ia, egress }: PathHop, facts: PathFacts): { readonly mtu: number; readonly delayNs: number } {
  const link = facts.egress.get(keyOf({ ia, ifid: egress }));
  if (link === undefined) throw new FormatError(`no link leaves ${ia} by interface ${egress}`);
  return link;
}

function asMtu(ia: IsdAs, facts: PathFacts): number {
  const mtu = facts.asMtu.get(ia);
  if (mtu === undefined) throw new FormatError(`${ia} is not in the topology`);
  return mtu;
}

function keyOf({ ia, ifid }: PathInterface): string {
  return `${ia}#${ifid}`;
}

/** SHA-256 over ISD-AS and number of each interface, hexadecimal. */
export function fingerprintOf(interfaces: readonly PathInterface[]): string {
  const bytes = Buffer.alloc(interfaces.length * 16);
  for (const [index, { ia, ifid }] of interfaces.entries()) {
    bytes.writeBigUInt64BE(isdAsToBigint(ia), index * 16);
    bytes.writeBigUInt64BE(BigInt(ifid), index * 16 + 8);
  }
  return createHash('sha256').update(bytes).digest('hex');
}
