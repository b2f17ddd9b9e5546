/** The nodes of other clusters, from the ScionClusterPeer objects: from every node of a cluster the same. Pure. */
import type { Path } from '../../scion/end-to-end-path.ts';
import { overlaps, parsePrefix } from '../../topology/ipv4.ts';
import type { IsdAs } from '../../topology/model.ts';
import { clusterPeerSpec, peerIsdAs } from '../crd/cluster-peer.ts';
import { type Finding, faultOf, type RefusedObject, type ResourceObject } from './conditions.ts';
import type { RemoteNode } from './node-view.ts';
import type { Numbers } from './numbers.ts';

export interface KnownPeer {
  readonly object: ResourceObject;
  readonly ia: IsdAs;
  readonly nodes: readonly RemoteNode[];
}

/** The condition of every peer. */
export const REACHABLE = 'Reachable';

/**
 * @param own The cluster's AS and its pods' addresses: no peer may have them.
 * @param ids Numbers of remote nodes, the same as long as they are there.
 */
export function readPeers(
  objects: readonly ResourceObject[],
  own: { readonly ia: IsdAs; readonly podCidrs: readonly string[] },
  ids: Numbers,
): { readonly known: readonly KnownPeer[]; readonly refused: readonly RefusedObject[] } {
  const known: KnownPeer[] = [];
  const refused: RefusedObject[] = [];
  const kept = new Set<string>();
  const ordered = objects.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const object of ordered) {
    const refuse = (reason: string, message: string): void => {
      refused.push({ object, finding: { type: REACHABLE, holds: false, reason, message } });
    };
    const read = clusterPeerSpec.safeParse(object.spec);
    if (!read.success) {
      refuse('Invalid', faultOf(read.error));
      continue;
    }
    const { nodes } = read.data;
    const ia = peerIsdAs(read.data);
    if (ia === own.ia) {
      refuse('OwnAS', `${ia} is this cluster’s own AS`);
      continue;
    }
    if (nodes === undefined) {
      refuse('NoNodes', 'nodes are not given: without their addresses nothing can be sent to its pods');
      continue;
    }
    const clash = nodes
      .map(({ podCIDR }) => ({ podCIDR, with: ownerOf(podCIDR, own.podCidrs, known) }))
      .find((each) => each.with !== undefined);
    if (clash !== undefined) {
      refuse('Overlap', `${clash.podCIDR} overlaps the pods of ${clash.with}`);
      continue;
    }
    const remotes = nodes.map(({ address, podCIDR, interfaces }): RemoteNode => {
      const name = `${ia} ${address} ${podCIDR}`;
      kept.add(name);
      const id = ids.has(name) ? ids.of(name) : ids.take(name);
      return { id, ia, address, podCidr: podCIDR, interfaces };
    });
    known.push({ object, ia, nodes: remotes });
  }
  ids.keep((name) => kept.has(name));
  return { known, refused };
}

/** Whose pods have some of these addresses already. */
function ownerOf(podCidr: string, own: readonly string[], known: readonly KnownPeer[]): string | undefined {
  const prefix = parsePrefix(podCidr);
  const has = (other: string): boolean => overlaps(prefix, parsePrefix(other));
  if (own.some(has)) return 'this cluster';
  return known.find(({ nodes }) => nodes.some((node) => has(node.podCidr)))?.object.metadata.name;
}

/** What there is to say of a peer while these paths are known. */
export function reachability({ ia, nodes }: KnownPeer, paths: readonly Path[]): Finding {
  const type = REACHABLE;
  if (paths.length === 0) return { type, holds: false, reason: 'NoPath', message: `no path to ${ia} is known` };
  const message = `${count(paths.length, 'path')} to ${ia}, ${count(nodes.length, 'node')}`;
  return { type, holds: true, reason: 'PathsKnown', message };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
