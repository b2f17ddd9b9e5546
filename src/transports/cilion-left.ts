/**
 * CilION in a lab that `cilion up` has left. No agent is at work there: what one would hold is read from the nodes' pinned
 * maps, and what should be there instead is worked out as an agent does. Only the difference is written.
 */
import { NodeDataplane } from '../dataplane/node.ts';
import { ipBatch } from '../emulator/ip-batch.ts';
import type { LabDirectory } from '../emulator/lab-directory.ts';
import type { ClusterPlan, NodePlan, Plan } from '../emulator/plan.ts';
import { type DesiredState, desiredState } from '../k8s/agent/desired-state.ts';
import { type AdoptedNames, NodeAgent } from '../k8s/agent/node-agent.ts';
import { SEGMENTER_TABLE, type SegmenterRoute, segmenterRoute } from '../k8s/agent/segmenter-routes.ts';
import type { ClusterObjects } from '../k8s/changes.ts';
import { plannedIntent } from '../k8s/clusters/planned-intent.ts';
import { plannedView } from '../k8s/clusters/planned-view.ts';
import { run } from '../process/process.ts';
import type { Path } from '../scion/end-to-end-path.ts';
import type { IsdAs } from '../topology/model.ts';

interface LeftNode {
  readonly node: NodePlan;
  readonly state: DesiredState;
  /** Key of the class of each pod, by address, as it was. */
  readonly classes: ReadonlyMap<string, string>;
}

/**
 * Brings the maps of a cluster's nodes to what follows from another plan of it. A packet sees what was or what is to be.
 *
 * @param before The plan's own: as the cluster was.
 * @param pathsTo All paths from the cluster's AS to another, best first.
 */
export async function reconcileCluster(
  lab: LabDirectory,
  plan: Plan,
  before: ClusterPlan,
  after: ClusterObjects,
  pathsTo: (ia: IsdAs) => readonly Path[],
): Promise<void> {
  // All of it before anything is written.
  const nodes = before.nodes.map((node): LeftNode => {
    const view = plannedView(plan, before, node);
    const stateOf = (objects: ClusterObjects) => desiredState(view, pathsTo, plannedIntent(before, node, objects));
    return { node, state: stateOf(after), classes: stateOf(before).pods };
  });
  for (const node of nodes) await reconcile(lab, node);
}

async function reconcile(lab: LabDirectory, { node, state, classes }: LeftNode): Promise<void> {
  const dataplane = NodeDataplane.reopen(lab.path('bpf', node.namespace));
  const contents = dataplane.contents();
  const ids = contents.sets.flatMap(({ paths }) => paths);
  const settings = new Map([...state.paths].map(([key, path]) => [key, path.settings]));
  const names: AdoptedNames = {
    paths: dataplane.knownPaths(ids, settings),
    policies: classNames(contents.pods, classes),
  };
  const agent = new NodeAgent(dataplane);
  agent.adopt(contents, names);
  const routed = await routedMtus(lab, node);
  const wanted = [...state.remotes].map(([podCidr, { innerMtu }]) => ({ podCidr, mtu: innerMtu }));
  const changed = wanted.filter(({ podCidr, mtu }) => routed.get(podCidr) !== mtu);
  const narrower = changed.filter(({ podCidr, mtu }) => mtu < (routed.get(podCidr) ?? 0));
  // What is too large for a path must never get there.
  await route(lab, node, narrower);
  agent.reconcile(state);
  await route(
    lab,
    node,
    changed.filter((each) => !narrower.includes(each)),
  );
}

/** Number of each class that pods are in: only where one number and one class belong together. */
function classNames(
  numbers: ReadonlyMap<string, number>,
  classes: ReadonlyMap<string, string>,
): ReadonlyMap<number, string> {
  const pairs = [...numbers].map(([address, number]) => ({ number, name: classes.get(address) }));
  const entries = pairs.flatMap(({ number, name }): [number, string][] => {
    const alone = pairs.every((other) => (other.number === number) === (other.name === name));
    return name !== undefined && number !== 0 && alone ? [[number, name]] : [];
  });
  return new Map(entries);
}

/** By remote pods' CIDR, bytes. */
async function routedMtus(lab: LabDirectory, { namespace }: NodePlan): Promise<ReadonlyMap<string, number>> {
  const argv = ['ip', '-json', 'route', 'show', 'table', String(SEGMENTER_TABLE)];
  const { stdout } = await run(argv, { netns: lab.netns(namespace) });
  const routes = JSON.parse(stdout) as { dst: string; metrics?: readonly { mtu?: number }[] }[];
  return new Map(routes.map(({ dst, metrics }) => [dst, metrics?.[0]?.mtu ?? 0]));
}

async function route(lab: LabDirectory, node: NodePlan, routes: readonly SegmenterRoute[]): Promise<void> {
  const { segmenter, address, namespace } = node;
  const commands = routes.map((each) => `route replace ${segmenterRoute(each, segmenter.outer.device, address)}`);
  await ipBatch(commands, lab.namespaceName(namespace));
}
