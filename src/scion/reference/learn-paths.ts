/** From services that have just started to paths between the clusters of a lab. */
import type { IsdAs, Topology } from '../../topology/model.ts';
import type { ControlPlane } from '../control-plane.ts';
import { forwardingKeys } from '../segments.ts';
import { QUIET, type ReferenceControlPlane } from './control-plane.ts';
import { FollowedPaths } from './followed-paths.ts';

/** On two idle cores all paths of 16 ASes are known after about 12 s. */
const ALL_PATHS_MS = 90_000;
const ANY_PATH_MS = 240_000;

export interface LearnOptions {
  readonly topology: Topology;
  readonly seed: number;
  /** What the topology allows: so many paths are waited for. */
  readonly computed: ControlPlane;
  readonly onChange: (src: IsdAs, dst: IsdAs) => void;
}

/**
 * Waits until the daemons know all paths between any two of these ASes, since what a run measures should not depend on
 * how far beacons have come; after a minute and a half one path will do. Then control services send beacons seldom.
 *
 * @throws LabError when two ASes still have none after four minutes
 */
export async function learnPaths(
  control: ReferenceControlPlane,
  ases: readonly IsdAs[],
  { topology, seed, computed, onChange }: LearnOptions,
): Promise<FollowedPaths> {
  const pairs = ases.flatMap((src) => ases.filter((dst) => dst !== src).map((dst) => [src, dst] as const));
  const patience = performance.now() + ALL_PATHS_MS;
  const followed = await FollowedPaths.follow(control, forwardingKeys(topology, seed), pairs, {
    deadlineMs: ANY_PATH_MS,
    isEnough: (src, dst, { length }) =>
      length >= computed.paths(src, dst).length || (length > 0 && performance.now() > patience),
    onChange,
  });
  await control.pace(QUIET);
  return followed;
}
