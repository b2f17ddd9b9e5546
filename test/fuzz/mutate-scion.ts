/** Damage to a SCION packet: blind, and where it hurts (lengths, pointers, flags, interfaces, expiry, ISD-ASes). */
import { FormatError } from '../../src/scion/format-error.ts';
import { hostLength } from '../../src/scion/host.ts';
import { hopMac } from '../../src/scion/mac.ts';
import { decodePath, hopFieldOffset, infoFieldOffset, type ScionPath, segmentOf } from '../../src/scion/path.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import type { Random } from './random.ts';

/** Where the packet is to be judged. */
export interface Place {
  readonly forwardingKey: Uint8Array;
  readonly interfaces: readonly InterfaceId[];
  /** ISD-ASes, the place's own among them. */
  readonly ias: readonly bigint[];
  /** Unix seconds. */
  readonly now: number;
}

type Mutation = (packet: Uint8Array, random: Random, place: Place) => Uint8Array | undefined;

const EDGES = [0, 1, 2, 3, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff];
const NEXT_HEADERS = [6, 17, 200, 201, 202, 203, 253, 254];

/**
 * One to four mutations. Half of the packets get MACs that are right for what they say now, so that damage is not always
 * found by the MAC; a liar who holds the key does that.
 */
export function mutateScion(packet: Uint8Array, random: Random, place: Place): Uint8Array {
  let mutated = Uint8Array.from(packet);
  for (let left = 1 + random.below(4); left > 0; left--) {
    if (mutated.length === 0) return mutated;
    mutated = (random.pick(MUTATIONS)(mutated, random, place) as Uint8Array<ArrayBuffer> | undefined) ?? mutated;
  }
  if (random.once(2)) sign(mutated, random, place);
  return mutated;
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  flipHeaderBit,
  flipHeaderBit,
  (packet, random) => set(packet, random.below(packet.length), random.pick(EDGES)),
  (packet, random) => packet.slice(0, random.below(packet.length + 1)),
  (packet, random) => Uint8Array.from([...packet, ...random.bytes(1 + random.below(24))]),
  // HdrLen, PayloadLen, the types of hosts, path type, next header.
  (packet, random) => set(packet, 5, (packet[5] ?? 0) + random.below(9) - 4),
  (packet, random) => set(packet, 7, (packet[7] ?? 0) + random.below(9) - 4),
  (packet, random) => set(packet, 9, random.below(256)),
  (packet, random) => set(packet, 8, random.below(5)),
  (packet, random) => set(packet, 4, random.pick(NEXT_HEADERS)),
  extend,
  (packet, random, { ias }) => setIa(packet, random.pick([12, 20]), random.pick(ias)),
  (packet, random) => shake(packet, random, 4),
  movePointer,
  changeSegment,
  changeHop,
  changeHop,
  swapHops,
  expireSoon,
];

function set(packet: Uint8Array, at: number, value: number): undefined {
  if (at < packet.length) packet[at] = value;
}

function flipBit(packet: Uint8Array, random: Random): undefined {
  packet[random.below(packet.length)]! ^= 1 << random.below(8);
}

function flipHeaderBit(packet: Uint8Array, random: Random): undefined {
  const header = Math.min(packet.length, 4 * (packet[5] ?? 0)) || 1;
  packet[random.below(header)]! ^= 1 << random.below(8);
}

/** Some bytes of the path meta header and what follows. */
function shake(packet: Uint8Array, random: Random, count: number): undefined {
  for (let i = 0; i < count; i++) set(packet, 36 + random.below(24), random.below(256));
}

/** An extension header between the SCION header and the payload, mostly a right one. */
function extend(packet: Uint8Array, random: Random): Uint8Array {
  const header = Math.min(packet.length, 4 * (packet[5] ?? 0));
  const words = random.below(4);
  const extension = random.bytes(4 * (words + 1));
  extension[0] = packet[4]!;
  extension[1] = random.once(8) ? random.below(256) : words;
  const longer = Uint8Array.from([...packet.subarray(0, header), ...extension, ...packet.subarray(header)]);
  longer[4] = random.pick([200, 201]);
  if (longer.length >= 8) viewOf(longer).setUint16(6, longer.length - header);
  return longer;
}

