/** A pod's packet: UDP over IPv4. */
import { macBytes } from '../dataplane/mac-address.ts';
import { parseIpv4 } from '../topology/ipv4.ts';
import { ipChecksum } from './wrap-packet.ts';

const IP_LENGTH = 20;
const UDP_LENGTH = 8;
const ETHERNET_LENGTH = 14;

/** IPv4 packet with `payload` zero bytes in a UDP datagram without checksum. */
export function innerPacket(from: string, to: string, payload: number): Uint8Array {
  const bytes = new Uint8Array(IP_LENGTH + UDP_LENGTH + payload);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint8(8, 64);
  view.setUint8(9, 17);
  view.setUint32(12, parseIpv4(from));
  view.setUint32(16, parseIpv4(to));
  view.setUint16(10, ipChecksum(bytes.subarray(0, IP_LENGTH)));
  view.setUint16(IP_LENGTH, 5000);
  view.setUint16(IP_LENGTH + 2, 5001);
  view.setUint16(IP_LENGTH + 4, UDP_LENGTH + payload);
  return bytes;
}

export function podFrame(packet: Uint8Array, macs: { readonly to: string; readonly from: string }): Uint8Array {
  const frame = new Uint8Array(ETHERNET_LENGTH + packet.length);
  frame.set(macBytes(macs.to), 0);
  frame.set(macBytes(macs.from), 6);
  new DataView(frame.buffer).setUint16(12, 0x0800);
  frame.set(packet, ETHERNET_LENGTH);
  return frame;
}
