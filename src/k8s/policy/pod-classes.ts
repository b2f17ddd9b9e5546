/** Pods for which the same policies decide, towards every destination: the dataplane knows them by one number. Pure. */
import type { IsdAs } from '../../topology/model.ts';
import type { PathPolicy } from './model.ts';
import { decisive, type SelectedPod } from './precedence.ts';

export type { SelectedPod };

export interface PodClass<P extends SelectedPod = SelectedPod> {
  /** The same for the same policies by name, and never empty. */
  readonly key: string;
  /** By destination; what is missing has no policy. */
  readonly decisive: ReadonlyMap<IsdAs, PathPolicy>;
  readonly pods: readonly P[];
}

/** In the order in which their first pods stand; pods that no policy decides for are in none. */
export function podClasses<P extends SelectedPod>(
  pods: readonly P[],
  destinations: readonly IsdAs[],
  policies: readonly PathPolicy[],
): PodClass<P>[] {
  const classes = new Map<string, { decisive: ReadonlyMap<IsdAs, PathPolicy>; pods: P[] }>();
  const known = new Map<string, ReadonlyMap<IsdAs, PathPolicy>>();
  for (const pod of pods) {
    // Thousands of pods have a few dozen sets of labels.
    const alike = JSON.stringify([pod.namespace, Object.entries(pod.labels).sort()]);
    const found = known.get(alike) ?? decisions(pod, destinations, policies);
    known.set(alike, found);
    if (found.size === 0) continue;
    const key = destinations.map((ia) => nameOf(found.get(ia))).join(' ');
    const members = classes.get(key) ?? { decisive: found, pods: [] };
    members.pods.push(pod);
    classes.set(key, members);
  }
  return [...classes].map(([key, members]) => ({ key, ...members }));
}

function decisions(
  pod: SelectedPod,
  destinations: readonly IsdAs[],
  policies: readonly PathPolicy[],
): ReadonlyMap<IsdAs, PathPolicy> {
  const pairs = destinations.map((ia) => [ia, decisive(pod, ia, policies)] as const);
  return new Map(pairs.flatMap(([ia, policy]) => (policy === undefined ? [] : [[ia, policy] as const])));
}

function nameOf(policy: PathPolicy | undefined): string {
  return policy === undefined ? '-' : `${policy.namespace}/${policy.name}`;
}
