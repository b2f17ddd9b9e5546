/** What the agent of a planned node knows of the world: in a namespace of the lab and in a real cluster the same. */
import { linkSides } from '../../emulator/link-sides.ts';
import type { ClusterPlan, NodePlan, Plan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import type { NodeView, RemoteNode, Sibling } from '../agent/node-view.ts';

/** @throws LabError for a cluster of several nodes without a network between them */
export function plannedView(plan: Plan, cluster: ClusterPlan, node: NodePlan): NodeView {
  const sides = linkSides(plan).filter(({ own }) => own.ia === cluster.ia);
  const mtu = plan.veths.find(({ a }) => a.namespace === node.namespace && a.device === node.lan?.device)?.a.mtu;
  const siblings = cluster.nodes
    .filter((other) => other !== node)
    .map((other): Sibling => {
      if (other.lan === undefined) throw new LabError(`node ${other.name} is not on its cluster's network`);
      const own = sides.filter((side) => other.interfaces.includes(side.own.ifid));
      return {
        address: other.address,
        mac: other.lan.mac,
        interfaces: own.map(({ own: { ifid }, role }) => ({ ifid, role })),
      };
    });
  const remotes = plan.clusters
    .filter((other) => other !== cluster)
    .flatMap(({ ia, nodes }) => nodes.map((each) => ({ ia, ...each })))
    .map((each, id): RemoteNode => ({ ...each, id }));
  return {
    ia: cluster.ia,
    slowPath: plan.controlPlane === 'reference',
    address: node.address,
    podCidr: node.podCidr,
    interfaces: sides
      .filter(({ own }) => node.interfaces.includes(own.ifid))
      .map(({ link, own, remote, role }) => ({
        ifid: own.ifid,
        role,
        ifindex: own.ifindex,
        own,
        remote,
        routed: link.underlay === 'internet',
        mtu: link.mtu,
      })),
    siblings,
    remotes,
    ...(node.lan === undefined || mtu === undefined
      ? {}
      : { lan: { ifindex: node.lan.ifindex, mac: node.lan.mac, mtu } }),
  };
}
