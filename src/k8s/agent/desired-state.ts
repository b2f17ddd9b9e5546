/** What a node's maps should hold, from what its agent knows. Pure. */
import type { PathSettings, RemoteSettings } from '../../dataplane/node.ts';
import { innerMtu, pathHeader } from '../../dataplane/path-header.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import { type NodeView, type RemoteNode, ROUTER_PORT, siblingEnds } from './node-view.ts';
import { choosePaths } from './path-choice.ts';

/** Policy of pods that nothing else selects. */
export const DEFAULT_POLICY = 0;

/** A path towards one remote node, ready for the dataplane. */
export interface DesiredPath {
  /** Same key, same bytes: interfaces, expiry and remote host. */
  readonly key: string;
  readonly path: Path;
  readonly settings: PathSettings;
}

export interface DesiredSet {
  readonly policy: number;
  /** Id of the remote node. */
  readonly remote: number;
  /** Keys of paths, in the order of preference. */
  readonly paths: readonly string[];
}

export interface DesiredState {
  readonly paths: ReadonlyMap<string, DesiredPath>;
  readonly sets: readonly DesiredSet[];
  /** By CIDR of the remote node's pods. */
  readonly remotes: ReadonlyMap<string, RemoteSettings>;
}

/** @param pathsTo All paths from the node's AS to another, best first. */
export function desiredState(view: NodeView, pathsTo: (ia: IsdAs) => readonly Path[]): DesiredState {
  const paths = new Map<string, DesiredPath>();
  const sets: DesiredSet[] = [];
  const remotes = new Map<string, RemoteSettings>();
  view.remotes.forEach((remote, id) => {
    const own = { interfaces: view.interfaces.map(({ ifid }) => ifid) };
    const chosen = choosePaths(pathsTo(remote.ia), own, remote).map((path) => towards(view, remote, path));
    for (const each of chosen) paths.set(each.key, each);
    sets.push({ policy: DEFAULT_POLICY, remote: id, paths: chosen.map(({ key }) => key) });
    const mtu = Math.min(...chosen.map(({ settings }) => settings.innerMtu));
    if (chosen.length > 0) remotes.set(remote.podCidr, { id, ia: remote.ia, innerMtu: mtu });
  });
  return { paths, sets, remotes };
}

function towards(view: NodeView, remote: RemoteNode, path: Path): DesiredPath {
  const way = firstHop(view, path);
  const header = pathHeader({
    srcIa: view.ia,
    dstIa: remote.ia,
    srcHost: view.address,
    dstHost: remote.address,
    raw: path.raw,
    own: way.own,
    remote: way.remote,
    ownLink: way.ifid !== 0,
  });
  return {
    key: `${path.fingerprint} ${path.expiry} ${remote.address}`,
    path,
    settings: {
      header,
      ifindex: way.ifindex,
      ifid: way.ifid,
      innerMtu: innerMtu(path.mtu, header),
      expiry: path.expiry,
    },
  };
}

/** By its own link, or over the cluster's network to the sibling that has the link. */
function firstHop(view: NodeView, path: Path): Pick<PathSettings, 'ifindex' | 'ifid'> & ReturnType<typeof siblingEnds> {
  const ifid = path.interfaces[0]?.ifid;
  const own = view.interfaces.find((each) => each.ifid === ifid);
  if (own !== undefined) return own;
  const sibling = view.siblings.find(({ interfaces }) => interfaces.some((each) => each.ifid === ifid));
  if (sibling === undefined || view.lan === undefined)
    throw new RangeError(`no node of ${view.ia} has interface ${ifid}`);
  return { ifindex: view.lan.ifindex, ifid: 0, ...siblingEnds(view, view.lan, sibling, ROUTER_PORT) };
}
