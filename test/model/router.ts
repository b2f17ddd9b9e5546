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
import { FormatError } from '../../src/scion/format-error.ts';
import {
  decodePacket,
  PATH_EMPTY,
  PATH_EPIC,
  PATH_ONE_HOP,
  PATH_SCION,
  PROTOCOL_BFD,
  PROTOCOL_END_TO_END,
  PROTOCOL_HOP_BY_HOP,
  type ScionPacket,
} from '../../src/scion/header.ts';
import { type HopField, hopExpiry } from '../../src/scion/hop-field.ts';
import { HOST_IPV4, HOST_IPV6, HOST_SERVICE, hostLength, isMappedIpv4 } from '../../src/scion/host.ts';
import { encodeInfoField, type InfoField } from '../../src/scion/info-field.ts';
import { isdAsToBigint } from '../../src/scion/isd-as.ts';
import { chainSegId, hopMac } from '../../src/scion/mac.ts';
import {
  decodePath,
  encodePathMeta,
  hopCount,
  infoFieldOffset,
  type ScionPath,
  segmentOf,
} from '../../src/scion/path.ts';
import type { InterfaceId, IsdAs } from '../../src/topology/model.ts';
import { drop, type Outcome, slow } from './outcome.ts';

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
  const refused = refuseHeader(bytes);
  if (refused !== undefined) return refused;
  const packet = decodePacket(bytes);
  const otherwise = refuseExtensions(packet) ?? otherPathType(packet);
  if (otherwise !== undefined) return otherwise;
  const path = pathOf(packet);
  if (path === undefined) return drop('MALFORMED_PATH');
  const ingressId = typeof ingress === 'number' ? ingress : 0;
  const out = Uint8Array.from(bytes);
  const transit = {
    router,
    ia: isdAsToBigint(router.ia),
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

function refuseHeader(bytes: Uint8Array): Outcome | undefined {
  if (bytes.length < 36) return drop('TRUNCATED');
  if (bytes[0]! >> 4 !== 0) return slow('UNKNOWN_VERSION');
  const headerLength = bytes[5]! * 4;
  const types = bytes[9]!;
  if (headerLength > bytes.length) return drop('TRUNCATED');
  if (headerLength < 28 + hostLength(types >> 4) + hostLength(types & 15)) return drop('MALFORMED_PATH');
  return undefined;
}

/** At most one hop-by-hop and then one end-to-end extension, each as long as it says (extension-header.rst). */
function refuseExtensions({ header, payload }: ScionPacket): Outcome | undefined {
  let next = header.nextHeader;
  let rest = payload;
  for (const [protocol, refused] of [
    [PROTOCOL_HOP_BY_HOP, [PROTOCOL_HOP_BY_HOP]],
    [PROTOCOL_END_TO_END, [PROTOCOL_HOP_BY_HOP, PROTOCOL_END_TO_END]],
  ] as const) {
    if (next !== protocol) continue;
    const length = 4 * ((rest[1] ?? 0) + 1);
    if (rest.length < 2 || rest.length < length) return drop('BAD_EXTENSION');
    next = rest[0]!;
    if (refused.some((other) => other === next)) return drop('BAD_EXTENSION');
    rest = rest.subarray(length);
  }
  return undefined;
}

function otherPathType({ header }: ScionPacket): Outcome | undefined {
  switch (header.pathType) {
    case PATH_SCION:
      return undefined;
    case PATH_EMPTY:
      return header.nextHeader === PROTOCOL_BFD && header.path.length === 0 ? slow('BFD') : drop('UNSUPPORTED_PATH');
    case PATH_ONE_HOP:
      return header.nextHeader === PROTOCOL_BFD ? slow('BFD') : slow('ONE_HOP_PATH');
    case PATH_EPIC:
      return slow('EPIC_PATH');
    default:
      return drop('UNSUPPORTED_PATH');
  }
}

/** parsePath() and determinePeer(): undefined where the path makes no sense. */
function pathOf({ header }: ScionPacket): ScionPath | undefined {
  let path: ScionPath;
  try {
    path = decodePath(header.path);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
  const { currInf, currHf, segmentLengths, infos } = path;
  if (currHf >= hopCount(path) || currInf !== segmentOf(path, currHf)) return undefined;
  // Only a peering hop may be a segment of its own; a peering path has exactly two segments.
  const peer = infos[currInf]!.peer;
  return (peer ? segmentLengths.length === 2 : !segmentLengths.includes(1)) ? path : undefined;
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
