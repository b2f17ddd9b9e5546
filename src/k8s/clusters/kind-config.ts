/** What kind is told of a cluster, and a node of its pods' network. Pure. */
import type { ClusterPlan, NodePlan } from '../../emulator/plan.ts';
import { POD_MTU } from '../../emulator/plan-lab.ts';

/** For services, the same in every cluster: they mean nothing outside it. Shared address space (RFC 6598), so nobody's. */
export const SERVICE_SUBNET = '100.64.0.0/16';

/** Names of the nodes' containers, in the plan's order: kind calls them so. The first is the control plane. */
export function containerNames(cluster: string, count: number): string[] {
  const workers = Array.from({ length: count - 1 }, (_, index) => `${cluster}-worker${index === 0 ? '' : index + 1}`);
  return [`${cluster}-control-plane`, ...workers];
}

/** Configuration file; JSON is YAML. */
export function kindConfig({ nodes, prefix }: Pick<ClusterPlan, 'nodes' | 'prefix'>): string {
  const patches = [
    {
      kind: 'ClusterConfiguration',
      // The plan says which addresses a node's pods have. There is nobody to elect a leader from, and who loses an election
      // on a busy machine ends.
      controllerManager: { extraArgs: { 'allocate-node-cidrs': 'false', 'leader-elect': 'false' } },
      scheduler: { extraArgs: { 'leader-elect': 'false' } },
    },
    // A packet that the dataplane delivers may answer one that conntrack has not seen, as that left by way of BPF. kube-proxy
    // would drop it as invalid.
    { kind: 'KubeProxyConfiguration', conntrack: { tcpBeLiberal: true } },
  ];
  return JSON.stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: {
      disableDefaultCNI: true,
      podSubnet: prefix,
      serviceSubnet: SERVICE_SUBNET,
      kubeProxyMode: 'iptables',
    },
    kubeadmConfigPatches: patches.map((patch) => JSON.stringify(patch)),
    nodes: nodes.map((_, index) => ({ role: index === 0 ? 'control-plane' : 'worker' })),
  });
}

/** Where the node's container runtime looks for the pods' network. */
export const CNI_FILE = '/etc/cni/net.d/10-cilion.conflist';

/** A veth for each pod, its address from the node's block; the routes between nodes are the lab's. */
export function podNetwork({ podCidr }: Pick<NodePlan, 'podCidr'>): string {
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-addresses',
    ranges: [[{ subnet: podCidr }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipMasq: false, mtu: POD_MTU, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}
