/**
 * The `computed` control plane: path segments as beaconing would make them, with the same formats, keys and MACs, but
 * from the topology and a seed. The same input gives the same bytes.
 */
import { createHash } from 'node:crypto';
import type { InterfaceId, IsdAs, Topology } from '../topology/model.ts';
import { type Beacon, childBeacons, coreBeacons, DEFAULT_BEACON_BOUND } from './beaconing.ts';
import { FormatError, viewOf } from './format-error.ts';
import { expTimeFor, type HopField } from './hop-field.ts';
import { chainSegId, deriveForwardingKey, hopMac } from './mac.ts';

export interface SegmentOptions {
  readonly seed: number;
  /** Start of every segment's validity, Unix seconds. */
  readonly timestamp: number;
  /** How long hop fields live after it, 337.5 s to 24 h; rounded down to a multiple of 337.5 s. */
  readonly expirySeconds: number;
  /** Most segments between two ASes in one direction; 20 unless given. */
  readonly bound?: number;
}

/** A hop field that leaves an AS of the segment over a peering link instead of up its own. */
export interface PeerEntry {
  /** The AS at the other end of the peering link, and its interface. */
  readonly ia: IsdAs;
  readonly ifid: InterfaceId;
  readonly hop: HopField;
}

export interface SegmentEntry {
  readonly ia: IsdAs;
  readonly hop: HopField;
  /** In order of the AS's own interface numbers; none in core segments. */
  readonly peers: readonly PeerEntry[];
}

export interface Segment {
  /** The interfaces crossed, `ia#ifid` joined by spaces, in construction direction. Unique. */
  readonly id: string;
  readonly timestamp: number;
  /** Beta of the first entry. */
  readonly segId: number;
  /** In construction direction, two or more; the first AS is a core AS. */
  readonly entries: readonly SegmentEntry[];
}

export interface Segments {
  /** Between core ASes, one direction each; a packet travels them against construction direction. */
  readonly core: readonly Segment[];
  /** From a core AS to an AS below it. Read backwards, an up segment. */
  readonly down: readonly Segment[];
}

/** Master key of an AS: 16 bytes that depend on the seed and the AS alone. */
export function masterKey(seed: number, ia: IsdAs): Uint8Array {
  return digest('master key', seed, ia).slice(0, 16);
}

/** The derived key under which each AS makes and checks hop fields. */
export function forwardingKeys(topology: Topology, seed: number): Map<IsdAs, Uint8Array> {
  return new Map(topology.ases.map(({ ia }) => [ia, deriveForwardingKey(masterKey(seed, ia))]));
}

/**
 * All segments of a topology. Throws FormatError when timestamp or expiry cannot be expressed in a hop field, or a link
 * names an AS that is not in the topology.
 */
export function computeSegments(
  topology: Topology,
  options: SegmentOptions,
  keys: ReadonlyMap<IsdAs, Uint8Array> = forwardingKeys(topology, options.seed),
): Segments {
  const bound = options.bound ?? DEFAULT_BEACON_BOUND;
  const build = segmentBuilder(topology, options, keys);
  return {
    core: coreBeacons(topology, bound).map((beacon) => build(beacon, false)),
    down: childBeacons(topology, bound).map((beacon) => build(beacon, true)),
  };
}

function segmentBuilder(
  topology: Topology,
  { seed, timestamp, expirySeconds }: SegmentOptions,
  keys: ReadonlyMap<IsdAs, Uint8Array>,
): (beacon: Beacon, withPeers: boolean) => Segment {
  const peers = peersOf(topology);
  const expTime = expTimeFor(expirySeconds);

  function hopField(ia: IsdAs, segId: number, consIngress: InterfaceId, consEgress: InterfaceId): HopField {
    const key = keys.get(ia);
    if (key === undefined) throw new FormatError(`a link ends in ${ia}, which is not in the topology`);
    const mac = hopMac(key, { segId, timestamp }, { expTime, consIngress, consEgress });
    return { ingressAlert: false, egressAlert: false, expTime, consIngress, consEgress, mac };
  }

  return (beacon, withPeers) => {
    const { ia: origin, ifid } = beacon[0]!.from;
    // One beacon an interface leaves its origin; what it becomes further on shares this number.
    const segId = viewOf(digest('segment identifier', seed, timestamp, origin, ifid)).getUint16(0);
    let beta = segId;
    const entries = crossings(beacon).map(({ ia, ingress, egress }) => {
      const hop = hopField(ia, beta, ingress, egress);
      beta = chainSegId(beta, hop.mac);
      // A peering hop chains to the entry's own hop, like the hop after it does (specification, "Peering Links").
      const own = withPeers ? (peers.get(ia) ?? []) : [];
      const entryPeers = own.map((peer) => ({
        ia: peer.ia,
        ifid: peer.ifid,
        hop: hopField(ia, beta, peer.localIfid, egress),
      }));
      return { ia, hop, peers: entryPeers };
    });
    return { id: segmentId(beacon), timestamp, segId, entries };
  };
}

/** The ASes of a beacon with the interfaces it enters and leaves them by; 0 at both ends. */
function crossings(beacon: Beacon): { ia: IsdAs; ingress: InterfaceId; egress: InterfaceId }[] {
  const first = beacon[0]!.from;
  const rest = beacon.map(({ to }, index) => ({
    ia: to.ia,
    ingress: to.ifid,
    egress: beacon[index + 1]?.from.ifid ?? 0,
  }));
  return [{ ia: first.ia, ingress: 0, egress: first.ifid }, ...rest];
}

function segmentId(beacon: Beacon): string {
  return beacon.flatMap(({ from, to }) => [`${from.ia}#${from.ifid}`, `${to.ia}#${to.ifid}`]).join(' ');
}

interface Peer {
  readonly localIfid: InterfaceId;
  readonly ia: IsdAs;
  readonly ifid: InterfaceId;
}

/** Peering links by AS, seen from that AS. */
function peersOf(topology: Topology): Map<IsdAs, Peer[]> {
  const ends = topology.links
    .filter((link) => link.kind === 'peer')
    .flatMap(({ a, b }) => [
      { at: a, peer: b },
      { at: b, peer: a },
    ])
    .toSorted((x, y) => x.at.ifid - y.at.ifid);
  const peers = new Map<IsdAs, Peer[]>();
  for (const { at, peer } of ends) {
    peers.set(at.ia, [...(peers.get(at.ia) ?? []), { localIfid: at.ifid, ia: peer.ia, ifid: peer.ifid }]);
  }
  return peers;
}

/** SHA-256 over a label and values that cannot run into each other. */
function digest(label: string, ...values: readonly (string | number)[]): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify(['cilion', label, ...values]));
  return Uint8Array.from(hash.digest());
}
