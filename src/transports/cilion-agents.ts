/**
 * CilION where clusters are real: agents that Kubernetes starts, one a node, put the programs on the nodes' devices and keep
 * their maps, which they pin. Border routers of transit ASes are the lab's own.
 */
import { existsSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import type { ReasonCount } from '../dataplane/counters.ts';
import { NodeDataplane } from '../dataplane/node.ts';
import { macsOf, NodePaths } from '../dataplane/node-paths.ts';
import type { Lab } from '../emulator/lab.ts';
import type { NodePlan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import { pinsOn, prepareAgents, removeAgents, restartedAgents, startAgents } from '../k8s/clusters/agents.ts';
import type { RunningCluster } from '../k8s/clusters/backend.ts';
import { dropsIn, type ReasonSums, refusedIn, since } from './cilion-counts.ts';
import type { TransitRouters } from './cilion-routers.ts';
import type { Attached, PodPlace, Route } from './transport.ts';

const prepared = new WeakMap<Lab, Promise<void>>();

/** What takes longest of attaching, once a lab. */
export function prepareLabAgents(lab: Lab, clusters: readonly RunningCluster[]): Promise<void> {
  const known = prepared.get(lab) ?? prepareAgents(lab, clusters);
  prepared.set(lab, known);
  return known;
}

interface AgentNode {
  readonly node: NodePlan;
  readonly pins: string;
}

export class AttachedAgents implements Attached {
  readonly implementation = 'an agent on each node, by a DaemonSet';
  readonly #lab: Lab;
  readonly #clusters: readonly RunningCluster[];
  readonly #transit: TransitRouters;
  readonly #nodes: readonly AgentNode[];
  readonly #before: readonly ReasonCount[];

  constructor(lab: Lab, clusters: readonly RunningCluster[], transit: TransitRouters) {
    this.#lab = lab;
    this.#clusters = clusters;
    this.#transit = transit;
    this.#before = transit.counters();
    this.#nodes = clusters.flatMap(({ plan, nodes }) =>
      plan.nodes.map((node) => ({ node, pins: pinsOn(nodes.get(node.namespace)) })),
    );
  }

  async attach(): Promise<void> {
    await prepareLabAgents(this.#lab, this.#clusters);
    this.#transit.attach();
    await startAgents(this.#clusters);
    for (const { node, pins } of this.#nodes) {
      const link = this.#lab.directory.path('bpf', node.namespace);
      // Where the gateway has routers of its own on the nodes, their maps are there.
      if (!existsSync(link)) symlinkSync(pins, link);
    }
  }

  async route({ node, pod }: PodPlace, to: PodPlace): Promise<Route> {
    const { pins } = this.#nodeOf(node);
    const policy = NodeDataplane.reopen(pins).contents().pods.get(pod.address) ?? 0;
    const used = new NodePaths(pins)
      .read()
      .filter((path) => path.policy === policy && path.host === to.node.address)
      .sort((a, b) => a.rank - b.rank)
      .find(({ state }) => state === 'answers' || state === 'unprobed');
    if (used === undefined) return { ases: [], arrives: false, source: 'scion' };
    const { ia } = this.#clusters.find(({ plan }) => plan.nodes.includes(node))!.plan;
    const known = this.#lab.control.paths(ia, used.dst).find(({ raw }) => macsOf(raw) === used.macs);
    return { ases: known?.hops.map((hop) => hop.ia) ?? [], arrives: true, source: 'scion' };
  }

  drops(): ReasonSums {
    const { plan } = this.#lab;
    return since(dropsIn(this.#before, plan), dropsIn(this.#counters(), plan));
  }

  refused(): ReasonSums {
    return since(refusedIn(this.#before), refusedIn(this.#counters()));
  }

  release(): void {}

  async detach(): Promise<void> {
    for (const text of await restartedAgents(this.#clusters)) this.#lab.watch.report(text);
    for (const { node } of this.#nodes) this.#unlink(node);
    await removeAgents(this.#lab, this.#clusters);
    this.#transit.detach();
  }

  #unlink({ namespace }: NodePlan): void {
    const path = this.#lab.directory.path('bpf', namespace);
    if (lstatSync(path).isSymbolicLink()) rmSync(path);
  }

  #nodeOf(node: NodePlan): AgentNode {
    const found = this.#nodes.find((each) => each.node === node);
    if (found === undefined) throw new LabError(`no agent is on node ${node.name}`);
    return found;
  }

  /** The agents' maps are as old as their attaching; those of the transit ASes are not. */
  #counters(): ReasonCount[] {
    const nodes = this.#nodes.flatMap(({ pins }) => NodeDataplane.reopen(pins).counters(0));
    return [...this.#transit.counters(), ...nodes];
  }
}
