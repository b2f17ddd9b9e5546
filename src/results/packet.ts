/** Reads captured frames as far as an observer must: Ethernet, IPv4, UDP, TCP, VXLAN (RFC 7348) and SCION's addresses. */
import {
  COMMON_HEADER_LENGTH,
  PROTOCOL_END_TO_END,
  PROTOCOL_EXPERIMENT,
  PROTOCOL_HOP_BY_HOP,
  PROTOCOL_UDP,
} from '../scion/header.ts';
import { formatHost, hostLength } from '../scion/host.ts';
import { bigintToIsdAs } from '../scion/isd-as.ts';
import { VXLAN_PORT } from '../transports/tunnel-ports.ts';

export interface Frame {
  /** Destination MAC address, `02:00:00:00:00:01`. */
  readonly destination: string;
  /** Null for what is not IPv4. */
  readonly ip: IpPacket | null;
}

export interface IpPacket {
  readonly src: string;
  readonly dst: string;
  readonly srcNumber: number;
  readonly dstNumber: number;
  readonly protocol: number;
  /** Of UDP and TCP; null in all but the first fragment, and where the capture ends before them. */
  readonly ports: { readonly src: number; readonly dst: number } | null;
  /** What follows the UDP header, as far as it was captured; null for all but UDP. */
  readonly udpPayload: Uint8Array | null;
  /** Length that the UDP header gives to its payload, bytes. */
  readonly udpPayloadLength: number;
}

export interface ScionPacket {
  /** `1-ff00:0:110,10.1.0.1`. */
  readonly src: string;
  readonly dst: string;
  /** After hop-by-hop and end-to-end extensions. */
  readonly nextHeader: number;
  /** Of SCION/UDP; null where it is something else or was cut off. */
  readonly dstPort: number | null;
  /** The pod's IP packet that it carries (docs/dataplane.md); null where it carries something else. */
  readonly inner: IpPacket | null;
}

const ETHERNET_HEADER = 14;
const ETHERTYPE_IPV4 = 0x0800;
const TCP = 6;
const UDP = 17;
const VXLAN_HEADER = 8;

/** Null for what is too short to be Ethernet. */
export function parseFrame(bytes: Uint8Array): Frame | null {
  if (bytes.length < ETHERNET_HEADER) return null;
  const ipv4 = view(bytes).getUint16(12) === ETHERTYPE_IPV4;
  return {
    destination: [...bytes.subarray(0, 6)].map((octet) => octet.toString(16).padStart(2, '0')).join(':'),
    ip: ipv4 ? parseIpv4(bytes.subarray(ETHERNET_HEADER)) : null,
  };
}

/** The frame that VXLAN carries; null where the packet is no VXLAN. */
export function innerFrame(ip: IpPacket): Frame | null {
  if (ip.udpPayload === null || ip.ports?.dst !== VXLAN_PORT || ip.udpPayload.length < VXLAN_HEADER) return null;
  return parseFrame(ip.udpPayload.subarray(VXLAN_HEADER));
}

function parseIpv4(bytes: Uint8Array): IpPacket | null {
  if (bytes.length < 20 || bytes[0]! >> 4 !== 4) return null;
  const header = view(bytes);
  const headerLength = (bytes[0]! & 0xf) * 4;
  const firstFragment = (header.getUint16(6) & 0x1fff) === 0;
  const protocol = bytes[9]!;
  const transport = firstFragment ? bytes.subarray(headerLength) : new Uint8Array();
  const udp = protocol === UDP && transport.length >= 8;
  return {
    src: dotted(bytes.subarray(12, 16)),
    dst: dotted(bytes.subarray(16, 20)),
    srcNumber: header.getUint32(12),
    dstNumber: header.getUint32(16),
    protocol,
    ports: udp || (protocol === TCP && transport.length >= 4) ? portsOf(transport) : null,
    udpPayload: udp ? transport.subarray(8) : null,
    udpPayloadLength: udp ? view(transport).getUint16(4) - 8 : 0,
  };
}

function portsOf(transport: Uint8Array): { src: number; dst: number } {
  return { src: view(transport).getUint16(0), dst: view(transport).getUint16(2) };
}

const HOSTS_OFFSET = COMMON_HEADER_LENGTH + 16;

/**
 * The SCION packet in the UDP payload; null where there is none. Link ports are each topology's own, so it is told by
 * its header (doc/protocols/scion-header.rst): version, reserved bits, ISD-ASes, and lengths that add up to the
 * payload's. Works on packets that the capture cut short.
 */
export function scionOf(ip: IpPacket): ScionPacket | null {
  const bytes = ip.udpPayload;
  if (bytes === null || bytes.length < HOSTS_OFFSET) return null;
  const header = view(bytes);
  const headerLength = bytes[5]! * 4;
  const lengthsAgree = headerLength + header.getUint16(6) === ip.udpPayloadLength;
  if (bytes[0]! >> 4 !== 0 || header.getUint16(10) !== 0 || !lengthsAgree) return null;
  const dstIa = isdAs(header.getBigUint64(12));
  const srcIa = isdAs(header.getBigUint64(20));
  const dstType = bytes[9]! >> 4;
  const srcType = bytes[9]! & 0xf;
  const srcOffset = HOSTS_OFFSET + hostLength(dstType);
  const hostsEnd = srcOffset + hostLength(srcType);
  if (dstIa === null || srcIa === null || Math.min(bytes.length, headerLength) < hostsEnd) return null;
  return {
    dst: `${dstIa},${formatHost({ type: dstType, bytes: bytes.subarray(HOSTS_OFFSET, srcOffset) })}`,
    src: `${srcIa},${formatHost({ type: srcType, bytes: bytes.subarray(srcOffset, hostsEnd) })}`,
    ...payloadOf(bytes[4]!, bytes.subarray(headerLength)),
  };
}

/** Skips the extensions (doc/protocols/extension-header.rst): next header, then length in units of four bytes, less one. */
function payloadOf(first: number, payload: Uint8Array): Pick<ScionPacket, 'nextHeader' | 'dstPort' | 'inner'> {
  let type = first;
  let rest = payload;
  while ((type === PROTOCOL_HOP_BY_HOP || type === PROTOCOL_END_TO_END) && rest.length >= 2) {
    const length = (rest[1]! + 1) * 4;
    type = rest[0]!;
    rest = rest.subarray(length);
  }
  return {
    nextHeader: type,
    dstPort: type === PROTOCOL_UDP && rest.length >= 4 ? view(rest).getUint16(2) : null,
    inner: type === PROTOCOL_EXPERIMENT ? parseIpv4(rest) : null,
  };
}

/** Null for the wildcards, which no packet in flight carries. */
function isdAs(value: bigint): string | null {
  const wildcard = value >> 48n === 0n || (value & 0xffff_ffff_ffffn) === 0n;
  return wildcard ? null : bigintToIsdAs(value);
}

function dotted(bytes: Uint8Array): string {
  return bytes.join('.');
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
