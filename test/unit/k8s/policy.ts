/** Policies for tests, as the manifests' schema makes them. */
import { pathPolicySpec, toPolicy } from '../../../src/k8s/crd/path-policy.ts';
import type { PathPolicy } from '../../../src/k8s/policy/model.ts';

/** @param spec as a manifest has it */
export function policy(name: string, spec: object): PathPolicy {
  return toPolicy('default', name, pathPolicySpec.parse({ podSelector: {}, ...spec }));
}

export function constrained(pathConstraints: object, rest: object = {}): PathPolicy {
  return policy('p', { pathConstraints, ...rest });
}
