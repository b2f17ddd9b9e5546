/**
 * CilION: pods' packets travel as SCION from node to node. Every node is a border router of its AS; every transit AS
 * has one. Attaching loads the programs, fills their maps and puts them on the lab's devices.
 */
import { mkdirSync, rmSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import type { Lab } from '../emulator/lab.ts';
import { LabError } from '../errors.ts';
import { CilionNode } from './cilion-node.ts';
import { TransitRouters } from './cilion-routers.ts';
import type { Attached, PodPlace, Route, Transport } from './transport.ts';

/** Folders of pinned maps on the lab's BPF file system: the transit ASes' under this name, a node's under its own. */
export const ROUTERS_PINS = 'routers';

export const cilion: Transport = {
  name: 'cilion',
  about: 'SCION from node to node, border routers in XDP',
  async attach(lab) {
    const attached = new AttachedCilion(lab);
    try {
      await attached.attach();
      return attached;
    } catch (error) {
      await attached.detach();
      throw error;
    }
  },
};

class AttachedCilion implements Attached {
  readonly #lab: Lab;
  readonly #pins: string[] = [];
  readonly #nodes: CilionNode[] = [];
  #routers: TransitRouters | undefined;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  async attach(): Promise<void> {
    const pins = this.#pinFolder(ROUTERS_PINS);
    mkdirSync(pins);
    this.#routers = new TransitRouters(this.#lab, pins);
    for (const cluster of this.#lab.plan.clusters) {
      for (const node of cluster.nodes) {
        const attached = new CilionNode(this.#lab, cluster, node, this.#pinFolder(node.namespace));
        this.#nodes.push(attached);
        await attached.attach(this.#lab);
      }
    }
  }

  async route({ node }: PodPlace, to: PodPlace): Promise<Route> {
    const from = this.#nodes.find((each) => each.node === node);
    if (from === undefined) throw new LabError(`CilION is not attached to node ${node.name}`);
    const usable = from.agent.paths(from.remoteId(to.node.address)).find((each) => each.usable);
    return { ases: usable?.path.hops.map(({ ia }) => ia) ?? [], source: 'scion' };
  }

  drops(): Record<string, number> {
    const drops: Record<string, number> = {};
    for (const { reason, outcome, packets } of this.#counters()) {
      if (outcome !== 'done') drops[reason] = (drops[reason] ?? 0) + packets;
    }
    return drops;
  }

  async detach(): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node.detach(this.#lab);
    this.#routers?.detach();
    this.#routers = undefined;
    for (const folder of this.#pins.splice(0)) rmSync(folder, { recursive: true, force: true });
  }

  #counters(): ReasonCount[] {
    return [...(this.#routers?.counters() ?? []), ...this.#nodes.flatMap((node) => node.counters())];
  }

  #pinFolder(name: string): string {
    const folder = this.#lab.directory.path('bpf', name);
    this.#pins.push(folder);
    return folder;
  }
}
