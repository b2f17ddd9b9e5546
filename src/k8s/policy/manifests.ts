/** Path policies among a lab's manifests: what a real cluster cannot know is checked against pods and topology. */
import type { Problem } from '../../errors.ts';
import { list, suggestion } from '../../input/nearest.ts';
import type { FieldPath, YamlFile } from '../../input/yaml.ts';
import { isdOf } from '../../scion/isd-as.ts';
import type { IsdAs } from '../../topology/model.ts';
import { toPolicy } from '../crd/path-policy.ts';
import type { Manifest } from '../manifest-schema.ts';
import { type AsPattern, matchesAs } from './as-pattern.ts';
import type { PathPolicy } from './model.ts';
import { type Labels, selects } from './selector.ts';

/** The one namespace that a cluster of a lab has. */
export const LAB_NAMESPACE = 'default';

/**
 * A policy that selects no pod, or names an AS or ISD that the topology does not have, is a mistyped one.
 * @param ases Unless given, ASes and ISDs may be any.
 */
export function readPolicies(
  documents: readonly YamlFile<Manifest>[],
  pods: readonly { readonly labels: Labels }[],
  ases: readonly IsdAs[] | undefined,
  problems: Problem[],
): PathPolicy[] {
  return documents.flatMap(({ value, problem }) => {
    if (value.kind !== 'ScionPathPolicy') return [];
    const policy = toPolicy(LAB_NAMESPACE, value.metadata.name, value.spec);
    if (!pods.some(({ labels }) => selects(policy.podSelector, labels)))
      problems.push(problem(['spec', 'podSelector'], `policy ${policy.name} selects no pod`, 'labels of a pod'));
    if (ases !== undefined) {
      const report = (path: FieldPath, message: string, expected: string) =>
        problems.push(problem(['spec', 'pathConstraints', ...path], message, expected));
      checkNames(policy, ases, report);
    }
    return [policy];
  });
}

function checkNames(
  { destination, constraints, strategy }: PathPolicy,
  ases: readonly IsdAs[],
  report: (path: FieldPath, message: string, expected: string) => void,
): void {
  const isds = [...new Set(ases.map(isdOf))].sort((a, b) => a - b);
  const requireAs = (path: FieldPath, ia: string, found: boolean) => {
    if (!found) report(path, `there is no AS ${ia}`, suggestion(ia, ases));
  };
  if (destination !== undefined) requireAs(['destinationAS'], destination, ases.includes(destination));
  constraints.requireISDs?.forEach((isd, index) => {
    if (!isds.includes(isd)) report(['requireISDs', index], `there is no ISD ${isd}`, `one of ${list(isds)}`);
  });
  const lists: [string, readonly AsPattern[] | undefined][] = [
    ['avoidTransitASes', constraints.avoidTransitASes],
    ['allowTransitASes', constraints.allowTransitASes],
  ];
  for (const [field, patterns] of lists) {
    patterns?.forEach((pattern, index) => {
      const found = ases.some((ia) => matchesAs(pattern, ia));
      requireAs([field, index], pattern.text, found);
    });
  }
  if (strategy.kind !== 'Pinned') return;
  strategy.interfaces.forEach(({ ia }, index) => {
    requireAs(['pinnedPath', index], ia, ases.includes(ia));
  });
}
