/** What a node's agent knows of the world: its own place in the AS, and the nodes of the clusters that it reaches. */
import type { LinkRole } from '../../dataplane/router-maps.ts';
import type { UnderlayEnd } from '../../dataplane/underlay.ts';
import { ROUTER_PORT } from '../../scion/ports.ts';
import type { IsdAs } from '../../topology/model.ts';

/** An interface of the AS that ends at this node. */
export interface OwnInterface {
  readonly ifid: number;
  readonly role: LinkRole;
  readonly ifindex: number;
  readonly own: UnderlayEnd;
  readonly remote: UnderlayEnd;
  /** BGP routes the underlay: the link has no device of its own. Default false. */
  readonly routed?: boolean;
  /** Largest IP packet on the link, bytes. */
  readonly mtu: number;
}

/** Another node of the same cluster, on the cluster's network. */
export interface SiblingPlace {
  /** As the API server calls it. */
  readonly name: string;
  readonly address: string;
  readonly mac: string;
}

/** The same with its links. */
export interface Sibling extends Omit<SiblingPlace, 'name'> {
  readonly interfaces: readonly { readonly ifid: number; readonly role: LinkRole }[];
}

export interface Lan {
  readonly ifindex: number;
  readonly mac: string;
  readonly mtu: number;
}

/** A node of another cluster. */
export interface RemoteNode {
  /** Its number in the maps, no other's as long as it is there. */
  readonly id: number;
  readonly ia: IsdAs;
  readonly address: string;
  readonly podCidr: string;
  readonly interfaces: readonly number[];
}

/** What does not change while the node lives. */
export interface NodePlace {
  /** A reference router runs beside the node's programs and gets what they do not finish. Default false. */
  readonly slowPath?: boolean;
  readonly ia: IsdAs;
  readonly address: string;
  readonly podCidr: string;
  /** Absent in a cluster of one node. */
  readonly lan?: Lan;
}

export interface NodeView extends NodePlace {
  readonly interfaces: readonly OwnInterface[];
  readonly siblings: readonly Sibling[];
  readonly remotes: readonly RemoteNode[];
}

/** Interfaces of the AS of which the node knows where they end, its own and its siblings'. */
export function interfacesOf(view: NodeView): number[] {
  return [view, ...view.siblings].flatMap(({ interfaces }) => interfaces.map(({ ifid }) => ifid));
}

/** Where the node sends from on the cluster's network, and where a sibling hears it as a router. */
export function siblingEnds(
  view: NodeView,
  lan: Lan,
  sibling: Sibling,
  port: number,
): { own: UnderlayEnd; remote: UnderlayEnd } {
  return {
    own: { address: view.address, port: ROUTER_PORT, mac: lan.mac },
    remote: { address: sibling.address, port, mac: sibling.mac },
  };
}
