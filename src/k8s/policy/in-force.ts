/** What a cluster's policies come to: for each, the pods for which it decides and the paths in force. Pure. */
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import { LAB_NAMESPACE } from './manifests.ts';
import type { PathPolicy } from './model.ts';
import { decisive } from './precedence.ts';
import { type PolicyReport, reportOf } from './report.ts';
import type { Labels } from './selector.ts';

export interface PolicyInForce extends PolicyReport {
  readonly name: string;
  /** Pods for which it decides, towards one destination at least. */
  readonly pods: readonly string[];
}

/** In the order of their names. */
export function policiesInForce(
  {
    pods,
    policies,
  }: {
    readonly pods: readonly { readonly name: string; readonly labels: Labels }[];
    readonly policies: readonly PathPolicy[];
  },
  destinations: readonly IsdAs[],
  pathsTo: (ia: IsdAs) => readonly Path[],
): PolicyInForce[] {
  const decides = (policy: PathPolicy, labels: Labels) =>
    destinations.some((ia) => decisive({ namespace: LAB_NAMESPACE, labels }, ia, policies) === policy);
  return policies
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((policy) => ({
      name: policy.name,
      pods: pods.filter(({ labels }) => decides(policy, labels)).map(({ name }) => name),
      ...reportOf(policy, destinations, pathsTo),
    }));
}
