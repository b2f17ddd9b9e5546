/** Our resources and an agent on each node of a lab's real clusters, as docs/kubernetes.md has it done by hand. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Lab } from '../../emulator/lab.ts';
import { ifindexLimit, type NodePlan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import { native } from '../../native.ts';
import { run } from '../../process/process.ts';
import { DAEMON_PORT } from '../../scion/ports.ts';
import { type AgentConfig, type PathsByDestination, pathsToJson } from '../agent/agent-config.ts';
import type { SiblingPlace } from '../agent/node-view.ts';
import { SEGMENTER_RULE, SEGMENTER_TABLE } from '../agent/segmenter-routes.ts';
import { buildAgentImage } from './agent-image.ts';
import type { Kubernetes, RunningCluster, RunningNode } from './backend.ts';
import { AGENT, AGENT_PINS, RBAC } from './deployed-files.ts';
import { applyObjects } from './kind-pods.ts';
import { plannedView } from './planned-view.ts';
import { wanObjects } from './wan-objects.ts';

/** Everywhere the first device. */
const LOOPBACK = 1;
const NAMESPACE = '--namespace=cilion-system';
const DAEMON_SET = 'daemonset/cilion-agent';
const SELECTOR = '--selector=app=cilion-agent';
/** Of each agent's log, where they do not get ready. */
const SHOWN_LINES = 10;
/** Far beyond what it takes on a machine that does much else. */
const READY_MS = 180_000;
const READY = `--timeout=${READY_MS}ms`;

/** Resolves when every agent is at work. @throws LabError, also for a cluster without an API server */
export async function deployAgents(lab: Lab, clusters: readonly RunningCluster[]): Promise<void> {
  await prepareAgents(lab, clusters);
  await startAgents(clusters);
}

/** All that agents need, once a lab: their image, their rights, what each is told. */
export async function prepareAgents(lab: Lab, clusters: readonly RunningCluster[]): Promise<void> {
  const [first] = clusters;
  if (first === undefined) return;
  const archive = lab.directory.path('work', 'agent-image.tar');
  await buildAgentImage(archive, { onto: kubernetesOf(first).agentBase });
  for (const cluster of clusters) {
    const kubernetes = kubernetesOf(cluster);
    await kubernetes.loadImage(archive);
    await configure(lab, cluster, kubernetes);
  }
  // A bundle of the lab has no use for it, and it is large.
  rmSync(archive);
}

/** Resolves when every agent is at work. */
export async function startAgents(clusters: readonly RunningCluster[]): Promise<void> {
  for (const cluster of clusters) await kubernetesOf(cluster).kubectl(['apply', '--server-side', '-f', AGENT]);
  for (const cluster of clusters) {
    const { kubectl } = kubernetesOf(cluster);
    await kubectl(['rollout', 'status', DAEMON_SET, NAMESPACE, READY]).catch(async (error: unknown) => {
      const logs = await kubectl(['logs', NAMESPACE, SELECTOR, '--prefix', `--tail=${SHOWN_LINES}`]);
      throw new LabError(`the agents of cluster ${cluster.plan.name} do not get ready: ${String(error)}\n${logs}`);
    });
  }
}

/** Sentences about agents that have ended and been started again since `startAgents`; none where all is well. */
export async function restartedAgents(clusters: readonly RunningCluster[]): Promise<string[]> {
  const found: string[] = [];
  for (const cluster of clusters) {
    const argv = ['get', 'pods', NAMESPACE, SELECTOR, '--output=json'];
    const { kubectl } = kubernetesOf(cluster);
    const { items } = JSON.parse(await kubectl(argv)) as { items: readonly AgentPod[] };
    for (const { metadata, spec, status } of items) {
      const restarts = status.containerStatuses?.reduce((sum, each) => sum + each.restartCount, 0) ?? 0;
      if (restarts === 0) continue;
      // Where the node has thrown the log away, there is nothing to add.
      const last = await kubectl(['logs', NAMESPACE, metadata.name, '--previous', '--tail=1']).catch(() => '');
      const why = last.trim() === '' ? '' : `; it said last: ${last.trim()}`;
      found.push(`the agent on ${spec.nodeName} has ended ${restarts} times${why}`);
    }
  }
  return found;
}

interface AgentPod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

/** Ends the agents, and takes what they leave at work off the nodes: programs, routes, pinned maps. */
export async function removeAgents(lab: Lab, clusters: readonly RunningCluster[]): Promise<void> {
  for (const cluster of clusters) {
    await kubernetesOf(cluster).kubectl(['delete', DAEMON_SET, NAMESPACE, '--cascade=foreground', READY]);
  }
  for (const { plan, nodes } of clusters) {
    for (const { namespace } of plan.nodes) {
      await clearNode(lab.netns(namespace));
      rmSync(pinsOn(nodes.get(namespace)), { recursive: true, force: true });
    }
  }
}

