/** A SCION packet as its sender's kernel puts it on a wire: UDP over IPv4 over Ethernet. */

import { macBytes } from '../dataplane/mac-address.ts';
import { UNDERLAY_LENGTH, type UnderlayEnd, underlayHeader } from '../dataplane/underlay.ts';
import { parseIpv4 } from '../topology/ipv4.ts';

const ETHERNET_LENGTH = 14;
const IP_LENGTH = 20;

/** With IPv4 checksum, without UDP checksum (RFC 768: it is optional over IPv4). */
export function wrapPacket(from: UnderlayEnd, to: UnderlayEnd, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(UNDERLAY_LENGTH + packet.length);
  frame.set(underlayHeader(from, to), 0);
  frame.set(packet, UNDERLAY_LENGTH);
  const view = new DataView(frame.buffer);
  view.setUint16(ETHERNET_LENGTH + 2, frame.length - ETHERNET_LENGTH);
  view.setUint16(ETHERNET_LENGTH + IP_LENGTH + 4, frame.length - ETHERNET_LENGTH - IP_LENGTH);
  view.setUint16(ETHERNET_LENGTH + 10, ipChecksum(frame.subarray(ETHERNET_LENGTH, ETHERNET_LENGTH + IP_LENGTH)));
  return frame;
}

/** RFC 1071, of a header whose checksum field is zero. */
export function ipChecksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header[at]! * 256 + header[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

/** The same frame for another receiver: IPv4 destination and Ethernet destination, with the checksum that belongs to it. */
export function readdressed(frame: Uint8Array, to: { readonly address: string; readonly mac: string }): Uint8Array {
  const changed = frame.slice();
  changed.set(macBytes(to.mac), 0);
  const view = new DataView(changed.buffer);
  view.setUint32(ETHERNET_LENGTH + 16, parseIpv4(to.address));
  view.setUint16(ETHERNET_LENGTH + 10, 0);
  view.setUint16(ETHERNET_LENGTH + 10, ipChecksum(changed.subarray(ETHERNET_LENGTH, ETHERNET_LENGTH + IP_LENGTH)));
  return changed;
}
