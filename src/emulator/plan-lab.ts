/** Scenario → Plan. Pure: no I/O, no clock, no randomness but the scenario's seed. */
import type { BgpRouter, BgpSession } from '../bgp/config.ts';
import { LabError } from '../errors.ts';
import type { Cluster, Scenario } from '../scenario/model.ts';
import { asPrefixes } from '../topology/as-prefixes.ts';
import { formatPrefix, type Prefix } from '../topology/ipv4.ts';
import { type IsdAs, type Link, type LinkEnd, type Topology, wiresOf } from '../topology/model.ts';
import { addressIn, DeviceNumbers, lanBlock, linkAddresses, planAsns, podBlock, underlayPort } from './address-plan.ts';
import { asNamespace, lanNamespace, nodeNamespace, podNamespace, WIRES_NAMESPACE } from './namespace-names.ts';
import type {
  AsPlan,
  BridgePlan,
  ClusterPlan,
  LinkEndPlan,
  LinkPlan,
  NamespacePlan,
  NeighborPlan,
  NodePlan,
  Plan,
  PodPlan,
  RoutePlan,
  VethEnd,
  VethPlan,
  WirePlan,
} from './plan.ts';
import { linksWithMiddle, planWire, type ShapeChanges, shapeChanges } from './plan-wires.ts';

export const POD_MTU = 1500;

/** The same in every namespace. */
const LOOPBACK = { device: 'lo', ifindex: 1, mac: '00:00:00:00:00:00' };

/**
 * Interface indices begin here in a lab with namespaces that are not its own to make, which have devices already: above
 * what a container runtime hands out.
 */
export const FIRST_IFINDEX_BESIDE_OTHERS = 1000;

export function planLab(scenario: Scenario, firstIfindex?: number): Plan {
  return new Planner(scenario, firstIfindex).plan();
}

/** What is still being added to a namespace while the planner walks over the topology. */
interface Draft {
  readonly id: string;
  readonly kind: NamespacePlan['kind'];
  readonly loopback: string[];
  readonly routes: RoutePlan[];
  readonly neighbors: NeighborPlan[];
}

interface RouterDraft {
  readonly namespace: string;
  readonly ia: IsdAs;
  readonly bgp: Omit<BgpRouter, 'sessions'> & { readonly sessions: BgpSession[] };
}

class Planner {
  readonly #scenario: Scenario;
  readonly #numbers: DeviceNumbers;
  readonly #prefixes: ReadonlyMap<IsdAs, Prefix>;
  readonly #asns: ReadonlyMap<IsdAs, number>;
  readonly #clusters: ReadonlyMap<IsdAs, Cluster>;
  readonly #shapeChanges: ShapeChanges;
  readonly #namespaces = new Map<string, Draft>();
  readonly #routers = new Map<string, RouterDraft>();
  readonly #veths: VethPlan[] = [];
  readonly #bridges: BridgePlan[] = [];
  readonly #wires: WirePlan[] = [];
  readonly #links: LinkPlan[] = [];
  readonly #ipLinks: LinkPlan[] = [];

  constructor(scenario: Scenario, firstIfindex?: number) {
    this.#scenario = scenario;
    this.#numbers = new DeviceNumbers(firstIfindex);
    this.#prefixes = asPrefixes(scenario.topology.ases);
    this.#asns = planAsns(scenario.topology.ases);
    this.#clusters = new Map(scenario.clusters.map((cluster) => [cluster.ia, cluster]));
    this.#shapeChanges = shapeChanges(scenario);
  }

