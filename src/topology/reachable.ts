/** Whether two ASes have a path that both planes may use. */
import { reach } from './check.ts';
import type { IsdAs, Topology } from './model.ts';

/**
 * Up to providers, across the core or one peering link, down to customers: the shape of a SCION path and of what
 * Gao-Rexford export lets BGP learn, so the answer holds for both planes.
 */
export function isReachable(topology: Topology, from: IsdAs, to: IsdAs): boolean {
  const above = (ia: IsdAs) =>
    reach([ia], (child) =>
      topology.links.flatMap(({ kind, a, b }) => (kind === 'child' && b.ia === child ? [a.ia] : [])),
    );
  const across = (ia: IsdAs, kind: 'core' | 'peer') =>
    topology.links.flatMap((link) => {
      if (link.kind !== kind) return [];
      return link.a.ia === ia ? [link.b.ia] : link.b.ia === ia ? [link.a.ia] : [];
    });
  const up = above(from);
  const down = above(to);
  const core = reach([...up], (ia) => across(ia, 'core'));
  return [...down].some((ia) => core.has(ia) || across(ia, 'peer').some((peer) => up.has(peer)));
}
