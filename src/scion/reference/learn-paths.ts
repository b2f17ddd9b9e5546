/** From services that have just started to paths between the clusters of a lab. */
import { LabError } from '../../errors.ts';
import type { IsdAs, Topology } from '../../topology/model.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { Path } from '../end-to-end-path.ts';
import { forwardingKeys } from '../segments.ts';
import { FAST, QUIET, type ReferenceControlPlane } from './control-plane.ts';
import { FollowedPaths, type FollowOptions } from './followed-paths.ts';

const BEST_PATHS_MS = 60_000;
/** For services that begin with what others have learned: longer than it takes BFD to find the links up. */
const KNOWN_PATHS_MS = 8000;
const ANY_PATH_MS = 240_000;

export interface LearnOptions {
  readonly topology: Topology;
  readonly seed: number;
  /** What the topology allows. */
  readonly computed: ControlPlane;
  readonly onChange: (src: IsdAs, dst: IsdAs) => void;
}

/**
 * Waits until the daemons know, between any two of these ASes, the best path of the topology over each pair of their
 * interfaces: what a run measures should not depend on how far beacons have come. All paths are not waited for, since where
 * many core ASes meet the control services pass on only the best beacons, and with these the last paths come late or never.
 * After a minute any path will do. Then control services send beacons seldom.
 *
 * @throws LabError when two ASes still have none after four minutes
 */
export async function learnPaths(
  control: ReferenceControlPlane,
  ases: readonly IsdAs[],
  { topology, seed, computed, onChange }: LearnOptions,
): Promise<FollowedPaths> {
  const pairs = ases.flatMap((src) => ases.filter((dst) => dst !== src).map((dst) => [src, dst] as const));
  const best = (src: IsdAs, dst: IsdAs, paths: readonly Path[]) =>
    hasAll(paths, bestByInterfaces(computed.paths(src, dst)));
  const keys = forwardingKeys(topology, seed);
  const follow = (deadlineMs: number, isEnough: FollowOptions['isEnough'] & {}) =>
    FollowedPaths.follow(control, keys, pairs, { deadlineMs, isEnough, onChange });
  if (control.learnedBefore !== undefined) {
    try {
      return await follow(KNOWN_PATHS_MS, best);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      await control.pace(FAST);
    }
  }
  const patience = performance.now() + BEST_PATHS_MS;
  const followed = await follow(
    ANY_PATH_MS,
    (src, dst, paths) => best(src, dst, paths) || (paths.length > 0 && performance.now() > patience),
  );
  await control.pace(QUIET);
  if (pairs.every(([src, dst]) => best(src, dst, followed.paths(src, dst)))) control.hasLearned();
  return followed;
}

/** The first path, in their order, over each pair of an interface of the first AS and one of the last. */
export function bestByInterfaces(paths: readonly Path[]): Path[] {
  const best = new Map<string, Path>();
  for (const path of paths) {
    const key = `${path.interfaces[0]?.ifid} ${path.interfaces.at(-1)?.ifid}`;
    if (!best.has(key)) best.set(key, path);
  }
  return [...best.values()];
}

/** Whether these are among the paths, whatever their timestamps. */
export function hasAll(paths: readonly Path[], wanted: readonly Path[]): boolean {
  const known = new Set(paths.map(({ fingerprint }) => fingerprint));
  return wanted.every(({ fingerprint }) => known.has(fingerprint));
}
