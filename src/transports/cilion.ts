/**
 * CilION: pods' packets travel as SCION from node to node. Every node is a border router of its AS; every transit AS
 * has one. The programs are loaded and their maps filled once a lab; attaching puts them on the lab's devices.
 */
import { mkdirSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import type { Lab } from '../emulator/lab.ts';
import { LabError } from '../errors.ts';
import type { ClusterObjects } from '../k8s/changes.ts';
import { realClustersOf } from '../k8s/clusters/build-lab.ts';
import { AttachedAgents, prepareLabAgents } from './cilion-agents.ts';
import { dropsIn, type ReasonSums, refusedIn, since } from './cilion-counts.ts';
import { CilionNode } from './cilion-node.ts';
import { leaveProber } from './cilion-prober.ts';
import { TransitRouters } from './cilion-routers.ts';
import type { Attached, PodPlace, Route, Transport } from './transport.ts';

/** Folders of pinned maps on the lab's BPF file system: the transit ASes' under this name, a node's under its own. */
export const ROUTERS_PINS = 'routers';

const loaded = new WeakMap<Lab, LabRouters>();

export const cilion: Transport = {
  name: 'cilion',
  about: 'SCION from node to node, border routers in XDP',
  async load(lab) {
    const routers = LabRouters.of(lab);
    const clusters = realClustersOf(lab);
    if (clusters.length > 0) await prepareLabAgents(lab, clusters);
    else routers.loadNodes();
  },
  async attach(lab) {
    const clusters = realClustersOf(lab);
    if (clusters.length > 0) {
      const agents = new AttachedAgents(lab, clusters, LabRouters.of(lab).transit);
      await agents.attach();
      return agents;
    }
    const attached = new AttachedCilion(lab, LabRouters.of(lab));
    await attached.attach();
    return attached;
  },
};

/** The border routers of a lab, those of transit ASes and the nodes: loaded once. */
export class LabRouters {
  readonly transit: TransitRouters;
  readonly #lab: Lab;
  #nodes: readonly CilionNode[] | undefined;

  private constructor(lab: Lab) {
    this.#lab = lab;
    this.transit = new TransitRouters(lab, this.#pins(ROUTERS_PINS));
  }

  get nodes(): readonly CilionNode[] {
    this.#nodes ??= this.#lab.plan.clusters.flatMap((cluster) =>
      cluster.nodes.map((node) => new CilionNode(this.#lab, cluster, node, this.#pins(node.namespace))),
    );
    return this.#nodes;
  }

  /** The nodes' too, which real clusters have from their agents. */
  loadNodes(): void {
    void this.nodes;
  }

  #pins(name: string): string {
    const folder = this.#lab.directory.path('bpf', name);
    mkdirSync(folder);
    return folder;
  }

  static of(lab: Lab): LabRouters {
    const routers = loaded.get(lab) ?? new LabRouters(lab);
    loaded.set(lab, routers);
    return routers;
  }

  /** Transit first: the first packet of a node finds every router at work. */
  attach(): void {
    this.transit.attach();
    for (const node of this.nodes) node.attachRouter();
  }

  detach(): void {
    for (const node of this.nodes) node.detachRouter();
    this.transit.detach();
  }

  /** Since the programs were loaded. */
  drops(): ReasonSums {
    return dropsIn(this.#counters(), this.#lab.plan);
  }

  /** Since the programs were loaded. */
  refused(): ReasonSums {
    return refusedIn(this.#counters());
  }

  #counters(): ReasonCount[] {
    return [...this.transit.counters(), ...this.nodes.flatMap((node) => node.counters())];
  }
}

class AttachedCilion implements Attached {
  readonly #lab: Lab;
  readonly #routers: LabRouters;
  readonly #before: ReasonSums;
  /** Nodes of clusters in which something else is in force than in the plan. */
  readonly #changed = new Set<CilionNode>();

  constructor(lab: Lab, routers: LabRouters) {
    this.#lab = lab;
    this.#routers = routers;
    this.#before = routers.drops();
  }

  async attach(): Promise<void> {
    this.#routers.attach();
    for (const node of this.#routers.nodes) await node.attachPods();
    for (const node of this.#routers.nodes) node.startProbing();
  }

  async route({ node, pod }: PodPlace, to: PodPlace): Promise<Route> {
    const from = this.#routers.nodes.find((each) => each.node === node);
    if (from === undefined) throw new LabError(`CilION is not attached to node ${node.name}`);
    const remote = from.remoteId(to.node.address);
    const paths = remote === undefined ? [] : from.agent.paths(remote, pod.address);
    const usable = paths.find((each) => each.usable);
    return {
      ases: usable?.path.hops.map(({ ia }) => ia) ?? [],
      arrives: usable !== undefined,
      source: 'scion',
    };
  }

  drops(): ReasonSums {
    return since(this.#before, this.#routers.drops());
  }

  refused(): ReasonSums {
    return this.#routers.refused();
  }

  /** All nodes at once: routes follow when every map has changed. */
  async apply(cluster: string, objects: ClusterObjects): Promise<void> {
    const nodes = this.#routers.nodes.filter((node) => node.cluster.name === cluster);
    for (const node of nodes) this.#changed.add(node);
    await Promise.all(nodes.map((node) => node.apply(objects)));
  }

  release(): void {
    for (const node of this.#routers.nodes) node.stopProbing();
  }

  leave(): Promise<void> {
    return leaveProber(this.#lab);
  }

  async detach(): Promise<void> {
    for (const node of this.#routers.nodes) await node.detachPods();
    this.#routers.detach();
    for (const node of this.#changed) await node.apply(node.cluster);
  }
}
