/** What can be wrong with a packet. */
import { viewOf } from '../../../src/scion/format-error.ts';
import type { BasePacket } from './base-packets.ts';
import type { Random } from './random.ts';

export interface MutatedPacket extends BasePacket {
  readonly mutation: string;
}

/** Behind the headers and extensions, kept so that the packet can be known again. */
export const MARK_LENGTH = 8;

/** Each bit of the header flipped, one at a time. */
export function* everyBit(base: BasePacket): Generator<MutatedPacket> {
  for (let bit = 0; bit < base.bytes[5]! * 32; bit++) {
    const bytes = Uint8Array.from(base.bytes);
    bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
    yield { ...base, bytes, mutation: `bit ${bit}` };
  }
}

/** Cut off after every number of bytes. */
export function* everyLength(base: BasePacket): Generator<MutatedPacket> {
  for (let length = 0; length < base.bytes.length; length++) {
    yield { ...base, bytes: base.bytes.slice(0, length), mutation: `cut to ${length} bytes` };
  }
}

type Mutate = (bytes: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: Readonly<Record<string, Mutate>> = {
  none: (bytes) => bytes,
  'wrong SegID': (bytes, random) => {
    viewOf(bytes).setUint16(pathOffset(bytes) + 6, random.below(65_536));
    return bytes;
  },
  'other segment lengths': (bytes, random) => {
    const at = pathOffset(bytes);
    const lengths = (random.below(5) << 12) | (random.below(5) << 6) | random.below(4);
    viewOf(bytes).setUint32(at, ((bytes[at]! & 0xff) * 2 ** 24 + lengths) >>> 0);
    return bytes;
  },
  'another position': (bytes, random) => {
    bytes[pathOffset(bytes)] = (random.below(4) << 6) | random.below(8);
    return bytes;
  },
  'another interface': (bytes, random) => {
    const [hop, field] = [random.below(bytes[5]! * 4 - pathOffset(bytes) - 16), random.below(2)];
    viewOf(bytes).setUint16(pathOffset(bytes) + 12 + hop - (hop % 4) + field * 2, random.pick([0, 11, 13, 14, 21, 31]));
    return bytes;
  },
  'router alert': (bytes, random) => {
    for (let at = bytes[5]! * 4 - 12; at > pathOffset(bytes) + 12; at -= 12) bytes[at] = random.below(4);
    return bytes;
  },
  'wrong payload length': (bytes, random) => {
    viewOf(bytes).setUint16(6, random.below(300));
    return bytes;
  },
  'bytes added': (bytes, random) => {
    const longer = new Uint8Array(bytes.length + 1 + random.below(40));
    longer.set(bytes);
    return longer;
  },
  'random bytes': (bytes, random) => {
    // The first four tell packets apart.
    for (let n = 0; n <= random.below(5); n++) bytes[4 + random.below(bytes[5]! * 4 - 4)] = random.below(256);
    return bytes;
  },
};

export function mutateAtRandom(base: BasePacket, random: Random): MutatedPacket {
  const mutation = random.pick(Object.keys(MUTATIONS));
  return { ...base, bytes: MUTATIONS[mutation]!(Uint8Array.from(base.bytes), random), mutation };
}

/** From the start of the packet, of one that has not been changed. */
function pathOffset(bytes: Uint8Array): number {
  const length = (type: number) => 4 * ((type & 3) + 1);
  return 28 + length(bytes[9]! >> 4) + length(bytes[9]! & 15);
}
