/** Where the frames of a wire can be seen, by what people call the wire. */
import type { CaptureDirection, CapturePoint } from '../dataplane/capture.ts';
import type { LabDirectory } from '../emulator/lab-directory.ts';
import { type LinkEndPlan, type Plan, type VethEnd, wiredLinks } from '../emulator/plan.ts';
import { CilionError } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import type { Topology } from '../topology/model.ts';
import { findLinkPlan } from './lab-names.ts';

export interface NamedWire {
  /** What its two ends are called: `ab` leads from the first to the second. */
  readonly ends: readonly [string, string];
  readonly points: readonly CapturePoint[];
}

/**
 * A link (`core#1`, or both ends), the wire from a node to its cluster's network (`cluster/node`), or a pod's
 * (`cluster/pod`). Frames are seen where they arrive, so what a wire loses on the way is not.
 *
 * @throws CilionError (exit code 2) for anything else
 */
export function findWirePoints(lab: LabDirectory, plan: Plan, topology: Topology, text: string): NamedWire {
  const wire = text.includes('#') ? linkWire(lab, plan, topology, text) : clusterWire(lab, plan, text);
  if (wire !== undefined) return wire;
  const inClusters = plan.clusters.flatMap(({ name, nodes, pods }) =>
    [...nodes.filter(({ lan }) => lan !== undefined), ...pods].map((each) => `${name}/${each.name}`),
  );
  const links = wiredLinks(plan).map(({ a }) => `${a.ia}#${a.ifid}`);
  throw new CilionError(`the lab has no wire "${text}"`, {
    exitCode: 2,
    hint: `${suggestion(text, [...inClusters, ...links])}; links are named by an end, as AS#interface`,
  });
}

function linkWire(lab: LabDirectory, plan: Plan, topology: Topology, text: string): NamedWire {
  const { a, b } = findLinkPlan(plan, topology, text);
  const name = ({ ia, ifid }: LinkEndPlan) => `${ia}#${ifid}`;
  return { ends: [name(a), name(b)], points: [arriving(lab, b, 'ab'), arriving(lab, a, 'ba')] };
}

function clusterWire(lab: LabDirectory, plan: Plan, text: string): NamedWire | undefined {
  const [clusterName, name] = text.split('/');
  const cluster = plan.clusters.find((each) => each.name === clusterName);
  const node = cluster?.nodes.find((each) => each.name === name);
  if (node !== undefined) {
    const wire = plan.veths.find(({ a }) => a.namespace === node.namespace && a.device === node.lan?.device);
    if (wire === undefined) {
      throw new CilionError(`${text} is the only node of its cluster: there is no network between nodes`, {
        exitCode: 2,
        hint: `its links are named by an end, such as ${cluster?.ia}#${node.interfaces[0]}`,
      });
    }
    return { ends: [text, `${clusterName}/lan`], points: [arriving(lab, wire.b, 'ab'), arriving(lab, wire.a, 'ba')] };
  }
  const pod = cluster?.pods.find((each) => each.name === name);
  const eth0 = plan.veths.find(({ b }) => b.namespace === pod?.namespace)?.b;
  if (pod === undefined || eth0 === undefined) return undefined;
  const netns = lab.netns(pod.namespace);
  return { ends: [text, `${clusterName}/${pod.node}`], points: [{ kind: 'both', ifindex: eth0.ifindex, netns }] };
}

function arriving(
  lab: LabDirectory,
  end: Pick<VethEnd, 'ifindex' | 'namespace'>,
  direction: CaptureDirection,
): CapturePoint {
  return { kind: 'arriving', direction, ifindex: end.ifindex, netns: lab.netns(end.namespace) };
}