/** Whatever the agent of a node has put its programs on: also devices that have come since. */
async function clearNode(netns: string): Promise<void> {
  const { stdout: links } = await run(['ip', '-json', 'link', 'show'], { netns });
  for (const { ifindex } of JSON.parse(links) as { ifindex: number }[]) {
    if (ifindex !== LOOPBACK && native().xdpProgramId(ifindex, netns) !== 0) native().detachXdp(ifindex, netns);
  }
  const { stdout: disciplines } = await run(['tc', '-json', 'qdisc', 'show'], { netns });
  for (const { kind, dev } of JSON.parse(disciplines) as { kind: string; dev: string }[]) {
    if (kind === 'clsact') native().detachTc(native().ifindex(dev, netns), netns);
  }
  const commands = [`route flush table ${SEGMENTER_TABLE}`, `rule del ${SEGMENTER_RULE}`];
  await run(['ip', '-batch', '-'], { netns, input: `${commands.join('\n')}\n` });
}

/** Where the maps of a node's agent are, as the host sees them. */
export function pinsOn(node: RunningNode | undefined): string {
  if (node === undefined) throw new LabError('a node of the plan has no container');
  return `/proc/${node.pid}/root${AGENT_PINS}`;
}

async function configure(lab: Lab, cluster: RunningCluster, { kubectl }: Kubernetes): Promise<void> {
  await kubectl(['apply', '--server-side', '-f', RBAC]);
  const wan = wanObjects(lab.plan, cluster.plan, (node) => nodeNamed(cluster, node).name);
  await applyObjects(kubectl, wan, lab.directory.path('kind', `${cluster.plan.name}-wan.json`));
  const folder = lab.directory.path('kind', `${cluster.plan.name}-agents`);
  mkdirSync(folder, { mode: 0o700 });
  for (const node of cluster.plan.nodes) {
    const config = agentConfig(lab, cluster, node);
    writeFileSync(`${folder}/${config.nodeName}.json`, JSON.stringify(config));
  }
  // With the reference's services an agent asks its AS's daemon.
  if (lab.plan.controlPlane === 'computed') {
    writeFileSync(`${folder}/paths.json`, pathsToJson(pathsFrom(lab, cluster)));
  }
  await kubectl(['create', 'secret', 'generic', 'cilion-nodes', NAMESPACE, `--from-file=${folder}`]);
}

function kubernetesOf({ plan, kubernetes }: RunningCluster): Kubernetes {
  if (kubernetes === undefined) throw new LabError(`cluster ${plan.name} has no API server`);
  return kubernetes;
}

function agentConfig(lab: Lab, cluster: RunningCluster, node: NodePlan): AgentConfig {
  const { plan } = cluster;
  const { outer, inner } = node.segmenter;
  const [first] = plan.nodes;
  const daemon =
    lab.plan.controlPlane === 'reference' && first !== undefined ? `${first.address}:${DAEMON_PORT}` : undefined;
  // Links and other clusters are objects.
  const { interfaces, remotes, siblings, ...place } = plannedView(lab.plan, plan, node);
  return {
    nodeName: nodeNamed(cluster, node).name,
    place,
    siblings: siblingPlaces(cluster, node),
    ...(daemon === undefined ? {} : { daemon }),
    forwardingKey: Buffer.from(lab.control.forwardingKey(plan.ia)).toString('hex'),
    linkLimit: lab.plan.ases.find(({ ia }) => ia === plan.ia)?.linkLimit ?? 0,
    ifindexLimit: ifindexLimit(lab.plan),
    segmenter: { device: outer.device, into: outer.ifindex, out: inner.ifindex },
    pins: AGENT_PINS,
  };
}

function siblingPlaces(cluster: RunningCluster, node: NodePlan): SiblingPlace[] {
  return cluster.plan.nodes.flatMap((other) => {
    if (other === node || other.lan === undefined) return [];
    return [{ name: nodeNamed(cluster, other).name, address: other.address, mac: other.lan.mac }];
  });
}

function nodeNamed({ plan, nodes }: RunningCluster, { namespace }: NodePlan): RunningNode {
  const running = nodes.get(namespace);
  if (running === undefined) throw new LabError(`cluster ${plan.name} has no node for ${namespace}`);
  return running;
}

/** The paths from a cluster to all others, as they are now. */
function pathsFrom(lab: Lab, { plan }: RunningCluster): PathsByDestination {
  const destinations = lab.plan.clusters.filter(({ ia }) => ia !== plan.ia).map(({ ia }) => ia);
  return new Map(destinations.map((ia) => [ia, lab.control.paths(plan.ia, ia)]));
}
