/**
 * The border router's rules in plain words of TypeScript: the oracle for the BPF dataplane.
 *
 * It follows the reference router (router/dataplane.go, `process()`) check by check and in its order, and is stricter in
 * three places: a version other than 0, which the reference reads as if it were 0, goes to the slow path; a packet from
 * inside that is under way must have come from a sibling router, also where its hop field names no interface (the
 * reference takes interface 0 for its own network and lets it pass); and for the same reason interface 0 is no way
 * out. Not modelled: underlay addresses, the destination host's own address and port, and what the slow path answers.
 */
import { UNDERLAY_IP_LENGTH } from '../../src/dataplane/underlay.ts';
import type { ScionPacket } from '../../src/scion/header.ts';
import { type HopField, hopExpiry } from '../../src/scion/hop-field.ts';
import { HOST_IPV4, HOST_IPV6, HOST_SERVICE, isMappedIpv4 } from '../../src/scion/host.ts';
import { encodeInfoField, type InfoField } from '../../src/scion/info-field.ts';
import { isdAsToBigint } from '../../src/scion/isd-as.ts';
import { chainSegId, hopMac } from '../../src/scion/mac.ts';
import { encodePathMeta, hopCount, infoFieldOffset, type ScionPath, segmentOf } from '../../src/scion/path.ts';
import type { InterfaceId, IsdAs } from '../../src/topology/model.ts';
import { drop, type Outcome, slow } from './outcome.ts';
import { readPacket } from './read-packet.ts';

/** What the AS at the other end is to this one. */
export type Neighbour = 'core' | 'parent' | 'child' | 'peer';

export interface RouterInterface {
  readonly neighbour: Neighbour;
  readonly up: boolean;
  /** Name of the router of this AS that has the interface; absent where it is this router. */
  readonly sibling?: string;
  /** Largest underlay IP packet, bytes; absent: any. */
  readonly mtu?: number;
}

export interface RouterConfig {
  readonly ia: IsdAs;
  /** The derived key, 16 bytes. */
  readonly forwardingKey: Uint8Array;
  /** All interfaces of the AS. */
  readonly interfaces: ReadonlyMap<InterfaceId, RouterInterface>;
}

/** The interface that a packet came in by; 0 from a host of the AS; or the sibling router that sent it. */
export type Ingress = InterfaceId | { readonly sibling: string };

/** What is known of a packet under way; `out` is what it becomes. */
interface Transit {
  readonly router: RouterConfig;
  /** The router's own AS as in the address header. */
  readonly ia: bigint;
  readonly now: number;
  readonly packet: ScionPacket;
  readonly ingress: Ingress;
  /** The interface, 0 also for a sibling. */
  readonly ingressId: InterfaceId;
  readonly out: Uint8Array;
  path: ScionPath;
  /** Decided by the hop field with which the packet came. */
  peering: boolean;
  crossed: boolean;
}

/** What a router does with a packet (from the SCION header on) at `now`, Unix seconds. */
export function routePacket(bytes: Uint8Array, ingress: Ingress, router: RouterConfig, now: number): Outcome {
  const read = readPacket(bytes);
  if (!('path' in read)) return read;
  const { packet, path } = read;
  const misplaced = refusePosition(path);
  if (misplaced !== undefined) return misplaced;
  const ingressId = typeof ingress === 'number' ? ingress : 0;
  const out = Uint8Array.from(bytes);
  const transit = {
    router,
    ia: numberOf(router.ia),
    now,
    packet,
    ingress,
    ingressId,
    out,
    path,
    peering: isPeeringHop(path),
    crossed: false,
  };
  return (
    refuseHop(transit) ??
    (isLocal(transit, 'dst') ? { verdict: 'deliver', reason: 'DELIVERED', packet: out } : leave(transit))
  );
}

const numbers = new Map<IsdAs, bigint>();

/** As in the address header. */
export function numberOf(ia: IsdAs): bigint {
  const known = numbers.get(ia) ?? isdAsToBigint(ia);
  numbers.set(ia, known);
  return known;
}

