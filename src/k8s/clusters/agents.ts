/** Our resources and an agent on each node of a lab's real clusters, as docs/kubernetes.md has it done by hand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../emulator/lab.ts';
import { ifindexLimit, type NodePlan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import { DAEMON_PORT } from '../../scion/ports.ts';
import { type AgentConfig, type PathsByDestination, pathsToJson } from '../agent/agent-config.ts';
import { buildAgentImage } from './agent-image.ts';
import type { Kubernetes, RunningCluster } from './backend.ts';
import { plannedView } from './planned-view.ts';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const NAMESPACE = '--namespace=cilion-system';
/** Far beyond what it takes on a machine that does much else. */
const READY = '--timeout=300s';

/** Resolves when every agent is at work. @throws LabError, also for a cluster without an API server */
export async function deployAgents(lab: Lab, clusters: readonly RunningCluster[]): Promise<void> {
  const archive = lab.directory.path('work', 'agent-image.tar');
  await buildAgentImage(archive);
  for (const cluster of clusters) {
    const kubernetes = kubernetesOf(cluster);
    await kubernetes.loadImage(archive);
    await configure(lab, cluster, kubernetes);
    await kubernetes.kubectl(['apply', '--server-side', '-f', `${DEPLOY}agent.yaml`]);
  }
  for (const cluster of clusters) {
    const { kubectl } = kubernetesOf(cluster);
    await kubectl(['rollout', 'status', 'daemonset/cilion-agent', NAMESPACE, READY]);
  }
}

async function configure(lab: Lab, cluster: RunningCluster, { kubectl }: Kubernetes): Promise<void> {
  await kubectl(['apply', '--server-side', '-f', `${DEPLOY}crds`, '-f', `${DEPLOY}rbac.yaml`]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', READY]);
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

function agentConfig(lab: Lab, { plan, nodes }: RunningCluster, node: NodePlan): AgentConfig {
  const running = nodes.get(node.namespace);
  if (running === undefined) throw new LabError(`cluster ${plan.name} has no node for ${node.namespace}`);
  const { outer, inner } = node.segmenter;
  const [first] = plan.nodes;
  const daemon =
    lab.plan.controlPlane === 'reference' && first !== undefined ? `${first.address}:${DAEMON_PORT}` : undefined;
  return {
    nodeName: running.name,
    view: plannedView(lab.plan, plan, node),
    ...(daemon === undefined ? {} : { daemon }),
    forwardingKey: Buffer.from(lab.control.forwardingKey(plan.ia)).toString('hex'),
    linkLimit: lab.plan.ases.find(({ ia }) => ia === plan.ia)?.linkLimit ?? 0,
    ifindexLimit: ifindexLimit(lab.plan),
    segmenter: { device: outer.device, into: outer.ifindex, out: inner.ifindex },
  };
}

/** The paths from a cluster to all others, as they are now. */
function pathsFrom(lab: Lab, { plan }: RunningCluster): PathsByDestination {
  const destinations = lab.plan.clusters.filter(({ ia }) => ia !== plan.ia).map(({ ia }) => ia);
  return new Map(destinations.map((ia) => [ia, lab.control.paths(plan.ia, ia)]));
}
