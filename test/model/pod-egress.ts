/** pod_egress as a whole: a pod's frame, and how it leaves. The kernel's large packets (GSO) are not modelled. */
import { macBytes } from '../../src/dataplane/mac-address.ts';
import { internetChecksum } from '../golden/frame.ts';
import { dropped, type FrameOutcome, notOurs } from './frame-outcome.ts';
import { findRemote, type RemotePods } from './inner-packet.ts';
import { lowerMss } from './mss.ts';

export interface EgressPath {
  /** Underlay and SCION header as user space made it. */
  readonly header: Uint8Array;
  /** Largest pod packet, bytes. */
  readonly innerMtu: number;
  /** It has not expired, is not down and answers. */
  readonly usable: boolean;
  readonly weight: number;
  /** BGP routes the underlay: MAC addresses towards its far end, `none` where there is no way. */
  readonly routed?: { readonly own: string; readonly next: string } | 'none';
}

export interface ModelEgress {
  readonly remotes: readonly RemotePods[];
  /** Paths towards a remote node for the pod with this address. */
  readonly paths: (remote: number, pod: number) => readonly EgressPath[];
  /** The pod has a policy of its own. */
  readonly policied: (pod: number) => boolean;
  readonly strategy: 'ordered' | 'weighted';
  readonly onNone: 'block' | 'pass';
  /** The frame comes out of the segmenter: the kernel has already routed it. */
  readonly segmented: boolean;
}

const ETHERNET = 14;
const TCP = 6;
const UDP = 17;

export function atPodEgress(frame: Uint8Array, egress: ModelEgress): FrameOutcome {
  if (!isIpv4(frame)) return notOurs(frame);
  const out = Uint8Array.from(frame);
  const ip = new DataView(out.buffer, ETHERNET);
  const remote = findRemote(egress.remotes, ip.getUint32(16));
  if (remote === undefined) return notOurs(frame);
  const hash = flowHash(out);
  const pod = ip.getUint32(12);
  const paths = egress.paths(remote.id, pod);
  const path = choose(paths, egress.strategy, hash);
  if (path === undefined && egress.onNone === 'block') {
    return dropped(egress.policied(pod) && paths.length === 0 ? 'POLICY_BLOCKED' : 'NO_PATH');
  }
  if (path === undefined) return egress.segmented ? dropped('NO_PATH') : notOurs(frame);
  if (hasPorts(out) && out[23] === TCP) lowerMss(out, 34, remote.innerMtu);
  const length = out.length - ETHERNET;
  if (ip.getUint16(2) !== length || length < (ip.getUint8(0) & 0xf) * 4)
    return egress.segmented ? dropped('INNER_MALFORMED') : notOurs(out);
  if (length > path.innerMtu) return egress.segmented ? dropped('INNER_TOO_BIG') : notOurs(out);
  if (!egress.segmented) {
    if (out[22]! <= 1) return notOurs(out);
    decrementTtl(ip);
  }
  if (path.routed === 'none') return dropped('NO_ROUTE');
  return { action: 'redirect', reasons: ['ENCAPSULATED'], frame: encapsulated(out.subarray(ETHERNET), path, hash) };
}

function isIpv4(frame: Uint8Array): boolean {
  return frame.length >= 34 && frame[12] === 8 && frame[13] === 0 && frame[14]! >> 4 === 4 && (frame[14]! & 15) >= 5;
}

/** Of an IPv4 packet without options that is no fragment. */
function hasPorts(frame: Uint8Array): boolean {
  const fragment = ((frame[20]! & 0x3f) << 8) | frame[21]!;
  return (frame[14]! & 15) === 5 && [TCP, UDP].includes(frame[23]!) && fragment === 0;
}

/** Which packets are one flow: bpf/pod_egress.bpf.c, hash_flow(). */
function flowHash(frame: Uint8Array): number {
  const little = new DataView(frame.buffer, frame.byteOffset);
  const addresses = (BigInt(little.getUint32(26, true)) << 32n) | BigInt(little.getUint32(30, true));
  let hash = BigInt.asUintN(64, addresses * 0x9e3779b97f4a7c15n) ^ BigInt(frame[23]!);
  if (hasPorts(frame) && frame.length >= 38) hash ^= BigInt(little.getUint32(34, true)) << 17n;
  return Number(BigInt.asUintN(64, hash * 0xd6e8feb86659fd93n) >> 32n);
}

function choose(paths: readonly EgressPath[], strategy: ModelEgress['strategy'], hash: number): EgressPath | undefined {
  const usable = paths.filter((path) => path.usable);
  if (strategy === 'ordered') return usable[0];
  let target = hash % Math.max(1, sum(usable));
  return usable.find(({ weight }) => {
    if (target < weight) return true;
    target -= weight;
    return false;
  });
}

function sum(paths: readonly EgressPath[]): number {
  return paths.reduce((total, { weight }) => total + weight, 0);
}

/** RFC 1141, as the kernel does it: the checksum's two zeros are told apart in the machine's byte order. */
function decrementTtl(ip: DataView): void {
  const check = ip.getUint16(10, true) + 1;
  ip.setUint16(10, (check + (check >= 0xffff ? 1 : 0)) & 0xffff, true);
  ip.setUint8(8, ip.getUint8(8) - 1);
}

function encapsulated(inner: Uint8Array, { header, routed }: EgressPath, hash: number): Uint8Array {
  const frame = new Uint8Array(header.length + inner.length);
  frame.set(header);
  frame.set(inner, header.length);
  if (routed !== undefined && routed !== 'none') frame.set([...macBytes(routed.next), ...macBytes(routed.own)]);
  const view = new DataView(frame.buffer);
  view.setUint16(16, frame.length - ETHERNET);
  view.setUint16(24, 0);
  view.setUint16(24, internetChecksum(frame.subarray(14, 34)));
  view.setUint16(38, frame.length - 34);
  view.setUint32(42, view.getUint32(42) | (hash & 0xfffff));
  view.setUint16(48, inner.length);
  return frame;
}