/** parsePath() and determinePeer(). */
function refusePosition(path: ScionPath): Outcome | undefined {
  const { currInf, currHf, segmentLengths, infos } = path;
  if (currHf >= hopCount(path) || currInf !== segmentOf(path, currHf)) return drop('MALFORMED_PATH');
  // Only a peering hop may be a segment of its own; a peering path has exactly two segments.
  const peer = infos[currInf]!.peer;
  const possible = peer ? segmentLengths.length === 2 : !segmentLengths.includes(1);
  return possible ? undefined : drop('MALFORMED_PATH');
}

/** The hop fields on both sides of a peering link: last of the first and first of the second segment. */
function isPeeringHop({ infos, currInf, currHf, segmentLengths }: ScionPath): boolean {
  const boundary = segmentLengths[0]!;
  return infos[currInf]!.peer && (currHf === boundary - 1 || currHf === boundary);
}

function refuseHop(transit: Transit): Outcome | undefined {
  return (
    refuseExpired(transit) ??
    refuseIngress(transit) ??
    refuseLength(transit) ??
    refuseTransitSource(transit) ??
    refuseAses(transit) ??
    refuseSourceHost(transit) ??
    updateSegIdAtIngress(transit) ??
    refuseMac(transit) ??
    divertIngressAlert(transit) ??
    crossOver(transit)
  );
}

function current({ path }: Transit): { readonly info: InfoField; readonly hop: HopField } {
  return { info: path.infos[path.currInf]!, hop: path.hops[path.currHf]! };
}

function refuseExpired(transit: Transit): Outcome | undefined {
  const { info, hop } = current(transit);
  return hopExpiry(info, hop) < transit.now ? slow('EXPIRED_HOP') : undefined;
}

function refuseIngress(transit: Transit): Outcome | undefined {
  const { info, hop } = current(transit);
  const stated = info.consDir ? hop.consIngress : hop.consEgress;
  return transit.ingressId !== 0 && transit.ingressId !== stated ? slow('WRONG_INGRESS') : undefined;
}

function refuseLength({ packet }: Transit): Outcome | undefined {
  return packet.header.payloadLength === packet.payload.length ? undefined : slow('PACKET_SIZE');
}

/** A packet from inside the AS that is already under way must come from the router that it says it entered by. */
function refuseTransitSource({ path, ingress, peering, router }: Transit): Outcome | undefined {
  if (path.currHf === 0 || (typeof ingress === 'number' && ingress !== 0)) return undefined;
  const afterCrossing = !peering && path.currInf > 0 && segmentOf(path, path.currHf - 1) === path.currInf - 1;
  const back = afterCrossing ? 1 : 0;
  const info = path.infos[path.currInf - back]!;
  const hop = path.hops[path.currHf - back]!;
  const entered = router.interfaces.get(info.consDir ? hop.consIngress : hop.consEgress);
  const fromThere = typeof ingress !== 'number' && entered?.sibling === ingress.sibling;
  return fromThere ? undefined : drop('TRANSIT_SOURCE');
}

function isLocal({ packet, ia }: Transit, end: 'src' | 'dst'): boolean {
  return packet.header[end].ia === ia;
}

function refuseAses(transit: Transit): Outcome | undefined {
  const { path, ingressId } = transit;
  if (ingressId === 0) {
    if (path.currHf === 0 && !isLocal(transit, 'src')) return slow('SOURCE_IA');
    return isLocal(transit, 'dst') ? slow('DESTINATION_IA') : undefined;
  }
  if (isLocal(transit, 'src')) return slow('SOURCE_IA');
  const last = path.currHf === hopCount(path) - 1;
  return last === isLocal(transit, 'dst') ? undefined : slow('DESTINATION_IA');
}

function refuseSourceHost(transit: Transit): Outcome | undefined {
  if (!isLocal(transit, 'src')) return undefined;
  const { host } = transit.packet.header.src;
  const known = [HOST_IPV4, HOST_IPV6, HOST_SERVICE].includes(host.type);
  return known && !isMappedIpv4(host) ? undefined : slow('SOURCE_HOST');
}

