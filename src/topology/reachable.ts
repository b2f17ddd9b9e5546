/** Whether two ASes have paths on both planes. */
import { Graph, reach } from './graph.ts';
import { type IsdAs, type Topology, wiresOf } from './model.ts';

/** Over the links that carry SCION, and over the wires. */
export function isReachable(topology: Topology, from: IsdAs, to: IsdAs): boolean {
  return leads(new Graph(topology.links), from, to) && leads(new Graph(wiresOf(topology)), from, to);
}

/**
 * Up to providers, across the core or one peering link, down to customers: the shape of a SCION path and of what
 * Gao-Rexford export lets BGP learn.
 */
export function leads(graph: Graph, from: IsdAs, to: IsdAs): boolean {
  const above = (ia: IsdAs) => reach([ia], (child) => graph.neighbours(child, 'parent'));
  const up = above(from);
  const down = above(to);
  const core = reach([...up], (ia) => graph.neighbours(ia, 'core'));
  return [...down].some((ia) => core.has(ia) || graph.neighbours(ia, 'peer').some((peer) => up.has(peer)));
}
