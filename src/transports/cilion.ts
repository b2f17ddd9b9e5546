/**
 * CilION: pods' packets travel as SCION from node to node. Every node is a border router of its AS; every transit AS
 * has one. The programs are loaded and their maps filled once a lab; attaching puts them on the lab's devices.
 */
import { mkdirSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import type { Lab } from '../emulator/lab.ts';
import { LabError } from '../errors.ts';
import { CilionNode } from './cilion-node.ts';
import { leaveProber } from './cilion-prober.ts';
import { TransitRouters } from './cilion-routers.ts';
import type { Attached, PodPlace, Route, Transport } from './transport.ts';

/** Folders of pinned maps on the lab's BPF file system: the transit ASes' under this name, a node's under its own. */
export const ROUTERS_PINS = 'routers';

const loaded = new WeakMap<Lab, LoadedCilion>();

export const cilion: Transport = {
  name: 'cilion',
  about: 'SCION from node to node, border routers in XDP',
  load,
  async attach(lab) {
    const attached = new AttachedCilion(lab, load(lab));
    await attached.attach();
    return attached;
  },
};

interface LoadedCilion {
  readonly routers: TransitRouters;
  readonly nodes: readonly CilionNode[];
}

function load(lab: Lab): LoadedCilion {
  const before = loaded.get(lab);
  if (before !== undefined) return before;
  const pins = (name: string) => {
    const folder = lab.directory.path('bpf', name);
    mkdirSync(folder);
    return folder;
  };
  const cilionLab = {
    routers: new TransitRouters(lab, pins(ROUTERS_PINS)),
    nodes: lab.plan.clusters.flatMap((cluster) =>
      cluster.nodes.map((node) => new CilionNode(lab, cluster, node, pins(node.namespace))),
    ),
  };
  loaded.set(lab, cilionLab);
  return cilionLab;
}

class AttachedCilion implements Attached {
  readonly #lab: Lab;
  readonly #cilion: LoadedCilion;
  readonly #before: Readonly<Record<string, number>>;

  constructor(lab: Lab, cilion: LoadedCilion) {
    this.#lab = lab;
    this.#cilion = cilion;
    this.#before = drops(lab, cilion);
  }

  /** Transit first: the first packet of a node finds every router at work. */
  async attach(): Promise<void> {
    const { routers, nodes } = this.#cilion;
    routers.attach();
    for (const node of nodes) await node.attach();
    for (const node of nodes) node.startProbing();
  }

  async route({ node }: PodPlace, to: PodPlace): Promise<Route> {
    const from = this.#cilion.nodes.find((each) => each.node === node);
    if (from === undefined) throw new LabError(`CilION is not attached to node ${node.name}`);
    const usable = from.agent.paths(from.remoteId(to.node.address)).find((each) => each.usable);
    return {
      ases: usable?.path.hops.map(({ ia }) => ia) ?? [],
      arrives: usable !== undefined,
      source: 'scion',
    };
  }

  drops(): Record<string, number> {
    const since = Object.entries(drops(this.#lab, this.#cilion)).map(
      ([reason, packets]) => [reason, packets - (this.#before[reason] ?? 0)] as const,
    );
    return Object.fromEntries(since.filter(([, packets]) => packets > 0));
  }

  release(): void {
    for (const node of this.#cilion.nodes) node.agent.stopProbing();
  }

  leave(): Promise<void> {
    return leaveProber(this.#lab);
  }

  async detach(): Promise<void> {
    for (const node of this.#cilion.nodes) await node.detach();
    this.#cilion.routers.detach();
  }
}

/**
 * Reason → packets that were neither forwarded nor delivered, since the programs were loaded. What a slow path takes over
 * is not among them.
 */
function drops({ plan }: Lab, { routers, nodes }: LoadedCilion): Record<string, number> {
  const counts: readonly ReasonCount[] = [...routers.counters(), ...nodes.flatMap((node) => node.counters())];
  const sums: Record<string, number> = {};
  for (const { reason, outcome, packets } of counts) {
    if (outcome === 'drop' || (outcome === 'slow' && plan.controlPlane === 'computed'))
      sums[reason] = (sums[reason] ?? 0) + packets;
  }
  return sums;
}
