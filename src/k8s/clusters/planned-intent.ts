/** What people want of the pods on a planned node: the manifests of its cluster say so, where no API server does. */
import type { ClusterPlan, NodePlan } from '../../emulator/plan.ts';
import type { Intent } from '../agent/desired-state.ts';
import type { ClusterObjects } from '../changes.ts';
import { LAB_NAMESPACE } from '../policy/manifests.ts';

/** @param objects What is in force; as the lab was built, unless given. */
export function plannedIntent(cluster: ClusterPlan, node: NodePlan, objects: ClusterObjects = cluster): Intent {
  const labels = new Map(objects.pods.map((pod) => [pod.name, pod.labels]));
  const own = cluster.pods.filter((pod) => pod.node === node.name);
  const pods = own.map(({ name, address }) => ({ namespace: LAB_NAMESPACE, address, labels: labels.get(name) ?? {} }));
  return { pods, policies: objects.policies };
}
