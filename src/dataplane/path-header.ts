/**
 * The header that a node puts before every packet on a path: underlay, SCION common and address header, path. Made once;
 * the programs fill in lengths, checksum and FlowID.
 */
import { encodeHeader, PATH_SCION, PROTOCOL_EXPERIMENT } from '../scion/header.ts';
import { ipHost } from '../scion/host.ts';
import { isdAsToBigint } from '../scion/isd-as.ts';
import { chainSegId } from '../scion/mac.ts';
import { decodePath, encodePath, type ScionPath, segmentOf } from '../scion/path.ts';
import type { IsdAs } from '../topology/model.ts';
import { UNDERLAY_IP_LENGTH, UNDERLAY_LENGTH, type UnderlayEnd, underlayHeader } from './underlay.ts';

export interface PathHeaderSettings {
  readonly srcIa: IsdAs;
  readonly dstIa: IsdAs;
  /** IPv4 addresses of the two nodes. */
  readonly srcHost: string;
  readonly dstHost: string;
  /** Dataplane path as its source puts it into packets. */
  readonly raw: Uint8Array;
  /** Where it is sent: the two ends of the node's own link, or of the AS's network towards the sibling that has the link. */
  readonly own: UnderlayEnd;
  readonly remote: UnderlayEnd;
  /** The path's first interface is this node's own, so that the node takes the border router's step itself. */
  readonly ownLink: boolean;
}

/** Underlay and SCION header of one path. Throws FormatError for a path that cannot be, RangeError for a bad address. */
export function pathHeader(settings: PathHeaderSettings): Uint8Array {
  const path = decodePath(settings.raw);
  const scion = encodeHeader({
    trafficClass: 0,
    flowId: 0,
    nextHeader: PROTOCOL_EXPERIMENT,
    payloadLength: 0,
    pathType: PATH_SCION,
    src: { ia: isdAsToBigint(settings.srcIa), host: ipHost(settings.srcHost) },
    dst: { ia: isdAsToBigint(settings.dstIa), host: ipHost(settings.dstHost) },
    path: encodePath(settings.ownLink ? afterFirstRouter(path) : path),
  });
  const header = new Uint8Array(UNDERLAY_LENGTH + scion.length);
  header.set(underlayHeader(settings.own, settings.remote));
  header.set(scion, UNDERLAY_LENGTH);
  return header;
}

/** Largest pod packet for a path of this MTU (the largest IP packet on its links), bytes. */
export function innerMtu(pathMtu: number, header: Uint8Array): number {
  return pathMtu - UNDERLAY_IP_LENGTH - (header.length - UNDERLAY_LENGTH);
}

/** What the border router of the source AS makes of a path: SegID in construction direction, next hop field. */
function afterFirstRouter(path: ScionPath): ScionPath {
  const [info] = path.infos;
  const [hop] = path.hops;
  if (info === undefined || hop === undefined) throw new RangeError('an empty path');
  // A peering hop field shares its SegID with the next one (scion-header.rst, "Peering Link").
  const peeringHop = info.peer && path.segmentLengths[0] === 1;
  const chained = info.consDir && !peeringHop ? { ...info, segId: chainSegId(info.segId, hop.mac) } : info;
  return { ...path, infos: path.infos.with(0, chained), currHf: 1, currInf: segmentOf(path, 1) };
}
