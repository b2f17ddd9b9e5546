/** The ASes that BGP's best routes lead through. */
import type { Lab } from '../emulator/lab.ts';
import type { NodePlan } from '../emulator/plan.ts';
import type { Route } from './transport.ts';

export async function bgpRoute(lab: Lab, from: NodePlan, address: string): Promise<Route> {
  const { routers, end } = await lab.bgp.follow(from.namespace, address);
  const ases = routers.map((router) => lab.bgp.iaOf(router));
  // The nodes of a cluster are routers of one AS.
  return {
    ases: ases.filter((ia, index) => ia !== ases[index - 1]),
    // The pod's own node knows the way from there.
    arrives: end === 'originated',
    source: 'bgp',
  };
}
