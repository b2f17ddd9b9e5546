/** Probes of a path's health: what they say, and the way back of their answers. Written byte by byte, unlike the code under test. */
import { decodePacket } from '../../src/scion/header.ts';
import { decodePath, hopFieldOffset, infoFieldOffset } from '../../src/scion/path.ts';
import type { InterfaceId } from '../../src/topology/model.ts';

export interface Probe {
  readonly kind: 'request' | 'reply';
  /** Of the node that asks. */
  readonly path: number;
  readonly token: bigint;
  /** CLOCK_MONOTONIC of the node that asks. */
  readonly sentNs: bigint;
}

const MAGIC = 0x43696c50;
const LENGTH = 32;
const KINDS = new Map([
  [1, 'request'],
  [2, 'reply'],
] as const);

/** The probe in a packet that has come to the end of its path; undefined where there is none. */
export function probeIn(packet: Uint8Array): Probe | undefined {
  const { payload } = decodePacket(packet);
  if (payload.length < LENGTH) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const kind = KINDS.get(view.getUint32(4) as 1 | 2);
  if (view.getUint32(0) !== MAGIC || kind === undefined) return undefined;
  return { kind, path: view.getUint32(8), token: view.getBigUint64(16), sentNs: view.getBigUint64(24) };
}

/** A request as the answer to it, and by which interface of the AS that goes; undefined where the hosts are not IPv4. */
export function answerTo(
  packet: Uint8Array,
): { readonly packet: Uint8Array; readonly egress: InterfaceId } | undefined {
  if (packet[9] !== 0) return undefined;
  const { pathOffset, headerLength } = decodePacket(packet);
  const answer = Uint8Array.from(packet);
  swap(answer, 12, 20, 8);
  swap(answer, 28, 32, 4);
  const egress = reverse(answer.subarray(pathOffset, headerLength));
  answer[headerLength + 7] = 2;
  return { packet: answer, egress };
}

/** Turns a path at its last hop field round, bytes that nobody understands included. Returns its first interface. */
function reverse(path: Uint8Array): InterfaceId {
  const { segmentLengths, infos, hops } = decodePath(path);
  const before = path.slice();
  const meta = segmentLengths.toReversed().reduce((bits, length, index) => bits | (length << (12 - 6 * index)), 0);
  const view = new DataView(path.buffer, path.byteOffset, path.byteLength);
  view.setUint32(0, meta);
  for (const index of infos.keys()) {
    const from = infoFieldOffset(infos.length - 1 - index);
    path.set(before.subarray(from, from + 8), infoFieldOffset(index));
    path[infoFieldOffset(index)]! ^= 1;
  }
  const at = (index: number) => hopFieldOffset({ segmentLengths, currInf: 0, currHf: 0 }, index);
  for (const index of hops.keys()) {
    const from = at(hops.length - 1 - index);
    path.set(before.subarray(from, from + 12), at(index));
  }
  const consDir = (path[4]! & 1) !== 0;
  return view.getUint16(at(0) + (consDir ? 4 : 2));
}

function swap(bytes: Uint8Array, a: number, b: number, length: number): void {
  const kept = bytes.slice(a, a + length);
  bytes.copyWithin(a, b, b + length);
  bytes.set(kept, b);
}
