/** What people want of the pods on a planned node: the manifests of its cluster say so, where no API server does. */
import type { ClusterPlan, NodePlan } from '../../emulator/plan.ts';
import type { Intent } from '../agent/desired-state.ts';
import { LAB_NAMESPACE } from '../policy/manifests.ts';

export function plannedIntent({ pods, policies }: ClusterPlan, node: NodePlan): Intent {
  const own = pods.filter((pod) => pod.node === node.name);
  return { pods: own.map(({ address, labels }) => ({ namespace: LAB_NAMESPACE, address, labels })), policies };
}