function updateSegIdAtIngress(transit: Transit): undefined {
  if (!current(transit).info.consDir && transit.ingressId !== 0 && !transit.peering) updateSegId(transit);
  return undefined;
}

function refuseMac(transit: Transit): Outcome | undefined {
  const { info, hop } = current(transit);
  const mac = hopMac(transit.router.forwardingKey, info, hop);
  return Buffer.compare(mac, hop.mac) === 0 ? undefined : slow('BAD_MAC');
}

function divertIngressAlert(transit: Transit): Outcome | undefined {
  const { info, hop } = current(transit);
  const alert = info.consDir ? hop.ingressAlert : hop.egressAlert;
  return transit.ingressId !== 0 && alert ? slow('INGRESS_ALERT') : undefined;
}

/** At the end of a segment that is not a peering hop, the next hop field is this AS's too, and is checked as well. */
function crossOver(transit: Transit): Outcome | undefined {
  const { path, peering } = transit;
  const next = path.currHf + 1;
  if (isLocal(transit, 'dst') || peering || next >= hopCount(path) || segmentOf(path, next) === path.currInf) {
    return undefined;
  }
  transit.crossed = true;
  advance(transit);
  return refuseExpired(transit) ?? refuseMac(transit);
}

function leave(transit: Transit): Outcome {
  const { info, hop } = current(transit);
  const egressId = info.consDir ? hop.consEgress : hop.consIngress;
  const egress = transit.router.interfaces.get(egressId);
  if (transit.ingressId === 0 && egressId === 0) return drop('PATH_END');
  if (egress === undefined || (transit.ingressId === 0 && egress.sibling !== undefined)) return slow('UNKNOWN_EGRESS');
  const refused = refusePair(transit, egress.neighbour);
  if (refused !== undefined) return refused;
  const alert = info.consDir ? hop.egressAlert : hop.ingressAlert;
  if (egress.sibling === undefined && alert) return slow('EGRESS_ALERT');
  if (!egress.up) return slow('EGRESS_DOWN');
  if (transit.out.length + UNDERLAY_IP_LENGTH > (egress.mtu ?? Number.POSITIVE_INFINITY)) return slow('TOO_BIG');
  if (egress.sibling !== undefined) {
    return { verdict: 'forward', reason: 'TO_SIBLING', egress: egressId, packet: transit.out };
  }
  if (info.consDir && !transit.peering) updateSegId(transit);
  if (transit.path.currHf === hopCount(transit.path) - 1) return drop('PATH_END');
  advance(transit);
  return { verdict: 'forward', reason: 'FORWARDED', egress: egressId, packet: transit.out };
}

/** Pairs of neighbours between which an AS carries packets: it never does so for two that both are no customers. */
const PAIRS_IN_SEGMENT = ['core core', 'child parent', 'parent child', 'child peer', 'peer child'];
const PAIRS_ACROSS_SEGMENTS = ['core child', 'child core', 'child child'];

function refusePair({ router, ingressId, crossed }: Transit, egress: Neighbour): Outcome | undefined {
  const pair = `${router.interfaces.get(ingressId)?.neighbour ?? 'inside'} ${egress}`;
  if (crossed) return PAIRS_ACROSS_SEGMENTS.includes(pair) ? undefined : slow('INVALID_SEGMENT_CHANGE');
  return ingressId === 0 || PAIRS_IN_SEGMENT.includes(pair) ? undefined : slow('INVALID_PATH');
}

function updateSegId(transit: Transit): void {
  const { path, out, packet } = transit;
  const { info, hop } = current(transit);
  const updated = { ...info, segId: chainSegId(info.segId, hop.mac) };
  transit.path = { ...path, infos: path.infos.with(path.currInf, updated) };
  out.set(encodeInfoField(updated), packet.pathOffset + infoFieldOffset(path.currInf));
}

function advance(transit: Transit): void {
  const { path, out, packet } = transit;
  const currHf = path.currHf + 1;
  transit.path = { ...path, currHf, currInf: segmentOf(path, currHf) };
  out.set(encodePathMeta(transit.path), packet.pathOffset);
}
