/** Paths that no topology has, with right MACs at one AS: for the rules that only a liar would break. */
import { hopMac } from '../../src/scion/mac.ts';
import { encodePath, type ScionPath } from '../../src/scion/path.ts';

export interface CraftedSegment {
  readonly consDir: boolean;
  readonly peer?: boolean;
  /** Interfaces in the order of travel: in, out. */
  readonly hops: readonly (readonly [number, number])[];
}

export interface Crafted {
  readonly segments: readonly CraftedSegment[];
  /** Hop field at which the packet stands. */
  readonly currHf: number;
  readonly timestamp: number;
  readonly expTime?: number;
  readonly ingressAlert?: boolean;
  readonly egressAlert?: boolean;
  /** The packet comes from inside the AS: no ingress router is going to take anything out of the SegID. */
  readonly fromInside?: boolean;
}

const SEG_ID = 0x1234;

/**
 * A path whose hop fields all verify with `key` at SegID 0x1234 of their segment. Against construction direction an
 * ingress router takes a MAC out of the SegID first (unless it peers), so there the SegID is made to come out right for
 * the hop field where the packet stands.
 */
export function craftPath(crafted: Crafted, key: Uint8Array): Uint8Array {
  const { segments, currHf, timestamp, expTime = 63, ingressAlert = false, egressAlert = false } = crafted;
  const { fromInside = false } = crafted;
  const hops = segments.flatMap(({ consDir, hops: pairs }) =>
    pairs.map(([first, second]) => {
      const fields = { ingressAlert, egressAlert, expTime };
      const [consIngress, consEgress] = consDir ? [first, second] : [second, first];
      const mac = hopMac(key, { segId: SEG_ID, timestamp }, { ...fields, consIngress, consEgress });
      return { ...fields, consIngress, consEgress, mac };
    }),
  );
  const segmentLengths = segments.map(({ hops: pairs }) => pairs.length);
  const currInf = segmentAt(segmentLengths, currHf);
  const boundary = segmentLengths[0]!;
  const infos = segments.map(({ consDir, peer = false }, index) => {
    const peeringHop = peer && (currHf === boundary - 1 || currHf === boundary);
    const taken = !fromInside && !consDir && index === currInf && !peeringHop;
    const mac = hops[currHf]!.mac;
    const segId = taken ? SEG_ID ^ ((mac[0]! << 8) | mac[1]!) : SEG_ID;
    return { peer, consDir, segId, timestamp };
  });
  const path: ScionPath = { currInf, currHf, segmentLengths, infos, hops };
  return encodePath(path);
}

function segmentAt(lengths: readonly number[], hop: number): number {
  let end = 0;
  return lengths.findIndex((length) => {
    end += length;
    return hop < end;
  });
}
