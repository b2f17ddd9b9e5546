/** IPv4 packets as pods send them, right ones and liars. */
import { internetChecksum } from '../golden/frame.ts';
import type { Random } from './random.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const SYN_OPTIONS = [
  [2, 4, 0x05, 0xb4, 1, 3, 3, 7],
  [1, 2, 4, 0x05, 0xb4, 1, 4, 2],
  [4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 2, 4, 0x23, 0x00, 1, 1, 1, 0],
  [2, 4, 0x02, 0x00],
  [2, 3, 5, 1],
  [0, 2, 4, 5],
  [],
];

/** From one address to another, with a header that is mostly right. */
export function podPacket(random: Random, src: readonly number[], dst: readonly number[]): Uint8Array {
  const protocol = random.pick([ICMP, TCP, TCP, TCP, UDP, UDP, 47, random.below(256)]);
  const content =
    protocol === TCP ? segment(random) : random.bytes(random.pick([8, 9, 64, 101, 1200, 1280, 1281, 1400]));
  const options = random.once(6) ? random.bytes(4 * (1 + random.below(10))) : new Uint8Array(0);
  const packet = Uint8Array.from([...new Array<number>(20).fill(0), ...options, ...content]);
  const view = new DataView(packet.buffer);
  packet[0] = 0x45 + options.length / 4;
  packet[1] = random.pick([0, 0, 0xb8, 3]);
  view.setUint16(2, packet.length);
  view.setUint16(4, random.below(0x10000));
  view.setUint16(6, random.pick([0, 0x4000, 0x4000, 0x2000, 0x2001, 0x00ff]));
  packet[8] = random.pick([64, 64, 64, 255, 2, 1, 0]);
  packet[9] = protocol;
  packet.set(src, 12);
  packet.set(dst, 16);
  view.setUint16(10, internetChecksum(packet.subarray(0, 20 + options.length)));
  return random.once(3) ? damaged(packet, random) : packet;
}

function segment(random: Random): Uint8Array {
  const options = random.pick(SYN_OPTIONS);
  const payload = random.bytes(random.pick([0, 0, 1, 100]));
  const tcp = Uint8Array.from([...random.bytes(20), ...options, ...payload]);
  tcp[12] = random.once(10) ? random.below(256) : ((20 + options.length) / 4) << 4;
  tcp[13] = random.pick([2, 2, 0x12, 0x10, random.below(256)]);
  return tcp;
}

function damaged(packet: Uint8Array, random: Random): Uint8Array {
  switch (random.below(4)) {
    case 0:
      packet[random.below(packet.length)]! ^= 1 << random.below(8);
      return packet;
    case 1:
      packet[3]! += random.below(9) - 4;
      return packet;
    case 2:
      return packet.slice(0, random.below(packet.length + 1));
    default:
      // Version and header length.
      packet[0] = random.below(256);
      return packet;
  }
}
