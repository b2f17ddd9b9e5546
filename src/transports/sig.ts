/**
 * The reference SCION-IP gateway: one on the first node of each cluster, to which the other nodes route what is for
 * another cluster. Border routers are those that `cilion` has, so that a comparison is one of gateways.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { ipBatch } from '../emulator/ip-batch.ts';
import type { Lab } from '../emulator/lab.ts';
import type { NodePlan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import { inParallel } from '../process/parallel.ts';
import { answersPing } from '../process/ping.ts';
import { type Running, run, start } from '../process/process.ts';
import type { ReferenceControlPlane } from '../scion/reference/control-plane.ts';
import {
  GATEWAY_DEVICE,
  type GatewayPlace,
  gatewayFiles,
  gatewayPath,
  gatewayPlaces,
  podCidrs,
} from '../scion/reference/gateway.ts';
import { LabRouters } from './cilion.ts';
import { since } from './cilion-counts.ts';
import type { Attached, PodPlace, Route, Transport } from './transport.ts';

/** Gateways look for one another every five seconds, and nobody tells when they have found what they need. */
const POLL_MS = 100;
const READY_LIMIT_MS = 60_000;
/** It ends in order within a second. */
const GRACE_MS = 2000;

export const sig: Transport = {
  name: 'sig',
  about: 'the reference SCION-IP gateway, one a cluster',
  load: async (lab) => LabRouters.of(lab).loadNodes(),
  async attach(lab) {
    const attached = new AttachedGateways(lab);
    await attached.attach();
    return attached;
  },
};

class AttachedGateways implements Attached {
  readonly implementation: string;
  readonly #lab: Lab;
  readonly #routers: LabRouters;
  readonly #places: readonly GatewayPlace[];
  readonly #reference: ReferenceControlPlane;
  readonly #before: Readonly<Record<string, number>>;
  #gateways: Running[] = [];

  constructor(lab: Lab) {
    if (lab.reference === undefined) throw new LabError('the gateway needs the reference control plane');
    this.#reference = lab.reference;
    this.implementation = `scionproto gateway ${lab.reference.tools.version}`;
    this.#lab = lab;
    this.#routers = LabRouters.of(lab);
    this.#places = gatewayPlaces(lab.plan);
    this.#before = this.#routers.drops();
  }

  async attach(): Promise<void> {
    this.#routers.attach();
    this.#gateways = this.#places.map((place) => this.#start(place));
    await inParallel(this.#places, (place) => this.#routes(place, 'add'));
    await inParallel(this.#places, (place) => this.#takesPackets(place));
  }

  async route({ node }: PodPlace, to: PodPlace): Promise<Route> {
    const placeOf = (each: NodePlan) => this.#places.find(({ cluster }) => cluster.nodes.includes(each));
    const [from, target] = [placeOf(node), placeOf(to.node)];
    if (from === undefined || target === undefined) throw new LabError(`no gateway serves node ${node.name}`);
    const ases = await gatewayPath(this.#lab.netns(from.node.namespace), target.cluster.ia);
    return { ases: ases ?? [], arrives: ases !== undefined, source: 'scion' };
  }

  drops(): Readonly<Record<string, number>> {
    return since(this.#before, this.#routers.drops());
  }

  release(): void {}

  async detach(): Promise<void> {
    await inParallel(this.#places, (place) => this.#routes(place, 'del'));
    // The device and the routes into it go with the process.
    await inParallel(this.#gateways, (gateway) => gateway.stop(GRACE_MS));
    this.#routers.detach();
  }

  #start(place: GatewayPlace): Running {
    const { node, cluster } = place;
    const folder = this.#lab.directory.path('work', `sig-${cluster.name}`);
    mkdirSync(folder, { recursive: true });
    const { config, files } = gatewayFiles(this.#lab.plan, place, folder);
    for (const [file, content] of files) writeFileSync(file, content);
    const log = this.#reference.logFile(`sig-${cluster.name}`);
    const options = { netns: this.#lab.netns(node.namespace), stdoutFile: log, stderrFile: log };
    const gateway = start([this.#reference.tools.bin('gateway'), '--config', config], options);
    this.#lab.watch.add(`the gateway of cluster ${cluster.name}`, gateway);
    return gateway;
  }

  /** On the cluster's other nodes, what is for another cluster goes to the node with the gateway. */
  async #routes({ cluster, node }: GatewayPlace, verb: 'add' | 'del'): Promise<void> {
    const remote = this.#lab.plan.clusters.filter((other) => other !== cluster).flatMap(podCidrs);
    await inParallel(
      cluster.nodes.filter((other) => other !== node),
      async ({ lan, namespace }) => {
        if (lan === undefined || node.lan === undefined)
          throw new LabError(`${namespace} is not on a cluster's network`);
        const via = `via ${node.lan.address} dev ${lan.device}`;
        const commands = remote.map((cidr) => `route ${verb} ${cidr} ${via}`);
        await ipBatch(commands, this.#lab.directory.namespaceName(namespace));
      },
    );
  }

  /**
   * Resolves when the gateway has routed the pods of every other cluster into its device, and packets get through: its
   * forwarding begins a moment after its routes, and nobody tells.
   */
  async #takesPackets({ cluster, node }: GatewayPlace): Promise<void> {
    const deadline = performance.now() + READY_LIMIT_MS;
    const netns = this.#lab.netns(node.namespace);
    const others = this.#lab.plan.clusters.filter((other) => other !== cluster);
    const [pod] = cluster.pods;
    for (const other of others) {
      const [target] = other.pods;
      const waits = async (what: string, isTrue: () => Promise<boolean>) => {
        while (!(await isTrue())) {
          this.#lab.watch.signal.throwIfAborted();
          if (performance.now() > deadline) throw notReady(cluster.name, other.name, what);
          await setTimeout(POLL_MS);
        }
      };
      await waits('route', () => hasRoutes(netns, podCidrs(other)));
      if (pod === undefined || target === undefined) continue;
      await waits('answer', () => answersPing(this.#lab.netns(pod.namespace), target.address));
    }
  }
}

function notReady(from: string, to: string, what: string): LabError {
  return new LabError(
    `the gateway of cluster ${from} has no ${what} for cluster ${to} after ${READY_LIMIT_MS / 1000} s`,
  );
}

async function hasRoutes(netns: string, cidrs: readonly string[]): Promise<boolean> {
  const { stdout } = await run(['ip', '-json', 'route', 'show'], { netns });
  const routes = JSON.parse(stdout) as { readonly dst: string; readonly dev?: string }[];
  return cidrs.every((cidr) => routes.some(({ dst, dev }) => dst === cidr && dev === GATEWAY_DEVICE));
}
