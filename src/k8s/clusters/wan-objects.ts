/** The plan's links and other clusters as an administrator would write them for a cluster's API server. Pure. */
import type { LinkRole } from '../../dataplane/router-maps.ts';
import { linkSides } from '../../emulator/link-sides.ts';
import type { ClusterPlan, NodePlan, Plan } from '../../emulator/plan.ts';
import { LINK_ROLES } from '../agent/link-places.ts';
import { API_VERSION } from '../crd/definitions.ts';

const LINK_TYPES = new Map<LinkRole, string>(Object.entries(LINK_ROLES).map(([type, role]) => [role, type]));

/** @param nodeName As the API server calls a node of the cluster. */
export function wanObjects(plan: Plan, cluster: ClusterPlan, nodeName: (node: NodePlan) => string): object[] {
  return [...links(plan, cluster, nodeName), ...peers(plan, cluster)];
}

function links(plan: Plan, { ia, nodes }: ClusterPlan, nodeName: (node: NodePlan) => string): object[] {
  const sides = linkSides(plan).filter(({ own }) => own.ia === ia);
  return nodes.flatMap((node) =>
    sides
      .filter(({ own }) => node.interfaces.includes(own.ifid))
      .map(({ link, own, remote, role }) => ({
        apiVersion: API_VERSION,
        kind: 'ScionLink',
        metadata: { name: `interface-${own.ifid}` },
        spec: {
          linkType: LINK_TYPES.get(role),
          remoteAS: remote.ia,
          interfaceID: own.ifid,
          mtu: link.mtu,
          nodeSelector: { matchLabels: { 'kubernetes.io/hostname': nodeName(node) } },
          underlay: {
            type: 'UDP/IPv4',
            localIP: own.address,
            localPort: own.port,
            remoteIP: remote.address,
            remotePort: remote.port,
          },
        },
      })),
  );
}

function peers(plan: Plan, cluster: ClusterPlan): object[] {
  return plan.clusters
    .filter((other) => other !== cluster)
    .map(({ name, ia, nodes }) => ({
      apiVersion: API_VERSION,
      kind: 'ScionClusterPeer',
      metadata: { name },
      spec: {
        remoteAS: ia,
        podCIDRs: nodes.map(({ podCidr }) => podCidr),
        nodes: nodes.map((node) => ({
          name: node.name,
          address: node.address,
          podCIDR: node.podCidr,
          interfaces: node.interfaces,
        })),
      },
    }));
}
