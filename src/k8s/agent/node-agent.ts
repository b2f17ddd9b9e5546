/**
 * The agent of one node: holds the difference between what the node's maps have and what they should have, and writes
 * only that. Forwarding goes on without it.
 */
import type { NodeContents, NodeDataplane, PathSettings, RemoteSettings } from '../../dataplane/node.ts';
import type { LinkSettings } from '../../dataplane/router-maps.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import { HOST_PORT, ROUTER_PORT } from '../../scion/ports.ts';
import { DEFAULT_POLICY, type DesiredSet, type DesiredState } from './desired-state.ts';
import { interfacesOf, type NodeView, siblingEnds } from './node-view.ts';
import { Numbers } from './numbers.ts';

/** A probe costs a packet each way; the lapse leaves room for two lost ones. */
export const PROBE_INTERVAL_MS = 20;
export const LAPSE_MS = 60;
const LAPSE_NS = BigInt(LAPSE_MS) * 1_000_000n;

interface WrittenSet extends Pick<DesiredSet, 'policy' | 'remote'> {
  readonly written: DesiredSet | undefined;
}

/** What the next state calls that which stands in maps that are taken over: it stays as it is. One name each. */
export interface AdoptedNames {
  /** By id; the bytes must be those of the path of that key. */
  readonly paths: ReadonlyMap<number, string>;
  readonly policies: ReadonlyMap<number, string>;
}

const NO_NAMES: AdoptedNames = { paths: new Map(), policies: new Map() };

export class NodeAgent {
  readonly #dataplane: NodeDataplane;
  readonly #ids = new Numbers();
  readonly #policies = new Numbers([DEFAULT_POLICY]);
  /** By CIDR; undefined for what another agent has written. */
  readonly #remotes = new Map<string, RemoteSettings | undefined>();
  /** By policy and remote node, what was written; undefined for what another agent has written. */
  readonly #sets = new Map<string, WrittenSet>();
  /** By pod's address, the policy's number that stands there; undefined where a batch has failed and any may. */
  readonly #pods = new Map<string, number | undefined>();
  /** By interface, what was written. */
  readonly #links = new Map<number, string>();
  #prober: NodeJS.Timeout | undefined;
  #state: DesiredState = { paths: new Map(), sets: [], remotes: new Map(), pods: new Map() };

  constructor(dataplane: NodeDataplane) {
    this.#dataplane = dataplane;
  }

  /** What comes before all else: the node's AS, and what it knows of the links now. */
  configure(view: NodeView, forwardingKey: Uint8Array, linkLimit: number): void {
    this.#dataplane.setAs({ ia: view.ia, forwardingKey, linkLimit, slowPath: view.slowPath ?? false });
    this.setLinks(view);
  }

  /** Links and other nodes that are new or other than before; links that are gone stay until `keepLinks`. */
  setLinks(view: NodeView): void {
    const { lan } = view;
    for (const link of view.interfaces) this.#setLink(link);
    if (lan === undefined) return;
    for (const sibling of view.siblings) {
      const host = siblingEnds(view, lan, sibling, HOST_PORT);
      this.#dataplane.setSibling(host.own, host.remote, lan.ifindex, lan.mtu);
      const router = siblingEnds(view, lan, sibling, ROUTER_PORT);
      for (const { ifid, role } of sibling.interfaces) {
        this.#setLink({ ifid, role, ifindex: lan.ifindex, ...router, mtu: lan.mtu, sibling: true });
      }
    }
  }

  /** Removes links that are not of this view: nothing comes in by them or goes out. */
  keepLinks(view: NodeView): void {
    const kept = new Set(interfacesOf(view));
    for (const ifid of this.#links.keys()) {
      if (kept.has(ifid)) continue;
      this.#dataplane.removeLink(ifid);
      this.#links.delete(ifid);
    }
  }

  #setLink(link: LinkSettings): void {
    const written = JSON.stringify(link);
    if (this.#links.get(link.ifid) === written) return;
    this.#dataplane.setLink(link);
    this.#links.set(link.ifid, written);
  }

