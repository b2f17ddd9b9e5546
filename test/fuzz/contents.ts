/** What a valid packet may hold besides the path of its topology. */
import { decodePacket, encodePacket } from '../../src/scion/header.ts';
import { ipHost, serviceHost } from '../../src/scion/host.ts';
import type { Random } from './random.ts';

const DESTINATIONS = [ipHost('10.0.0.2'), ipHost('fd00::2'), serviceHost(2)];
const SOURCES = [ipHost('10.0.0.1'), ipHost('fd00::1'), serviceHost(1)];
const LENGTHS = [0, 1, 7, 8, 63, 64, 100, 101];

/** The packet with other hosts, next header and payload; every fourth as it is. */
export function contents(packet: Uint8Array, random: Random): Uint8Array {
  if (random.once(4)) return packet;
  const { header } = decodePacket(packet);
  const length = random.once(50) ? 1200 + random.below(300) : random.pick(LENGTHS);
  return encodePacket(
    {
      ...header,
      trafficClass: random.below(256),
      flowId: random.below(2 ** 20),
      nextHeader: random.pick([6, 17, 202, 253, 254]),
      dst: { ...header.dst, host: random.pick(DESTINATIONS) },
      src: { ...header.src, host: random.pick(SOURCES) },
    },
    random.bytes(length),
  );
}
