/** The `computed` control plane of a lab: every AS's forwarding key and the paths between any two ASes. */
import type { IsdAs, Topology } from '../topology/model.ts';
import { pathCombiner } from './combine.ts';
import type { Path } from './end-to-end-path.ts';
import { computeSegments, forwardingKeys } from './segments.ts';

export interface ControlPlane {
  /** 16 bytes: the AS's key for the MACs of hop fields. */
  forwardingKey(ia: IsdAs): Uint8Array;
  /** All paths, best first; empty when there is none. */
  paths(src: IsdAs, dst: IsdAs): readonly Path[];
}

/** When the segments of a lab begin to be valid and for how long: with the seed, all that their bytes depend on. */
export interface Validity {
  /** Unix seconds. */
  readonly timestamp: number;
  readonly expirySeconds: number;
}

/** A lab that lives longer is not refreshed; its paths then expire as any path does. */
export const LAB_EXPIRY_SECONDS = 24 * 3600;

export function computedControlPlane(topology: Topology, seed: number, validity: Validity): ControlPlane {
  const keys = forwardingKeys(topology, seed);
  const combine = pathCombiner(topology, computeSegments(topology, { seed, ...validity }, keys));
  const cache = new Map<string, readonly Path[]>();
  return {
    forwardingKey: (ia) => {
      const key = keys.get(ia);
      if (key === undefined) throw new RangeError(`no AS ${ia}`);
      return key;
    },
    paths: (src, dst) => {
      const key = `${src} ${dst}`;
      const paths = cache.get(key) ?? combine(src, dst);
      cache.set(key, paths);
      return paths;
    },
  };
}
