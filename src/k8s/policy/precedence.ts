/**
 * Which policy decides for a pod and a destination, when several select it. One decides, whole; policies are not mixed.
 *
 *   1. the higher priority;
 *   2. then the one that names the destination, before one for every destination;
 *   3. then the one whose selector asks for more labels;
 *   4. then the first by name.
 */
import type { IsdAs } from '../../topology/model.ts';
import type { PathPolicy } from './model.ts';
import { type Labels, requirements, selects } from './selector.ts';

export interface SelectedPod {
  readonly namespace: string;
  readonly labels: Labels;
}

/** All policies for the pod and the destination, the one that decides first. */
export function candidates(pod: SelectedPod, destination: IsdAs, policies: readonly PathPolicy[]): PathPolicy[] {
  return policies
    .filter((policy) => policy.namespace === pod.namespace && selects(policy.podSelector, pod.labels))
    .filter((policy) => policy.destination === undefined || policy.destination === destination)
    .toSorted(byPrecedence);
}

/** Undefined where no policy is for the pod and the destination. */
export function decisive(
  pod: SelectedPod,
  destination: IsdAs,
  policies: readonly PathPolicy[],
): PathPolicy | undefined {
  return candidates(pod, destination, policies)[0];
}

function byPrecedence(a: PathPolicy, b: PathPolicy): number {
  return (
    b.priority - a.priority ||
    Number(b.destination !== undefined) - Number(a.destination !== undefined) ||
    requirements(b.podSelector) - requirements(a.podSelector) ||
    (a.name < b.name ? -1 : 1)
  );
}
