/** What kind is told of a cluster, and a node of its pods' network. Pure. */
import { basename } from 'node:path';
import type { ClusterPlan, NodePlan, PodPlan } from '../../emulator/plan.ts';
import { POD_MTU } from '../../emulator/plan-lab.ts';
import { formatIpv4, parseIpv4, parsePrefix } from '../../topology/ipv4.ts';
import { LAB_NAMESPACE } from '../policy/manifests.ts';

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

/** Where the node's container runtime looks for the pods' network, for plugins, and where the plugin looks for pods. */
export const CNI_FILE = '/etc/cni/net.d/10-cilion.conflist';
export const CNI_PLUGIN = '/usr/lib/cni/planned-pods';
const PLANNED_PODS = '/etc/cni/planned-pods';
/** Where it says in which network namespace a pod of the plan is. */
const MADE_PODS = '/run/planned-pods';
const CNI_VERSION = '0.4.0';

/**
 * Pods of the plan have its addresses, and their devices are the lab's (testbed/kind/cni/planned-pods); others get a veth,
 * and an address of the node's block that no pod of the plan has. The routes between nodes are the lab's.
 */
export function podNetwork({ podCidr }: Pick<NodePlan, 'podCidr'>, planned: readonly PodPlan[]): string {
  const taken = planned.map(({ address }) => parseIpv4(address));
  const { network } = parsePrefix(podCidr);
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-addresses',
    // The first address is the gateway's.
    ranges: [[{ subnet: podCidr, rangeStart: formatIpv4(1 + Math.max(network + 1, ...taken)) }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return JSON.stringify({
    cniVersion: CNI_VERSION,
    name: 'pods',
    plugins: [
      { type: basename(CNI_PLUGIN), ipMasq: false, mtu: POD_MTU, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/** Files of the node that tell its plugin which pods are the plan's. */
export function plannedPods(pods: readonly PodPlan[]): ReadonlyMap<string, string> {
  return new Map(
    pods.map(({ name, address }) => [
      `${PLANNED_PODS}/${LAB_NAMESPACE}_${name}`,
      JSON.stringify({
        cniVersion: CNI_VERSION,
        interfaces: [{ name: 'eth0', sandbox: '@NETNS@' }],
        ips: [{ version: '4', address: `${address}/32`, interface: 0 }],
      }),
    ]),
  );
}

/** File of the node that has the path of a pod's network namespace. */
export function madePod({ name }: Pick<PodPlan, 'name'>): string {
  return `${MADE_PODS}/${LAB_NAMESPACE}_${name}`;
}
