/** The SCION paths of a running lab, for commands that have not built it. */

import { comparePaths } from '../scion/combine.ts';
import { computedControlPlane } from '../scion/control-plane.ts';
import type { Path } from '../scion/end-to-end-path.ts';
import { openDaemon } from '../scion/reference/open-daemon.ts';
import type { IsdAs } from '../topology/model.ts';
import { SCION_FOLDER } from './lab.ts';
import type { LabDirectory } from './lab-directory.ts';

/** By destination, best first: computed, or as the AS's daemon knows them now. @throws DaemonError */
export async function labPaths(
  lab: LabDirectory,
  src: IsdAs,
  destinations: readonly IsdAs[],
): Promise<ReadonlyMap<IsdAs, readonly Path[]>> {
  const plan = lab.plan();
  if (plan.controlPlane === 'computed') {
    const control = computedControlPlane(lab.topology(), plan.seed, lab.validity());
    return new Map(destinations.map((dst) => [dst, control.paths(src, dst)]));
  }
  const daemon = await openDaemon(lab, plan, lab.path(SCION_FOLDER), src);
  try {
    const found = destinations.map(async (dst) => {
      const paths = await daemon.client.paths(src, dst);
      return [dst, paths.toSorted(comparePaths)] as const;
    });
    return new Map(await Promise.all(found));
  } finally {
    daemon.close();
  }
}
