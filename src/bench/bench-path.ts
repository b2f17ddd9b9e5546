/** Paths as a router of HERE meets them: any number of them that differ in SegID, and so in every MAC. */
import { chainSegId, hopMac } from '../scion/mac.ts';
import { encodePath, hopFieldOffset, infoFieldOffset, type ScionPath, segmentOf } from '../scion/path.ts';

export interface PathShape {
  readonly segments: readonly {
    readonly consDir: boolean;
    readonly peer?: boolean;
    /** Interfaces in the order of travel: in, out. */
    readonly hops: readonly (readonly [number, number])[];
  }[];
  /** Hop field at which the packet stands. */
  readonly currHf: number;
  /** From inside the AS: the SegID is right for the MAC as it is. */
  readonly fromInside?: boolean;
}

/** Places in the path that make one path another, bytes from its start. */
export interface PathField {
  readonly segIdAt: number;
  readonly macAt: number;
}

const EXP_TIME = 63;
const MAC_AT = 6;
const SEG_ID_AT = 2;

/**
 * A path whose hop fields verify under `key`, SegID `segId` in each of its segments.
 * @param timestamp Unix seconds
 */
export function benchPath(shape: PathShape, key: Uint8Array, segId: number, timestamp: number): Uint8Array {
  const { segments, currHf, fromInside = false } = shape;
  const segmentLengths = segments.map(({ hops }) => hops.length);
  const hops = segments.flatMap(({ consDir, hops: pairs }) =>
    pairs.map(([first, second]) => {
      const [consIngress, consEgress] = consDir ? [first, second] : [second, first];
      const hop = { ingressAlert: false, egressAlert: false, expTime: EXP_TIME, consIngress, consEgress };
      return { ...hop, mac: hopMac(key, { segId, timestamp }, hop) };
    }),
  );
  const here = segmentOf({ currInf: 0, currHf, segmentLengths }, currHf);
  const infos = segments.map(({ consDir, peer = false }, index) => {
    // Against construction direction the ingress router takes its MAC out of the SegID before it checks.
    const taken = index === here && !consDir && !fromInside && !peer;
    return { peer, consDir, segId: taken ? chainSegId(segId, hops[currHf]!.mac) : segId, timestamp };
  });
  const path: ScionPath = { currInf: here, currHf, segmentLengths, infos, hops };
  return encodePath(path);
}

/** What the router verifies, and so what has to differ for its cache of MACs to be cold: one hop field, or two at a crossover. */
export function verifiedFields(shape: PathShape): PathField[] {
  const segmentLengths = shape.segments.map(({ hops }) => hops.length);
  const meta = { currInf: 0, currHf: shape.currHf, segmentLengths };
  const last = segmentLengths.slice(0, segmentOf(meta, shape.currHf) + 1).reduce((sum, length) => sum + length, 0) - 1;
  const peer = shape.segments[segmentOf(meta, shape.currHf)]!.peer === true;
  const crosses = shape.currHf === last && last + 1 < shape.segments.flatMap(({ hops }) => hops).length && !peer;
  return (crosses ? [shape.currHf, shape.currHf + 1] : [shape.currHf]).map((hop) => ({
    segIdAt: infoFieldOffset(segmentOf(meta, hop)) + SEG_ID_AT,
    macAt: hopFieldOffset(meta, hop) + MAC_AT,
  }));
}
