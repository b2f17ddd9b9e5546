/** Pods for which the same policies decide, towards every destination: the dataplane knows them by one number. */
import type { IsdAs } from '../../topology/model.ts';
import type { PathPolicy } from './model.ts';
import { decisive, type SelectedPod } from './precedence.ts';
import { selects } from './selector.ts';

export type { SelectedPod };

export interface PodClass<P extends SelectedPod = SelectedPod> {
  /** The same for the same policies by name, and never empty. */
  readonly key: string;
  /** By destination; what is missing has no policy. */
  readonly decisive: ReadonlyMap<IsdAs, PathPolicy>;
  readonly pods: readonly P[];
}

type Decided = Pick<PodClass, 'key' | 'decisive'>;

/** What was decided for pods before, each an object that never changes. It holds while policies and destinations do. */
export class DecidedPods {
  #destinations: readonly IsdAs[] = [];
  #policies: readonly PathPolicy[] = [];
  #known = new WeakMap<SelectedPod, Decided>();

  of(
    pods: readonly SelectedPod[],
    destinations: readonly IsdAs[],
    policies: readonly PathPolicy[],
  ): WeakMap<SelectedPod, Decided> {
    if (!same(destinations, this.#destinations) || !same(policies, this.#policies)) this.#known = new WeakMap();
    this.#destinations = destinations;
    this.#policies = policies;
    const unknown = pods.filter((pod) => !this.#known.has(pod));
    if (unknown.length > 0) this.#decide(unknown);
    return this.#known;
  }

  #decide(pods: readonly SelectedPod[]): void {
    const asked = askedBy(this.#policies);
    const alike = new Map<string, Decided>();
    for (const pod of pods) {
      const labels = labelsOf(pod, asked);
      const decided = alike.get(labels) ?? decide(pod, this.#destinations, this.#policies);
      alike.set(labels, decided);
      this.#known.set(pod, decided);
    }
  }
}

/**
 * In the order in which their first pods stand; pods that no policy decides for are in none.
 * @param before Of the calls before.
 */
export function podClasses<P extends SelectedPod>(
  pods: readonly P[],
  destinations: readonly IsdAs[],
  policies: readonly PathPolicy[],
  before = new DecidedPods(),
): PodClass<P>[] {
  const known = before.of(pods, destinations, policies);
  const classes = new Map<string, Decided & { pods: P[] }>();
  for (const pod of pods) {
    const decided = known.get(pod);
    if (decided === undefined || decided.decisive.size === 0) continue;
    const members = classes.get(decided.key);
    if (members === undefined) classes.set(decided.key, { ...decided, pods: [pod] });
    else members.pods.push(pod);
  }
  return [...classes.values()];
}

/** Thousands of pods have a few dozen sets of the labels that policies ask for. */
function labelsOf({ namespace, labels }: SelectedPod, asked: readonly string[]): string {
  return JSON.stringify([namespace, asked.map((name) => (Object.hasOwn(labels, name) ? labels[name] : null))]);
}

function askedBy(policies: readonly PathPolicy[]): string[] {
  const all = policies.flatMap(({ podSelector: { matchLabels = {}, matchExpressions = [] } }) => [
    ...Object.keys(matchLabels),
    ...matchExpressions.map(({ key }) => key),
  ]);
  return [...new Set(all)];
}

function decide(pod: SelectedPod, destinations: readonly IsdAs[], policies: readonly PathPolicy[]): Decided {
  // What does not select the pod needs no look for each destination.
  const own = policies.filter((each) => each.namespace === pod.namespace && selects(each.podSelector, pod.labels));
  const found = destinations.map((ia) => [ia, decisive(pod, ia, own)] as const);
  return {
    key: found.map(([, policy]) => nameOf(policy)).join(' '),
    decisive: new Map(found.flatMap(([ia, policy]) => (policy === undefined ? [] : [[ia, policy] as const]))),
  };
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function nameOf(policy: PathPolicy | undefined): string {
  return policy === undefined ? '-' : `${policy.namespace}/${policy.name}`;
}
