/** Whether two ASes have paths on both planes. */
import { Graph, reach } from './graph.ts';
import { type IsdAs, type Topology, wiresOf } from './model.ts';

/** Over the links that carry SCION, and over the wires. */
export function isReachable(topology: Topology, from: IsdAs, to: IsdAs): boolean {
  return planesOf(topology).every((graph) => leads(graph, from, to));
}

/** Every pair of clusters asks. */
const planes = new WeakMap<Topology, readonly Graph[]>();

function planesOf(topology: Topology): readonly Graph[] {
  const known = planes.get(topology) ?? [new Graph(topology.links), new Graph(wiresOf(topology))];
  planes.set(topology, known);
  return known;
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
