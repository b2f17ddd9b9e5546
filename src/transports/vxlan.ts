/**
 * Kernel VXLAN (RFC 7348) between the nodes of the clusters, as an overlay between clusters is commonly built: one
 * tunnel device a node, static forwarding entries, pods' CIDRs routed into it. The outer packets go where BGP says.
 */
import { ipBatch } from '../emulator/ip-batch.ts';
import type { Lab } from '../emulator/lab.ts';
import { type ClusterPlan, type NodePlan, narrowestWire } from '../emulator/plan.ts';
import { inParallel } from '../process/parallel.ts';
import { run } from '../process/process.ts';
import { bgpRoute } from './bgp-route.ts';
import type { Transport } from './transport.ts';
import { VXLAN_PORT } from './tunnel-ports.ts';

const DEVICE = 'vx0';
const VNI = 7;
/** Outer Ethernet, IPv4, UDP and VXLAN headers. */
const OVERHEAD = 50;

/** A node's end of the overlay. Addresses of their own, so that no pod's or node's address is taken. */
interface Endpoint {
  readonly cluster: ClusterPlan;
  readonly node: NodePlan;
  readonly address: string;
  readonly mac: string;
}

export const vxlan: Transport = {
  name: 'vxlan',
  about: 'kernel VXLAN between nodes, outer packets routed by BGP',
  async attach(lab) {
    const endpoints = endpointsOf(lab);
    await inParallel(endpoints, (endpoint) => configure(lab, endpoint, endpoints));
    return {
      route: async ({ node }, to) => bgpRoute(lab, node, to.node.address),
      drops: () => ({}),
      release: () => {},
      // Routes and forwarding entries go with the device.
      detach: () => inParallel(endpoints, ({ node }) => ip(lab, node, `link del dev ${DEVICE}`)),
    };
  },
};

function endpointsOf(lab: Lab): Endpoint[] {
  return lab.plan.clusters
    .flatMap((cluster) => cluster.nodes.map((node) => ({ cluster, node })))
    .map((place, index) => {
      const [high, low] = [Math.floor((index + 1) / 256), (index + 1) % 256];
      const mac = `02:01:00:00:${[high, low].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
      return { ...place, address: `192.168.${high}.${low}`, mac };
    });
}

async function configure(lab: Lab, own: Endpoint, endpoints: readonly Endpoint[]): Promise<void> {
  const others = endpoints.filter(({ cluster }) => cluster !== own.cluster);
  // As an operator who knows the underlay would set it: no outer packet needs to be fragmented.
  const mtu = narrowestWire(lab.plan) - OVERHEAD;
  await ip(
    lab,
    own.node,
    `link add ${DEVICE} address ${own.mac} mtu ${mtu} type vxlan id ${VNI} dstport ${VXLAN_PORT} local ${own.node.address} nolearning`,
    `addr add ${own.address}/16 dev ${DEVICE}`,
    `link set dev ${DEVICE} up`,
    ...others.map(({ address, mac }) => `neigh add ${address} lladdr ${mac} dev ${DEVICE} nud permanent`),
    ...others.map(({ node, address }) => `route add ${node.podCidr} via ${address} dev ${DEVICE}`),
  );
  const entries = others.map(({ node, mac }) => `fdb append ${mac} dev ${DEVICE} dst ${node.address}\n`).join('');
  await run(['bridge', '-n', lab.directory.namespaceName(own.node.namespace), '-batch', '-'], { input: entries });
}

function ip(lab: Lab, node: NodePlan, ...commands: string[]): Promise<void> {
  return ipBatch(commands, lab.directory.namespaceName(node.namespace));
}
