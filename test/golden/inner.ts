/** IPv4 packets as pods send them. */
import { ipHost } from '../../src/scion/host.ts';
import { internetChecksum } from './frame.ts';

export interface Inner {
  readonly src?: string;
  readonly dst?: string;
  /** UDP unless given. */
  readonly protocol?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In units of eight bytes. */
  readonly fragmentOffset?: number;
  /** A multiple of four bytes. */
  readonly options?: readonly number[];
  /** What follows the IPv4 header: eight bytes unless given. */
  readonly payload?: readonly number[];
}

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

/** A packet with right checksums: of the IPv4 header, and of a whole TCP segment. */
export function innerPacket(inner: Inner = {}): Uint8Array {
  const { src = '10.1.1.2', dst = '10.2.1.2', protocol = UDP, ttl = 64, options = [] } = inner;
  const {
    dontFragment = false,
    moreFragments = false,
    fragmentOffset = 0,
    payload = [3, 232, 0, 53, 0, 8, 0, 0],
  } = inner;
  const headerLength = 20 + options.length;
  const packet = new Uint8Array(headerLength + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x40 + headerLength / 4);
  view.setUint16(2, packet.length);
  view.setUint16(6, (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | fragmentOffset);
  view.setUint8(8, ttl);
  view.setUint8(9, protocol);
  packet.set(ipHost(src).bytes, 12);
  packet.set(ipHost(dst).bytes, 16);
  packet.set(options, 20);
  packet.set(payload, headerLength);
  view.setUint16(10, internetChecksum(packet.subarray(0, headerLength)));
  if (protocol === TCP && headerLength === 20 && payload.length >= 20) view.setUint16(36, tcpChecksum(packet));
  return packet;
}

/** Of a packet without IP options, as it stands; 0 where the checksum in it is right. */
export function tcpChecksum(packet: Uint8Array): number {
  const segment = packet.subarray(20);
  const pseudo = Uint8Array.from([...packet.subarray(12, 20), 0, TCP, segment.length >> 8, segment.length & 0xff]);
  return internetChecksum(segment, 0xffff - internetChecksum(pseudo));
}

/** A TCP segment: options (a multiple of four bytes), flags (SYN unless given) and payload. */
export function tcpSegment(options: readonly number[] = [], flags = 0x02, payload: readonly number[] = []): number[] {
  const offset = (5 + options.length / 4) << 4;
  return [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 0, offset, flags, 0xff, 0xff, 0, 0, 0, 0, ...options, ...payload];
}

/** As a pod's veth hands it over. */
export function podFrame(packet: Uint8Array, ethertype = 0x0800): Uint8Array {
  return Uint8Array.from([...new Array<number>(12).fill(2), ethertype >> 8, ethertype & 0xff, ...packet]);
}