  /**
   * Takes over maps that another agent has filled, before the first reconciliation: what stands there stays in force until
   * that has put its own in its place, and goes then. Only for an agent that has not written anything.
   */
  adopt({ sets, pods, remotes }: NodeContents, names: AdoptedNames = NO_NAMES): void {
    const adopted = (number: number) =>
      number === 0 ? DEFAULT_POLICY : (names.policies.get(number) ?? `adopted ${number}`);
    for (const id of new Set(sets.flatMap(({ paths }) => paths)))
      this.#ids.adopt(names.paths.get(id) ?? `adopted ${id}`, id);
    const policies = new Set([...sets.map(({ policy }) => policy), ...pods.values()]);
    for (const number of policies) if (number !== 0) this.#policies.adopt(adopted(number), number);
    for (const { policy, remote } of sets) {
      this.#sets.set(nameOf({ policy: adopted(policy), remote }), {
        policy: adopted(policy),
        remote,
        written: undefined,
      });
    }
    for (const cidr of remotes) this.#remotes.set(cidr, undefined);
    for (const [address, number] of pods) this.#pods.set(address, number);
  }

  /**
   * Brings the maps from the state before to this one: first what is new, then what names it, then what is gone.
   * @throws Error when a map does not take something; the next reconciliation does what this one has not
   */
  reconcile(state: DesiredState): void {
    for (const [key, { settings }] of state.paths) {
      if (!this.#ids.has(key)) this.#writePath(key, settings);
    }
    for (const set of state.sets) this.#writeSet(set);
    for (const [cidr, remote] of state.remotes) this.#writeRemote(cidr, remote);
    // A pod that is gone makes room for others.
    this.#removePods(state.pods);
    this.#writePods(state.pods);
    this.#removeGone(state);
    this.#state = state;
  }

  /**
   * The paths of a pod towards a remote node, in the order of preference, with whether each can be used now.
   * @param pod Its address; without it, of pods that no policy selects.
   */
  paths(remote: number, pod?: string): { readonly path: Path; readonly id: number; readonly usable: boolean }[] {
    const policy = (pod === undefined ? undefined : this.#state.pods.get(pod)) ?? DEFAULT_POLICY;
    const set = this.#state.sets.find((each) => each.remote === remote && each.policy === policy);
    return (set?.paths ?? []).map(({ key }) => {
      const id = this.#ids.of(key);
      return { path: this.#state.paths.get(key)!.path, id, usable: this.#usable(id) };
    });
  }

  /** Largest packet that every path to these pods takes, bytes. @throws RangeError for pods that no path reaches */
  innerMtu(cidr: string): number {
    const remote = this.#remotes.get(cidr);
    if (remote === undefined) throw new RangeError(`no path leads to ${cidr}`);
    return remote.innerMtu;
  }

  /**
   * Begins to probe every path from the node's namespace: one that stays silent is left within LAPSE_MS.
   * @param failed Told why, once, when probing ends because a probe could not be sent.
   */
  startProbing(netns: string, failed: (error: unknown) => void): void {
    this.stopProbing();
    for (const id of this.#ids.values()) this.#dataplane.health.setLapse(id, LAPSE_NS);
    this.#prober = setInterval(() => {
      try {
        this.#dataplane.sendProbes([...this.#ids.values()], netns);
      } catch (error) {
        this.stopProbing();
        failed(error);
      }
    }, PROBE_INTERVAL_MS);
  }

  /** Paths are no longer judged: all count as working until somebody probes again. */
  stopProbing(): void {
    clearInterval(this.#prober);
    this.#prober = undefined;
    for (const id of this.#ids.values()) this.#dataplane.health.setLapse(id, 0n);
  }

  #usable(id: number): boolean {
    const { down, lapseNs, lastHeardNs } = this.#dataplane.health.read(id);
    return !down && (lapseNs === 0n || process.hrtime.bigint() - lastHeardNs <= lapseNs);
  }

  #writePath(key: string, settings: PathSettings): void {
    const id = this.#ids.take(key);
    try {
      this.#dataplane.setPath(id, settings);
    } catch (error) {
      // Such as no room for it: the next time it must be tried again.
      this.#ids.keep((other) => other !== key);
      throw error;
    }
    if (this.#prober !== undefined) this.#dataplane.health.setLapse(id, LAPSE_NS);
  }

  #writeSet(set: DesiredSet): void {
    const { policy, remote, paths, strategy, onNone } = set;
    const name = nameOf(set);
    if (isSame(set, this.#sets.get(name)?.written)) return;
    const id = this.#policies.has(policy) ? this.#policies.of(policy) : this.#policies.take(policy);
    const ids = paths.map(({ key, weight }) => ({ id: this.#ids.of(key), weight }));
    this.#dataplane.setPathSet(id, remote, { paths: ids, strategy, onNone });
    this.#sets.set(name, { policy, remote, written: set });
  }

  #writeRemote(cidr: string, remote: RemoteSettings): void {
    const before = this.#remotes.get(cidr);
    if (before?.id === remote.id && before.ia === remote.ia && before.innerMtu === remote.innerMtu) return;
    this.#dataplane.setRemote(cidr, remote);
    this.#remotes.set(cidr, remote);
  }

  #writePods(pods: DesiredState['pods']): void {
    const changed = new Map<string, number>();
    for (const [address, policy] of pods) {
      const number = this.#policies.of(policy);
      if (this.#pods.get(address) !== number) changed.set(address, number);
    }
    for (const address of changed.keys()) this.#pods.set(address, undefined);
    this.#dataplane.setPodPolicies(changed);
    for (const [address, number] of changed) this.#pods.set(address, number);
  }

  #removePods(pods: DesiredState['pods']): void {
    const gone = [...this.#pods.keys()].filter((address) => !pods.has(address));
    this.#dataplane.removePodPolicies(gone);
    for (const address of gone) this.#pods.delete(address);
  }

  #removeGone(state: DesiredState): void {
    for (const cidr of [...this.#remotes.keys()].filter((each) => !state.remotes.has(each))) {
      this.#dataplane.removeRemote(cidr);
      this.#remotes.delete(cidr);
    }
    const sets = new Set(state.sets.map(nameOf));
    for (const [name, { policy, remote }] of this.#sets) {
      if (sets.has(name)) continue;
      this.#dataplane.removePathSet(this.#policies.of(policy), remote);
      this.#sets.delete(name);
    }
    const policies = new Set([DEFAULT_POLICY, ...state.sets.map(({ policy }) => policy)]);
    this.#policies.keep((policy) => policies.has(policy));
    this.#ids.keep((key) => state.paths.has(key));
  }
}

function nameOf({ policy, remote }: Pick<DesiredSet, 'policy' | 'remote'>): string {
  return `${policy} ${remote}`;
}

/** A path keeps its id as long as a set names it, so the same keys are the same ids. */
function isSame(set: DesiredSet, written: DesiredSet | undefined): boolean {
  if (set.strategy !== written?.strategy || set.onNone !== written.onNone) return false;
  const { paths } = set;
  // Mostly the very same: nothing was worked out anew.
  if (paths === written.paths) return true;
  const others = written.paths;
  return (
    paths.length === others.length &&
    paths.every(({ key, weight }, index) => others[index]?.key === key && others[index].weight === weight)
  );
}
