/**
 * The plan: everything that will exist in a lab, as plain data. Made by `planLab` (plan-lab.ts), pure and deterministic;
 * carried out by `applyPlan`. Nothing here knows the lab's id: names become real when the plan is applied.
 *
 * Namespaces are called `as-1-ff00_0_110`, `node-<cluster>-<node>`, `pod-<cluster>-<pod>`, `lan-<cluster>` and `wires`.
 */
import type { BgpRouter } from '../bgp/config.ts';
import type { PathPolicy } from '../k8s/policy/model.ts';
import type { ControlPlaneKind } from '../scenario/model.ts';
import type { IsdAs, LinkKind, Shape, Underlay } from '../topology/model.ts';

export type NamespaceId = string;

export interface Plan {
  readonly topology: string;
  readonly seed: number;
  readonly controlPlane: ControlPlaneKind;
  readonly namespaces: readonly NamespacePlan[];
  readonly veths: readonly VethPlan[];
  readonly bridges: readonly BridgePlan[];
  readonly wires: readonly WirePlan[];
  readonly ases: readonly AsPlan[];
  readonly links: readonly LinkPlan[];
  /** Wires without SCION. */
  readonly ipLinks: readonly LinkPlan[];
  readonly clusters: readonly ClusterPlan[];
  readonly routers: readonly RouterPlan[];
}

export interface NamespacePlan {
  readonly id: NamespaceId;
  readonly kind: 'as' | 'node' | 'pod' | 'lan' | 'wires';
  /** Addresses of the loopback device, CIDR. */
  readonly loopback: readonly string[];
  readonly routes: readonly RoutePlan[];
  readonly neighbors: readonly NeighborPlan[];
}

export interface RoutePlan {
  /** CIDR or `default`. */
  readonly to: string;
  readonly device: string;
  readonly via?: string;
  readonly source?: string;
}

/** A permanent neighbour entry: nothing in a lab waits for ARP, and a lossy wire cannot lose it. */
export interface NeighborPlan {
  readonly address: string;
  readonly mac: string;
  readonly device: string;
}

/** What a device's offloads must be for frames on a wire to be the frames that a real wire would carry. */
export type DeviceRole =
  /** End of an inter-AS wire or of a cluster's LAN at a router: segments and checksums before the wire, GRO on. */
  | 'wire'
  /** A pod's eth0: everything on, as in a stock cluster. */
  | 'pod'
  /** The node's side of a pod's eth0. */
  | 'pod-host'
  /** The half of the segmenter pair that routes lead to: segments and checksums. */
  | 'segmenter'
  /** The half where the encapsulating XDP program sits. */
  | 'segmenter-xdp'
  /** A device in the middle of a wire, with the wire program attached. */
  | 'middle'
  /** A bridge port. */
  | 'port';

export interface VethEnd {
  readonly namespace: NamespaceId;
  readonly device: string;
  /** Unique in the whole lab, so that one loaded program can serve every namespace. */
  readonly ifindex: number;
  readonly mac: string;
  readonly mtu: number;
  readonly role: DeviceRole;
  /** CIDR. */
  readonly addresses: readonly string[];
  /** Bridge in the same namespace. */
  readonly bridge?: string;
}

export interface VethPlan {
  readonly a: VethEnd;
  readonly b: VethEnd;
}

export interface BridgePlan {
  readonly namespace: NamespaceId;
  readonly device: string;
}

/** A wire with a middle, because something shapes, cuts or captures it. */
export interface WirePlan {
  /** Topology link id. */
  readonly link: string;
  readonly a: MiddleEnd;
  readonly b: MiddleEnd;
  readonly ab: Shape;
  readonly ba: Shape;
  readonly mtu: number;
  /** Frames that each direction can hold while they wait; a power of two, 0 where nothing ever waits. */
  readonly ringSlots: number;
  readonly seed: number;
}

export interface MiddleEnd {
  /** In the `wires` namespace. */
  readonly device: string;
  readonly ifindex: number;
  /** The AS-side device at the other end of this half. */
  readonly outer: { readonly namespace: NamespaceId; readonly device: string; readonly ifindex: number };
}

export interface AsPlan {
  readonly ia: IsdAs;
  /** Index into the dataplane's AS table. */
  readonly slot: number;
  /** 32-bit ASN in BGP. */
  readonly bgpAsn: number;
  readonly prefix: string;
  readonly cluster?: string;
  /** What forwards SCION packets in a transit AS. */
  readonly router: 'xdp' | 'reference';
  /** Where the AS's interfaces 0 … linkLimit − 1 stand in the dataplane's link table. */
  readonly linkBase: number;
  readonly linkLimit: number;
}

export interface LinkEndPlan {
  readonly ia: IsdAs;
  readonly ifid: number;
  readonly namespace: NamespaceId;
  /** Where the address is: the end of the link's wire, or the loopback device where BGP routes the underlay. */
  readonly device: string;
  readonly ifindex: number;
  readonly mac: string;
  /** Without prefix length. */
  readonly address: string;
  /** UDP port of the SCION underlay at this end. */
  readonly port: number;
}

export interface LinkPlan {
  readonly id: string;
  readonly kind: LinkKind;
  readonly mtu: number;
  readonly underlay: Underlay;
  readonly a: LinkEndPlan;
  readonly b: LinkEndPlan;
}

export interface ClusterPlan {
  readonly name: string;
  readonly ia: IsdAs;
  readonly prefix: string;
  readonly nodes: readonly NodePlan[];
  readonly pods: readonly PodPlan[];
  readonly policies: readonly PathPolicy[];
}

export interface NodePlan {
  readonly name: string;
  readonly namespace: NamespaceId;
  /** The node's own address, inside the AS's prefix: SCION host, VXLAN endpoint. */
  readonly address: string;
  readonly podCidr: string;
  readonly interfaces: readonly number[];
  /** Device on the cluster's LAN; absent in a cluster of one node. */
  readonly lan?: { readonly device: string; readonly ifindex: number; readonly address: string; readonly mac: string };
  readonly segmenter: { readonly outer: VethEnd; readonly inner: VethEnd };
}

export interface PodPlan {
  readonly name: string;
  readonly node: string;
  readonly namespace: NamespaceId;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly host: { readonly device: string; readonly ifindex: number };
}

/** Links with a wire of their own, whether it carries SCION or not. */
export function wiredLinks({ links, ipLinks }: Pick<Plan, 'links' | 'ipLinks'>): LinkPlan[] {
  return [...links.filter(({ underlay }) => underlay !== 'internet'), ...ipLinks];
}

/** Largest IP packet that every wire takes, bytes: what the operator of a tunnel would reckon with. */
export function narrowestWire(plan: Plan): number {
  return Math.min(...wiredLinks(plan).map(({ mtu }) => mtu));
}

/** Above every interface index of the lab. */
export function ifindexLimit(plan: Plan): number {
  return 1 + Math.max(...plan.veths.flatMap(({ a, b }) => [a.ifindex, b.ifindex]));
}

/** One BGP speaker: an AS, or a node of a cluster. */
export interface RouterPlan {
  readonly namespace: NamespaceId;
  readonly ia: IsdAs;
  readonly bgp: BgpRouter;
}
