/** The UDP/IPv4 underlay of a SCION link, as user space prepares it for the BPF programs (bpf/underlay.h). */
import { parseIpv4 } from '../topology/ipv4.ts';
import { macBytes } from './mac-address.ts';

/** Ethernet, IPv4 and UDP header. */
export const UNDERLAY_LENGTH = 42;
/** IPv4 and UDP header: what the link's MTU has to hold besides the SCION packet. */
export const UNDERLAY_IP_LENGTH = 28;
const IP_OFFSET = 14;
const UDP_OFFSET = 34;
const TTL = 64;
const DONT_FRAGMENT = 0x4000;
const PROTOCOL_UDP = 17;

export interface UnderlayEnd {
  /** IPv4 address. */
  readonly address: string;
  readonly port: number;
  /** MAC address of the device, or of the next hop where the underlay is routed. */
  readonly mac: string;
}

/** The headers from `own` to `remote`: lengths and checksums are 0 and filled in for each packet. */
export function underlayHeader(own: UnderlayEnd, remote: UnderlayEnd): Uint8Array {
  const bytes = new Uint8Array(UNDERLAY_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(macBytes(remote.mac), 0);
  bytes.set(macBytes(own.mac), 6);
  view.setUint16(12, 0x0800);
  view.setUint8(IP_OFFSET, 0x45);
  view.setUint16(IP_OFFSET + 6, DONT_FRAGMENT);
  view.setUint8(IP_OFFSET + 8, TTL);
  view.setUint8(IP_OFFSET + 9, PROTOCOL_UDP);
  view.setUint32(IP_OFFSET + 12, parseIpv4(own.address));
  view.setUint32(IP_OFFSET + 16, parseIpv4(remote.address));
  view.setUint16(UDP_OFFSET, own.port);
  view.setUint16(UDP_OFFSET + 2, remote.port);
  return bytes;
}

/**
 * Sum of the IPv4 header's words but for total length and checksum, folded to 16 bits. The words are read in the
 * machine's (little-endian) order, as the programs do: the Internet checksum does not mind (RFC 1071 section 2B).
 */
export function ipHeaderSum(underlay: Uint8Array): number {
  const view = new DataView(underlay.buffer, underlay.byteOffset + IP_OFFSET, UDP_OFFSET - IP_OFFSET);
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 2) {
    if (at !== 2 && at !== 10) sum += view.getUint16(at, true);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
