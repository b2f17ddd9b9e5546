/**
 * The agent of one node: holds the difference between what the node's maps have and what they should have, and writes
 * only that. Forwarding goes on without it.
 */
import type { NodeDataplane, RemoteSettings } from '../../dataplane/node.ts';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { DesiredSet, DesiredState } from './desired-state.ts';
import { HOST_PORT, type NodeView, ROUTER_PORT, siblingEnds } from './node-view.ts';

/** A probe costs a system call and a packet each way; the lapse leaves room for two lost ones. */
export const PROBE_INTERVAL_MS = 20;
export const LAPSE_MS = 60;
const LAPSE_NS = BigInt(LAPSE_MS) * 1_000_000n;

export class NodeAgent {
  readonly #dataplane: NodeDataplane;
  readonly #ids = new Map<string, number>();
  readonly #remotes = new Map<string, RemoteSettings>();
  #prober: NodeJS.Timeout | undefined;
  #state: DesiredState = { paths: new Map(), sets: [], remotes: new Map() };

  constructor(dataplane: NodeDataplane) {
    this.#dataplane = dataplane;
  }

  /** What does not change while the node lives: its AS, the AS's links, the other nodes. */
  configure(view: NodeView, forwardingKey: Uint8Array, linkLimit: number): void {
    const { lan, slowPath = false } = view;
    this.#dataplane.setAs({ ia: view.ia, forwardingKey, linkLimit, slowPath });
    for (const link of view.interfaces) this.#dataplane.setLink(link);
    if (lan === undefined) return;
    for (const sibling of view.siblings) {
      const host = siblingEnds(view, lan, sibling, HOST_PORT);
      this.#dataplane.setSibling(host.own, host.remote, lan.ifindex, lan.mtu);
      const router = siblingEnds(view, lan, sibling, ROUTER_PORT);
      for (const { ifid, role } of sibling.interfaces) {
        this.#dataplane.setLink({ ifid, role, ifindex: lan.ifindex, ...router, mtu: lan.mtu, sibling: true });
      }
    }
  }

  /** Brings the maps from the state before to this one: first what is new, then what names it, then what is gone. */
  reconcile(state: DesiredState): void {
    for (const [key, { settings }] of state.paths) {
      if (this.#ids.has(key)) continue;
      const id = this.#freeId();
      this.#dataplane.setPath(id, settings);
      this.#ids.set(key, id);
      // While paths are judged, a new one counts from its first answer on.
      if (this.#prober !== undefined) this.#dataplane.health.setLapse(id, LAPSE_NS);
    }
    for (const set of state.sets) this.#writeSet(set);
    for (const [cidr, remote] of state.remotes) {
      this.#dataplane.setRemote(cidr, remote);
      this.#remotes.set(cidr, remote);
    }
    this.#removeGone(state);
    this.#state = state;
  }

  /** The paths towards a remote node, in the order of preference, with whether each can be used now. */
  paths(remote: number): { readonly path: Path; readonly id: number; readonly usable: boolean }[] {
    const set = this.#state.sets.find((each) => each.remote === remote);
    return (set?.paths ?? []).map((key) => {
      const id = this.#id(key);
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
        for (const id of this.#ids.values()) this.#dataplane.sendProbe(id, netns);
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

  #writeSet({ policy, remote, paths }: DesiredSet): void {
    this.#dataplane.setPathSet(policy, remote, { paths: paths.map((key) => ({ id: this.#id(key) })) });
  }

  #removeGone(state: DesiredState): void {
    for (const cidr of [...this.#remotes.keys()].filter((each) => !state.remotes.has(each))) {
      this.#dataplane.removeRemote(cidr);
      this.#remotes.delete(cidr);
    }
    const wanted = new Set(state.sets.map(({ policy, remote }) => `${policy} ${remote}`));
    for (const { policy, remote } of this.#state.sets) {
      if (!wanted.has(`${policy} ${remote}`)) this.#dataplane.removePathSet(policy, remote);
    }
    for (const key of [...this.#ids.keys()].filter((each) => !state.paths.has(each))) this.#ids.delete(key);
  }

  #id(key: string): number {
    const id = this.#ids.get(key);
    if (id === undefined) throw new RangeError(`no path ${key} has been written`);
    return id;
  }

  #freeId(): number {
    const taken = new Set(this.#ids.values());
    let id = 0;
    while (taken.has(id)) id += 1;
    return id;
  }
}
