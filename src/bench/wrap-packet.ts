/** A SCION packet as its sender's kernel puts it on a wire: UDP over IPv4 over Ethernet. */
import { underlayHeader, UNDERLAY_LENGTH, type UnderlayEnd } from '../dataplane/underlay.ts';

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
function ipChecksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header[at]! * 256 + header[at + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
