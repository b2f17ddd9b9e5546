/**
 * What manifests change in a cluster at work, as `kubectl apply` would: its path policies, and the labels of its pods. The pods
 * themselves are made with the lab, and stay. Pure.
 */
import { CilionError, InputError, type Problem } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import type { YamlFile } from '../input/yaml.ts';
import type { InputFile, Pod } from '../scenario/model.ts';
import type { IsdAs } from '../topology/model.ts';
import { type Manifest, wantedNode } from './manifest-schema.ts';
import { checkNames, checkServices, type DraftPod, draftPods, readDocuments } from './manifests.ts';
import { readPolicies } from './policy/manifests.ts';
import type { PathPolicy } from './policy/model.ts';
import type { Labels } from './policy/selector.ts';

/** What of a cluster can be changed. */
export interface ClusterObjects<P extends Pod = Pod> {
  readonly pods: readonly P[];
  readonly policies: readonly PathPolicy[];
}

/** Whose objects they are. */
export interface ChangedCluster<P extends Pod = Pod> extends ClusterObjects<P> {
  readonly name: string;
  readonly nodes: readonly unknown[];
}

export interface Change {
  readonly kind: 'Pod' | 'ScionPathPolicy';
  readonly name: string;
  /** In kubectl's words. */
  readonly outcome: 'created' | 'configured' | 'unchanged' | 'deleted';
}

export interface Wanted {
  readonly files: readonly InputFile[];
  /** Names of policies that are to go. */
  readonly deleted?: readonly string[];
}

/**
 * The objects as they are to be, and what becomes of each that is named: in the order of the files, pods first, what is
 * deleted at last.
 *
 * @param ases those of the topology, for what policies name
 * @throws InputError with every problem in all files, CilionError (exit code 2) for a policy that cannot be deleted
 */
export function changedBy<P extends Pod>(
  cluster: ChangedCluster<P>,
  { files, deleted = [] }: Wanted,
  ases: readonly IsdAs[],
): { readonly objects: ClusterObjects<P>; readonly changes: readonly Change[] } {
  const problems: Problem[] = [];
  const documents = readDocuments(files, problems);
  const drafts = draftPods(documents, cluster.nodes.length, problems);
  checkNames(documents, drafts, problems);
  for (const yaml of documents) checkPods(yaml, drafts, cluster, problems);
  const labels = new Map(drafts.map((draft) => [draft.name, draft.labels]));
  const pods = cluster.pods.map((pod) => ({ ...pod, labels: labels.get(pod.name) ?? pod.labels }));
  checkServices(documents, pods, problems);
  const applied = readPolicies(documents, pods, ases, problems);
  if (problems.length > 0) throw new InputError(problems);
  checkDeleted(deleted, applied, cluster);
  const byName = new Map([...cluster.policies, ...applied].map((policy) => [policy.name, policy]));
  for (const name of deleted) byName.delete(name);
  return {
    objects: { pods, policies: [...byName.values()] },
    changes: [
      ...drafts.map((draft) => podChange(cluster, draft)),
      ...applied.map((policy) => policyChange(cluster, policy)),
      ...deleted.map((name): Change => ({ kind: 'ScionPathPolicy', name, outcome: 'deleted' })),
    ],
  };
}

/** Pods that the cluster does not have cannot be made, and those that it has can neither be moved nor ended. */
function checkPods(
  yaml: YamlFile<Manifest>,
  all: readonly DraftPod[],
  { name: cluster, pods }: ChangedCluster,
  problems: Problem[],
): void {
  const drafts = all.filter((draft) => draft.yaml === yaml);
  const known = new Map(pods.map((pod) => [pod.name, pod]));
  const missing = drafts.find(({ name }) => !known.has(name));
  const { value } = yaml;
  if (missing !== undefined) {
    const field = missing === drafts[0] ? ['metadata', 'name'] : ['spec', 'replicas'];
    const message = `cluster ${cluster} has no pod ${missing.name}: pods are made when the lab is built`;
    problems.push(yaml.problem(field, message, suggestion(missing.name, known.keys())));
  } else if (value.kind === 'Deployment' && known.has(`${value.metadata.name}-${drafts.length + 1}`)) {
    const message = `pod ${value.metadata.name}-${drafts.length + 1} would have to end: pods stay as long as the lab`;
    problems.push(yaml.problem(['spec', 'replicas'], message, 'as many as when the lab was built'));
  }
  for (const { name, spec, specPath } of drafts) {
    const wanted = wantedNode(spec);
    const node = known.get(name)?.node;
    if (wanted === undefined || node === undefined || wanted.node === node) continue;
    problems.push(
      yaml.problem([...specPath, ...wanted.field], `pod ${name} is on node ${node}, and stays there`, node),
    );
  }
}

function checkDeleted(deleted: readonly string[], applied: readonly PathPolicy[], cluster: ChangedCluster): void {
  const names = cluster.policies.map(({ name }) => name);
  deleted.forEach((name, index) => {
    if (applied.some((policy) => policy.name === name) || deleted.indexOf(name) < index) {
      throw new CilionError(`path policy ${name} is to be deleted, and is named a second time`, { exitCode: 2 });
    }
    if (names.includes(name)) return;
    const hint = names.length === 0 ? 'it has none' : suggestion(name, names);
    throw new CilionError(`cluster ${cluster.name} has no path policy "${name}"`, { exitCode: 2, hint });
  });
}

function podChange({ pods }: ClusterObjects, { name, labels }: DraftPod): Change {
  const before = pods.find((pod) => pod.name === name)?.labels ?? {};
  const inOrder = (each: Labels) => JSON.stringify(Object.entries(each).sort());
  return { kind: 'Pod', name, outcome: inOrder(before) === inOrder(labels) ? 'unchanged' : 'configured' };
}

function policyChange({ policies }: ClusterObjects, policy: PathPolicy): Change {
  const before = policies.find(({ name }) => name === policy.name);
  // Plain data, always written in the same order.
  const same = JSON.stringify(before) === JSON.stringify(policy);
  const outcome = before === undefined ? 'created' : same ? 'unchanged' : 'configured';
  return { kind: 'ScionPathPolicy', name: policy.name, outcome };
}
