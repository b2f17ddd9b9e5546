/** Damage to what is around a SCION packet: Ethernet, VLAN tags, IPv4, UDP, and the end of the frame. */
import type { Random } from './random.ts';

/** No frame that a driver hands over is shorter than its Ethernet header (and BPF_PROG_RUN takes none). */
export const SHORTEST_FRAME = 14;
const UNDERLAY = 42;

type Mutation = (frame: Uint8Array, random: Random) => Uint8Array | undefined;

const MUTATIONS: readonly Mutation[] = [
  (frame, random) => {
    frame[random.below(Math.min(frame.length, UNDERLAY))]! ^= 1 << random.below(8);
    return undefined;
  },
  (frame, random) => frame.slice(0, SHORTEST_FRAME + random.below(frame.length - SHORTEST_FRAME + 1)),
  // Padding, as of short Ethernet frames.
  (frame, random) => Uint8Array.from([...frame, ...random.bytes(1 + random.below(40))]),
  (frame, random) => addTo16(frame, random.pick([16, 38]), random.below(5) - 2),
  (frame, random) => {
    const delta = random.below(9) - 4;
    addTo16(frame, 16, delta);
    return addTo16(frame, 38, delta);
  },
  // Fragments, and the "don't fragment" bit.
  (frame, random) => {
    frame[20] = random.pick([0, 0x20, 0x40, 0x80, 0x01]);
    frame[21] = random.pick([0, 0, 1, 0xff]);
    return undefined;
  },
  (frame, random) => tag(frame, random.pick([0x8100, 0x88a8])),
  addOptions,
];

/** One or two mutations of a frame with whole Ethernet, IPv4 and UDP headers. */
export function mutateUnderlay(frame: Uint8Array, random: Random): Uint8Array {
  const mutated = Uint8Array.from(frame);
  const once = random.pick(MUTATIONS)(mutated, random) ?? mutated;
  if (random.once(2) || once.length < UNDERLAY) return once;
  return random.pick(MUTATIONS)(once, random) ?? once;
}

/** A VLAN tag (IEEE 802.1Q) in front of what the frame carries. */
export function tag(frame: Uint8Array, ethertype: number): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, 12), ethertype >> 8, ethertype & 0xff, 0, 7, ...frame.subarray(12)]);
}

/** Four bytes of IPv4 options (three times "no operation" and the end of the list), lengths and all. */
export function addOptions(frame: Uint8Array): Uint8Array {
  const longer = Uint8Array.from([...frame.subarray(0, 34), 1, 1, 1, 0, ...frame.subarray(34)]);
  longer[14] = 0x46;
  addTo16(longer, 16, 4);
  return longer;
}

function addTo16(frame: Uint8Array, at: number, delta: number): undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length >= at + 2) view.setUint16(at, (view.getUint16(at) + delta) & 0xffff);
}
