/** Common and address header of a SCION packet (SCION header specification). The path is kept as bytes. */
import { checkLength, checkUnsigned, FormatError, viewOf } from './format-error.ts';
import { type Host, hostLength } from './host.ts';

export const COMMON_HEADER_LENGTH = 12;
/** HdrLen is 8 bits of 4-byte lines. */
export const MAX_HEADER_LENGTH = 255 * 4;
export const MAX_PAYLOAD_LENGTH = 0xffff;

export const PATH_EMPTY = 0;
export const PATH_SCION = 1;
export const PATH_ONE_HOP = 2;
export const PATH_EPIC = 3;

/** Next-header values (assigned SCION protocol numbers). */
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_HOP_BY_HOP = 200;
export const PROTOCOL_END_TO_END = 201;
export const PROTOCOL_SCMP = 202;
export const PROTOCOL_BFD = 203;
/** For experiments: here, an IP packet of a pod. */
export const PROTOCOL_EXPERIMENT = 253;
/** For experiments too: a probe of a path. */
export const PROTOCOL_PROBE = 254;

export interface Address {
  /** ISD-AS as in `isdAsToBigint`; a received header may hold wildcards. */
  readonly ia: bigint;
  readonly host: Host;
}

export interface ScionHeader {
  readonly trafficClass: number;
  /** 20 bits, the same for all packets of a flow. */
  readonly flowId: number;
  /** Protocol number of what follows this header. */
  readonly nextHeader: number;
  /** Bytes after this header, extensions included. */
  readonly payloadLength: number;
  readonly pathType: number;
  readonly dst: Address;
  readonly src: Address;
  /** Path header, a multiple of 4 bytes. */
  readonly path: Uint8Array;
}

export interface ScionPacket {
  readonly version: number;
  readonly header: ScionHeader;
  /** Bytes of the whole header: 4 · HdrLen. */
  readonly headerLength: number;
  /** Where the path begins, bytes from the start of the packet. */
  readonly pathOffset: number;
  /** What follows the header; as long as the packet is, whatever PayloadLen says. */
  readonly payload: Uint8Array;
}

/** Bytes of common, address and path header together. */
export function headerLength(header: Pick<ScionHeader, 'dst' | 'src' | 'path'>): number {
  return pathOffsetOf(header.dst.host.type, header.src.host.type) + header.path.length;
}

/** The header's bytes, HdrLen included. Throws FormatError when a value does not fit or the header is above 1020 bytes. */
export function encodeHeader(header: ScionHeader): Uint8Array {
  checkHeader(header);
  const length = headerLength(header);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  view.setUint32(0, header.trafficClass * 2 ** 20 + header.flowId);
  view.setUint8(4, header.nextHeader);
  view.setUint8(5, length / 4);
  view.setUint16(6, header.payloadLength);
  view.setUint8(8, header.pathType);
  view.setUint8(9, (header.dst.host.type << 4) | header.src.host.type);
  view.setBigUint64(12, header.dst.ia);
  view.setBigUint64(20, header.src.ia);
  bytes.set(header.dst.host.bytes, 28);
  bytes.set(header.src.host.bytes, 28 + header.dst.host.bytes.length);
  bytes.set(header.path, length - header.path.length);
  return bytes;
}

/** Header and payload as one packet; PayloadLen is set to the payload's length. Throws FormatError. */
export function encodePacket(header: Omit<ScionHeader, 'payloadLength'>, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD_LENGTH) throw new FormatError(`payload of ${payload.length} bytes, more than 65535`);
  return Buffer.concat([encodeHeader({ ...header, payloadLength: payload.length }), payload]);
}

/**
 * Takes a packet apart without copying. Throws FormatError when it is shorter than its HdrLen or HdrLen is too small for
 * its addresses. Version, PayloadLen, address types and path are not judged: that is for whoever processes it.
 */
export function decodePacket(packet: Uint8Array): ScionPacket {
  checkLength('SCION common header', packet, COMMON_HEADER_LENGTH);
  const view = viewOf(packet);
  const first = view.getUint32(0);
  const types = view.getUint8(9);
  const dstType = types >> 4;
  const srcType = types & 15;
  const pathOffset = pathOffsetOf(dstType, srcType);
  const length = view.getUint8(5) * 4;
  if (length < pathOffset) throw new FormatError(`HdrLen of ${length} bytes ends inside the address header`);
  checkLength('SCION header', packet, length);
  const srcHost = 28 + hostLength(dstType);
  const header = {
    trafficClass: (first >>> 20) & 0xff,
    flowId: first & 0xfffff,
    nextHeader: view.getUint8(4),
    payloadLength: view.getUint16(6),
    pathType: view.getUint8(8),
    dst: { ia: view.getBigUint64(12), host: { type: dstType, bytes: packet.subarray(28, srcHost) } },
    src: { ia: view.getBigUint64(20), host: { type: srcType, bytes: packet.subarray(srcHost, pathOffset) } },
    path: packet.subarray(pathOffset, length),
  };
  return { version: first >>> 28, header, headerLength: length, pathOffset, payload: packet.subarray(length) };
}

function pathOffsetOf(dstType: number, srcType: number): number {
  return COMMON_HEADER_LENGTH + 16 + hostLength(dstType) + hostLength(srcType);
}

function checkHeader(header: ScionHeader): void {
  checkUnsigned('TrafficClass', header.trafficClass, 8);
  checkUnsigned('FlowID', header.flowId, 20);
  checkUnsigned('NextHdr', header.nextHeader, 8);
  checkUnsigned('PayloadLen', header.payloadLength, 16);
  checkUnsigned('PathType', header.pathType, 8);
  for (const { ia, host } of [header.dst, header.src]) {
    checkUnsigned('host address type', host.type, 4);
    if (host.bytes.length !== hostLength(host.type)) {
      throw new FormatError(`host address of ${host.bytes.length} bytes, its type says ${hostLength(host.type)}`);
    }
    if (ia < 0n || ia >= 1n << 64n) throw new FormatError(`ISD-AS ${ia} is not a number of 64 bits`);
  }
  if (header.path.length % 4 !== 0) throw new FormatError(`path of ${header.path.length} bytes is no multiple of 4`);
  if (headerLength(header) > MAX_HEADER_LENGTH) {
    throw new FormatError(`header of ${headerLength(header)} bytes, more than ${MAX_HEADER_LENGTH}`);
  }
}
