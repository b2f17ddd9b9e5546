/** What a node's maps should hold, from what its agent knows. Pure, but for the memory. */
import type { PathSettings, RemoteSettings } from '../../dataplane/node.ts';
import { innerMtu, pathHeader } from '../../dataplane/path-header.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import { ROUTER_PORT } from '../../scion/ports.ts';
import type { IsdAs } from '../../topology/model.ts';
import { decide, defaultDecision } from '../policy/decision.ts';
import type { PathPolicy } from '../policy/model.ts';
import { DecidedPods, type PodClass, podClasses, type SelectedPod } from '../policy/pod-classes.ts';
import { type NodeView, type RemoteNode, siblingEnds } from './node-view.ts';
import { WorkedOut } from './worked-out.ts';

/** Policy of pods that nothing else selects. */
export const DEFAULT_POLICY = '';

/** Largest pod packet towards a node that no path leads to, bytes: what every host takes (RFC 791). */
const MTU_WITHOUT_PATH = 576;

/** A pod of this node; the same object as long as it is as it was. */
export interface OwnPod extends SelectedPod {
  /** IPv4. */
  readonly address: string;
}

/** What people want of the node's pods. */
export interface Intent {
  readonly pods: readonly OwnPod[];
  readonly policies: readonly PathPolicy[];
}

const NO_INTENT: Intent = { pods: [], policies: [] };

/** A path towards one remote node, ready for the dataplane. */
export interface DesiredPath {
  /** Same key, same bytes: interfaces, expiry and remote host. */
  readonly key: string;
  readonly path: Path;
  readonly settings: PathSettings;
}

export interface DesiredSet {
  /** DEFAULT_POLICY, or the key of a class of pods. */
  readonly policy: string;
  /** Id of the remote node. */
  readonly remote: number;
  readonly strategy: 'ordered' | 'weighted';
  readonly onNone: 'block' | 'pass';
  /** Keys of paths, in the order of preference. */
  readonly paths: readonly { readonly key: string; readonly weight: number }[];
}

export interface DesiredState {
  readonly paths: ReadonlyMap<string, DesiredPath>;
  readonly sets: readonly DesiredSet[];
  /** By CIDR of the remote node's pods. */
  readonly remotes: ReadonlyMap<string, RemoteSettings>;
  /** Address of each pod that a policy selects → key of its class. */
  readonly pods: ReadonlyMap<string, string>;
}

/** A policy towards one remote node, ready for the dataplane. */
interface ReadySet extends Pick<DesiredSet, 'strategy' | 'onNone' | 'paths'> {
  readonly desired: readonly DesiredPath[];
}

/** What an agent keeps from one state to the next: an event should cost what it changes. */
export class Memory {
  readonly sets = new WorkedOut<ReadySet>();
  readonly pods = new DecidedPods();
}

/**
 * @param pathsTo All paths from the node's AS to another, best first.
 * @param memory Of the states before, of the same view.
 */
export function desiredState(
  view: NodeView,
  pathsTo: (ia: IsdAs) => readonly Path[],
  { pods, policies }: Intent = NO_INTENT,
  memory = new Memory(),
): DesiredState {
  const paths = new Map<string, DesiredPath>();
  const sets: DesiredSet[] = [];
  const remotes = new Map<string, RemoteSettings>();
  const destinations = [...new Set(view.remotes.map(({ ia }) => ia))];
  const classes = podClasses(pods, destinations, policies, memory.pods);
  const everyClass: PodClass[] = [{ key: DEFAULT_POLICY, decisive: new Map(), pods: [] }, ...classes];
  for (const remote of view.remotes) {
    const { id } = remote;
    const all = pathsTo(remote.ia);
    let narrowest = Number.POSITIVE_INFINITY;
    for (const { key, decisive } of everyClass) {
      const policy = decisive.get(remote.ia);
      const ready = memory.sets.get(all, id, policy, () => readySet(view, remote, all, policy));
      for (const each of ready.desired) {
        paths.set(each.key, each);
        narrowest = Math.min(narrowest, each.settings.innerMtu);
      }
      const { strategy, onNone, paths: chosen } = ready;
      sets.push({ policy: key, remote: id, strategy, onNone, paths: chosen });
    }
    // Also where no path leads: what is for its pods must not leave as plain IP, unless a policy says so.
    const mtu = Number.isFinite(narrowest) ? narrowest : MTU_WITHOUT_PATH;
    remotes.set(remote.podCidr, { id, ia: remote.ia, innerMtu: mtu });
  }
  const byAddress = new Map<string, string>();
  for (const each of classes) for (const { address } of each.pods) byAddress.set(address, each.key);
  return { paths, sets, remotes, pods: byAddress };
}

function readySet(view: NodeView, remote: RemoteNode, all: readonly Path[], policy: PathPolicy | undefined): ReadySet {
  const own = { interfaces: view.interfaces.map(({ ifid }) => ifid) };
  const decision = policy === undefined ? defaultDecision(all, own, remote) : decide(policy, all, own, remote);
  const desired = decision.paths.map(({ path }) => towards(view, remote, path));
  return {
    strategy: decision.mode,
    onNone: decision.inForce === 'PlainIP' ? 'pass' : 'block',
    paths: decision.paths.map(({ weight }, index) => ({ key: desired[index]!.key, weight })),
    desired,
  };
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
      routed: way.routed ?? false,
      innerMtu: innerMtu(path.mtu, header),
      expiry: path.expiry,
    },
  };
}

/** By its own link, or over the cluster's network to the sibling that has the link. */
function firstHop(
  view: NodeView,
  path: Path,
): Pick<PathSettings, 'ifindex' | 'ifid' | 'routed'> & ReturnType<typeof siblingEnds> {
  const ifid = path.interfaces[0]?.ifid;
  const own = view.interfaces.find((each) => each.ifid === ifid);
  if (own !== undefined) return own;
  const sibling = view.siblings.find(({ interfaces }) => interfaces.some((each) => each.ifid === ifid));
  if (sibling === undefined || view.lan === undefined)
    throw new RangeError(`no node of ${view.ia} has interface ${ifid}`);
  return { ifindex: view.lan.ifindex, ifid: 0, ...siblingEnds(view, view.lan, sibling, ROUTER_PORT) };
}