  plan(): Plan {
    const { topology, seed } = this.#scenario;
    const ases = this.#planAses();
    const wired = linksWithMiddle(this.#scenario);
    if (wired.size > 0) this.#namespace(WIRES_NAMESPACE, 'wires');
    wiresOf(topology).forEach((link, index) => {
      this.#planWiredLink(link, index, wired.has(link.id));
    });
    for (const link of topology.links) if (link.underlay === 'internet') this.#planRoutedLink(link);
    const clusters = this.#scenario.clusters.map((cluster) => this.#planCluster(cluster));
    return {
      topology: topology.name,
      seed,
      controlPlane: this.#scenario.controlPlane,
      namespaces: [...this.#namespaces.values()],
      veths: this.#veths,
      bridges: this.#bridges,
      wires: this.#wires,
      ases,
      links: this.#links,
      ipLinks: this.#ipLinks,
      clusters,
      routers: [...this.#routers.values()],
    };
  }

  #planAses(): AsPlan[] {
    const { topology } = this.#scenario;
    const limits = linkLimits(topology);
    const references = new Set(this.#scenario.referenceRouters);
    const ases: AsPlan[] = [];
    let linkBase = 0;
    topology.ases.forEach((as, index) => {
      const linkLimit = limits.get(as.ia) ?? 1;
      const cluster = this.#clusters.get(as.ia);
      const plan: AsPlan = {
        ia: as.ia,
        slot: index,
        bgpAsn: this.#asn(as.ia),
        prefix: formatPrefix(this.#prefix(as.ia)),
        router: references.has(as.ia) ? 'reference' : 'xdp',
        linkBase,
        linkLimit,
        ...(cluster === undefined ? {} : { cluster: cluster.name }),
      };
      ases.push(plan);
      linkBase += linkLimit;
      if (cluster === undefined) {
        this.#planRouter(asNamespace(as.ia), 'as', as.ia, plan.bgpAsn, addressIn(this.#prefix(as.ia), 0, 1));
      } else {
        cluster.nodes.forEach((node, n) => {
          const address = addressIn(this.#prefix(as.ia), 0, n + 1);
          this.#planRouter(nodeNamespace(cluster.name, node.name), 'node', as.ia, plan.bgpAsn, address);
        });
      }
    });
    return ases;
  }

  #planRouter(namespace: string, kind: 'as' | 'node', ia: IsdAs, asn: number, address: string): void {
    this.#namespace(namespace, kind).loopback.push(`${address}/32`);
    const prefixes = [formatPrefix(this.#prefix(ia))];
    const bgp = { routerId: address, asn, loopback: address, prefixes, sessions: [], ...this.#scenario.bgp };
    this.#routers.set(namespace, { namespace, ia, bgp });
  }

  #planWiredLink(link: Link, index: number, wired: boolean): void {
    const [addressA, addressB] = linkAddresses(index);
    const a = this.#linkEnd(link.a, addressA);
    const b = this.#linkEnd(link.b, addressB);
    const endA = wireEnd(a, link.mtu);
    const endB = wireEnd(b, link.mtu);
    if (wired) {
      const number = this.#wires.length + 1;
      const middleA = this.#middle(`w${number}a`, link.mtu);
      const middleB = this.#middle(`w${number}b`, link.mtu);
      this.#veths.push({ a: endA, b: middleA }, { a: endB, b: middleB });
      const ends = { a: endA, middleA, b: endB, middleB };
      this.#wires.push(planWire(link, this.#scenario.seed, this.#shapeChanges, ends));
    } else {
      this.#veths.push({ a: endA, b: endB });
    }
    this.#connect(a, b, link, 'a');
    this.#connect(b, a, link, 'b');
    const links = link.underlay === 'none' ? this.#ipLinks : this.#links;
    links.push({ id: link.id, kind: link.kind, mtu: link.mtu, underlay: link.underlay, a, b });
  }

  /** No wire and no BGP session: the ends are the routers' own addresses, in prefixes that BGP carries. */
  #planRoutedLink({ id, kind, mtu, underlay, a, b }: Link): void {
    const end = ({ ia, ifid }: LinkEnd): LinkEndPlan => {
      const namespace = this.#namespaceOf({ ia, ifid });
      const address = this.#router(namespace).bgp.loopback;
      return { ia, ifid, namespace, ...LOOPBACK, address, port: underlayPort(ifid) };
    };
    this.#links.push({ id, kind, mtu, underlay, a: end(a), b: end(b) });
  }

  #linkEnd(end: LinkEnd, address: string): LinkEndPlan {
    const { ifindex, mac } = this.#numbers.take();
    const namespace = this.#namespaceOf(end);
    return {
      ia: end.ia,
      ifid: end.ifid,
      namespace,
      device: `if${end.ifid}`,
      ifindex,
      mac,
      address,
      port: underlayPort(end.ifid),
    };
  }

  #middle(device: string, mtu: number): VethEnd {
    return { namespace: WIRES_NAMESPACE, device, ...this.#numbers.take(), mtu, role: 'middle', addresses: [] };
  }

  /** Static neighbour entry and BGP session of one end of a link. */
  #connect(own: LinkEndPlan, other: LinkEndPlan, link: Link, side: 'a' | 'b'): void {
    this.#namespace(own.namespace).neighbors.push({ address: other.address, mac: other.mac, device: own.device });
    this.#router(own.namespace).bgp.sessions.push({
      name: own.device,
      kind: link.kind === 'child' ? (side === 'a' ? 'customer' : 'provider') : link.kind,
      localAddress: own.address,
      neighborAddress: other.address,
      interface: own.device,
      neighborAsn: this.#router(other.namespace).bgp.asn,
    });
  }

  #planCluster(cluster: Cluster): ClusterPlan {
    const prefix = this.#prefix(cluster.ia);
    const lan = cluster.nodes.length > 1 ? this.#planLan(cluster, prefix) : undefined;
    const nodes = cluster.nodes.map((node, n): NodePlan => {
      const namespace = nodeNamespace(cluster.name, node.name);
      const ownLan = lan?.[n];
      return {
        name: node.name,
        namespace,
        address: this.#router(namespace).bgp.loopback,
        podCidr: podBlock(prefix, n + 1),
        interfaces: node.interfaces,
        segmenter: this.#planSegmenter(namespace),
        ...(ownLan === undefined ? {} : { lan: ownLan }),
      };
    });
    this.#connectNodes(nodes);
    const pods = nodes.flatMap((node, n) =>
      cluster.pods
        .filter((pod) => pod.node === node.name)
        .map((pod, p) =>
          this.#planPod(
            cluster,
            node,
            pod.name,
            pod.labels,
            p,
            addressIn(prefix, n + 1, p + 2),
            addressIn(prefix, n + 1, 1),
          ),
        ),
    );
    const { name, ia, policies } = cluster;
    return { name, ia, prefix: formatPrefix(prefix), nodes, pods, policies };
  }

  /** A bridge that the nodes of a cluster share. */
  #planLan(cluster: Cluster, prefix: Prefix): NonNullable<NodePlan['lan']>[] {
    const namespace = lanNamespace(cluster.name);
    const bridge = 'br0';
    const mtu = this.#scenario.topology.ases.find((as) => as.ia === cluster.ia)?.mtu ?? POD_MTU;
    this.#namespace(namespace, 'lan');
    this.#bridges.push({ namespace, device: bridge });
    return cluster.nodes.map((node, n) => {
      const own = this.#numbers.take();
      const address = addressIn(prefix, lanBlock(prefix), n + 1);
      this.#veths.push({
        a: {
          namespace: nodeNamespace(cluster.name, node.name),
          device: 'lan0',
          ...own,
          mtu,
          role: 'wire',
          addresses: [`${address}/24`],
        },
        b: { namespace, device: `n${n + 1}`, ...this.#numbers.take(), mtu, role: 'port', addresses: [], bridge },
      });
      return { device: 'lan0', ifindex: own.ifindex, mac: own.mac, address };
    });
  }

  /** iBGP full mesh, routes to each other's pods and permanent neighbours over the LAN. */
  #connectNodes(nodes: readonly NodePlan[]): void {
    for (const node of nodes) {
      for (const other of nodes) {
        if (node === other || node.lan === undefined || other.lan === undefined) continue;
        const draft = this.#namespace(node.namespace);
        const via = { device: node.lan.device, via: other.lan.address };
        draft.neighbors.push({ address: other.lan.address, mac: other.lan.mac, device: node.lan.device });
        draft.routes.push({ to: other.podCidr, ...via }, { to: `${other.address}/32`, ...via });
        const { asn, sessions } = this.#router(node.namespace).bgp;
        sessions.push({
          name: `lan${nodes.indexOf(other) + 1}`,
          kind: 'internal',
          localAddress: node.lan.address,
          neighborAddress: other.lan.address,
          interface: node.lan.device,
          neighborAsn: asn,
        });
      }
    }
  }

  #planSegmenter(namespace: string): NodePlan['segmenter'] {
    const common = { namespace, mtu: POD_MTU, addresses: [] };
    const outer: VethEnd = { ...common, device: 'seg0', ...this.#numbers.take(), role: 'segmenter' };
    const inner: VethEnd = { ...common, device: 'seg1', ...this.#numbers.take(), role: 'segmenter-xdp' };
    this.#veths.push({ a: outer, b: inner });
    return { outer, inner };
  }

  #planPod(
    cluster: Cluster,
    node: NodePlan,
    name: string,
    labels: Readonly<Record<string, string>>,
    index: number,
    address: string,
    gateway: string,
  ): PodPlan {
    const namespace = podNamespace(cluster.name, name);
    const inside = { namespace, device: 'eth0', ...this.#numbers.take() };
    const host = { namespace: node.namespace, device: `pod${index + 1}`, ...this.#numbers.take() };
    this.#veths.push({
      a: { ...host, mtu: POD_MTU, role: 'pod-host', addresses: [`${gateway}/32`] },
      b: { ...inside, mtu: POD_MTU, role: 'pod', addresses: [`${address}/32`] },
    });
    const pod = this.#namespace(namespace, 'pod');
    pod.routes.push({ to: `${gateway}/32`, device: 'eth0' }, { to: 'default', device: 'eth0', via: gateway });
    pod.neighbors.push({ address: gateway, mac: host.mac, device: 'eth0' });
    const nodeDraft = this.#namespace(node.namespace);
    nodeDraft.routes.push({ to: `${address}/32`, device: host.device, source: gateway });
    nodeDraft.neighbors.push({ address, mac: inside.mac, device: host.device });
    return { name, node: node.name, namespace, address, labels, host: { device: host.device, ifindex: host.ifindex } };
  }

  #namespaceOf(end: LinkEnd): string {
    const cluster = this.#clusters.get(end.ia);
    if (cluster === undefined) return asNamespace(end.ia);
    const node = cluster.nodes.find((candidate) => candidate.interfaces.includes(end.ifid));
    if (node === undefined) throw new LabError(`no node of cluster ${cluster.name} has interface ${end.ifid}`);
    return nodeNamespace(cluster.name, node.name);
  }

  #namespace(id: string, kind?: NamespacePlan['kind']): Draft {
    const existing = this.#namespaces.get(id);
    if (existing !== undefined) return existing;
    if (kind === undefined) throw new LabError(`the plan has no namespace ${id}`);
    const draft: Draft = { id, kind, loopback: [], routes: [], neighbors: [] };
    this.#namespaces.set(id, draft);
    return draft;
  }

  #router(namespace: string): RouterDraft {
    const router = this.#routers.get(namespace);
    if (router === undefined) throw new LabError(`the plan has no router in ${namespace}`);
    return router;
  }

  #asn(ia: IsdAs): number {
    const asn = this.#asns.get(ia);
    if (asn === undefined) throw new LabError(`the plan has no ASN for ${ia}`);
    return asn;
  }

  #prefix(ia: IsdAs): Prefix {
    const prefix = this.#prefixes.get(ia);
    if (prefix === undefined) throw new LabError(`the plan has no prefix for ${ia}`);
    return prefix;
  }
}

/** Above every interface number of each AS that has links. */
function linkLimits({ links }: Topology): ReadonlyMap<IsdAs, number> {
  const limits = new Map<IsdAs, number>();
  for (const { ia, ifid } of links.flatMap(({ a, b }) => [a, b]))
    limits.set(ia, Math.max(limits.get(ia) ?? 1, ifid + 1));
  return limits;
}

function wireEnd(end: LinkEndPlan, mtu: number): VethEnd {
  return {
    namespace: end.namespace,
    device: end.device,
    ifindex: end.ifindex,
    mac: end.mac,
    mtu,
    role: 'wire',
    addresses: [`${end.address}/31`],
  };
}