function setIa(packet: Uint8Array, at: number, ia: bigint): undefined {
  if (packet.length >= at + 8) viewOf(packet).setBigUint64(at, ia);
}

function movePointer(packet: Uint8Array, random: Random): undefined {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const hop = path.currHf + random.below(3) - 1;
  const info = random.once(3) ? random.below(4) : segmentOf(path, Math.max(0, hop));
  bytes[0] = (info << 6) | (hop & 63);
}

/** Direction, peering, length or SegID of a segment. */
function changeSegment(packet: Uint8Array, random: Random): undefined {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const info = infoFieldOffset(random.below(path.infos.length));
  switch (random.below(4)) {
    case 0:
      bytes[info]! ^= 1 + random.below(3);
      break;
    case 1:
      bytes[info + 2 + random.below(2)] = random.below(256);
      break;
    case 2:
      // Reserved bits, which nobody may rely on.
      bytes[info + random.below(2)]! ^= random.below(256) & 0xfc;
      break;
    default:
      bytes[1 + random.below(3)]! ^= 1 << random.below(8);
  }
}

/** Interfaces and alerts of the hop field where the packet stands, or of a neighbour of it. */
function changeHop(packet: Uint8Array, random: Random, place: Place): undefined {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const hop = hopFieldOffset(path, Math.min(path.hops.length - 1, path.currHf + random.below(2)));
  const view = viewOf(bytes);
  switch (random.below(3)) {
    case 0:
      bytes[hop]! ^= 1 + random.below(3);
      break;
    case 1:
      view.setUint16(hop + 2, random.pick([0, 1, 0xffff, ...place.interfaces]));
      break;
    default:
      view.setUint16(hop + 4, random.pick([0, 1, 0xffff, ...place.interfaces]));
  }
}

function swapHops(packet: Uint8Array, random: Random): undefined {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const [a, b] = [0, 1].map(() => hopFieldOffset(path, random.below(path.hops.length))) as [number, number];
  const kept = bytes.slice(a, a + 12);
  bytes.set(bytes.slice(b, b + 12), a);
  bytes.set(kept, b);
}

/** A segment that ends within seconds of now, before or after. */
function expireSoon(packet: Uint8Array, random: Random, { now }: Place): undefined {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const lifetime = (path.hops[path.currHf]!.expTime + 1) * 337.5;
  const timestamp = Math.floor(now - lifetime) + random.below(5) - 2;
  viewOf(bytes).setUint32(infoFieldOffset(random.below(path.infos.length)) + 4, timestamp);
}

/** Makes the MACs of the current hop field and of the next one right, for a packet that comes from another AS. */
function sign(packet: Uint8Array, random: Random, { forwardingKey }: Place): void {
  const found = findPath(packet);
  if (found === undefined) return;
  const { path, bytes } = found;
  const view = viewOf(bytes);
  const { currHf, currInf, infos, hops } = path;
  const info = infos[currInf]!;
  const segId = random.below(0x10000);
  const mac = hopMac(forwardingKey, { segId, timestamp: info.timestamp }, hops[currHf]!);
  bytes.set(mac, hopFieldOffset(path, currHf) + 6);
  const peeringHop = info.peer && [path.segmentLengths[0]! - 1, path.segmentLengths[0]!].includes(currHf);
  const taken = !info.consDir && !peeringHop ? (mac[0]! << 8) | mac[1]! : 0;
  view.setUint16(infoFieldOffset(currInf) + 2, segId ^ taken);
  const next = hops[currHf + 1];
  if (next === undefined || segmentOf(path, currHf + 1) === currInf) return;
  const nextInfo = infos[segmentOf(path, currHf + 1)]!;
  bytes.set(hopMac(forwardingKey, nextInfo, next), hopFieldOffset(path, currHf + 1) + 6);
}

/** The path of a packet, as fields and as the bytes in the packet; undefined where it makes no sense. */
function findPath(packet: Uint8Array): { readonly path: ScionPath; readonly bytes: Uint8Array } | undefined {
  if (packet.length < 36) return undefined;
  const bytes = packet.subarray(28 + hostLength(packet[9]! >> 4) + hostLength(packet[9]! & 15));
  try {
    const path = decodePath(bytes);
    return path.currHf < path.hops.length && path.currInf < path.infos.length ? { path, bytes } : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
