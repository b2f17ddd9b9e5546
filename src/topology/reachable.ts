/** Whether two ASes have a path that both planes may use. */
import { Graph, reach } from './graph.ts';
import type { IsdAs, Topology } from './model.ts';

/**
 * Up to providers, across the core or one peering link, down to customers: the shape of a SCION path and of what
 * Gao-Rexford export lets BGP learn, so the answer holds for both planes.
 */
export function isReachable(topology: Topology, from: IsdAs, to: IsdAs): boolean {
  const graph = new Graph(topology.links);
  const above = (ia: IsdAs) => reach([ia], (child) => graph.neighbours(child, 'parent'));
  const up = above(from);
  const down = above(to);
  const core = reach([...up], (ia) => graph.neighbours(ia, 'core'));
  return [...down].some((ia) => core.has(ia) || graph.neighbours(ia, 'peer').some((peer) => up.has(peer)));
}
