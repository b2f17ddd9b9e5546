/** The last step of a pod's packet: what comes out of SCION, and what is refused. */
import { contains, parsePrefix } from '../../src/topology/ipv4.ts';
import { dropped, type FrameOutcome } from './frame-outcome.ts';
import { lowerMss } from './mss.ts';

export interface RemotePods {
  readonly cidr: string;
  /** ISD-AS of the remote node as in the address header. */
  readonly ia: bigint;
  readonly id: number;
  readonly innerMtu: number;
}

interface Pods {
  readonly podCidr: string;
  readonly remotes: readonly RemotePods[];
}

/**
 * @param inner the SCION payload, which begins at `offset` of the frame
 * @param srcIa the AS that the packet came from
 */
export function decapsulated(
  frame: Uint8Array,
  inner: Uint8Array,
  offset: number,
  srcIa: bigint,
  { podCidr, remotes }: Pods,
): FrameOutcome {
  const headerLength = 4 * ((inner[0] ?? 0) & 15);
  if (inner.length < 20 || inner[0]! >> 4 !== 4 || headerLength < 20) return dropped('INNER_MALFORMED');
  const view = new DataView(inner.buffer, inner.byteOffset, inner.byteLength);
  if (view.getUint16(2) !== inner.length || inner.length < headerLength) return dropped('INNER_MALFORMED');
  const remote = findRemote(remotes, view.getUint32(12));
  if (remote?.ia !== srcIa) return dropped('INNER_SPOOFED');
  if (!contains(parsePrefix(podCidr), view.getUint32(16))) return dropped('INNER_DESTINATION');
  // What lies behind the packet stays; the kernel cuts it off.
  const out = Uint8Array.from([...frame.subarray(0, 14), ...frame.subarray(offset)]);
  const hasTcpHeader = inner[9] === 6 && headerLength === 20 && (view.getUint16(6) & 0x1fff) === 0;
  if (hasTcpHeader) lowerMss(out, 34, remote.innerMtu);
  return { action: 'pass', reasons: ['DECAPSULATED'], frame: out };
}

/** Prefixes of remote nodes do not overlap. */
export function findRemote(remotes: readonly RemotePods[], address: number): RemotePods | undefined {
  return remotes.find(({ cidr }) => contains(parsePrefix(cidr), address));
}
