/** Pods, services and path policies of a cluster from Kubernetes manifests. */
import { InputError, type Problem } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { type FieldPath, loadYamlDocuments, type YamlFile } from '../input/yaml.ts';
import type { InputFile, Pod, Service } from '../scenario/model.ts';
import type { IsdAs } from '../topology/model.ts';
import { type Manifest, manifestSchema, type PodSpec, wantedNode } from './manifest-schema.ts';
import { readPolicies } from './policy/manifests.ts';
import type { PathPolicy } from './policy/model.ts';

/** A node's pods share a /24 with their gateway. */
const MAX_PODS_PER_NODE = 250;

export interface Manifests {
  /** In the order of their names. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly policies: readonly PathPolicy[];
}

/** A pod as manifests have it, before anybody has found it a node. */
export interface DraftPod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly yaml: YamlFile<Manifest>;
  readonly specPath: FieldPath;
}

/**
 * Reads Pod, Deployment, Service and ScionPathPolicy documents. Pods that ask for no node are dealt to the nodes in turn, in the order of
 * their names; a Deployment's pods are `<name>-1…replicas`.
 *
 * @param nodes names of the cluster's nodes, at least one
 * @param ases those of the topology, for what policies name; unless given, any
 * @throws InputError with every problem in all files, fields that cannot be honoured among them
 */
export function loadManifests(
  files: readonly InputFile[],
  nodes: readonly string[],
  ases?: readonly IsdAs[],
): Manifests {
  const problems: Problem[] = [];
  const documents = readDocuments(files, problems);
  const drafts = draftPods(documents, nodes.length, problems);
  const services = documents.flatMap(({ value }): Service[] =>
    value.kind === 'Service' ? [{ name: value.metadata.name, selector: value.spec.selector }] : [],
  );
  checkNames(documents, drafts, problems);
  checkServices(documents, drafts, problems);
  const policies = readPolicies(documents, drafts, ases, problems);
  const pods = schedule(drafts, nodes, problems);
  if (problems.length > 0) throw new InputError(problems);
  return { pods, services, policies };
}

export function readDocuments(files: readonly InputFile[], problems: Problem[]): YamlFile<Manifest>[] {
  return files.flatMap((file) => read(file, problems));
}

function read(file: InputFile, problems: Problem[]): YamlFile<Manifest>[] {
  try {
    const documents = loadYamlDocuments(file.path, file.text, manifestSchema);
    if (documents.length === 0)
      problems.push({ file: file.path, line: 1, column: 1, field: '', message: 'the file is empty' });
    return documents;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) problems.push(explained(problem));
    return [];
  }
}

/** Kinds of ours that a real cluster has, and a lab does without. */
function explained(problem: Problem): Problem {
  if (problem.field !== 'kind' || !/^is "Scion(Link|ClusterPeer)"$/.test(problem.message)) return problem;
  const why = 'which cannot be honoured: a lab makes the links and peers of its clusters from its topology';
  return { ...problem, message: `${problem.message}, ${why}` };
}

/** @throws InputError for more pods than there are addresses, before they are made: a short file may ask for millions */
export function draftPods(
  documents: readonly YamlFile<Manifest>[],
  nodeCount: number,
  problems: Problem[],
): DraftPod[] {
  const most = MAX_PODS_PER_NODE * nodeCount;
  const drafts: DraftPod[] = [];
  for (const yaml of documents) {
    for (const draft of podsOf(yaml, problems)) drafts.push(draft);
    if (drafts.length <= most) continue;
    const message = `here the cluster comes to ${drafts.length} pods, and its nodes have addresses for ${most}`;
    throw new InputError([...problems, yaml.problem([], message, 'fewer pods, or more nodes')]);
  }
  return drafts;
}

function podsOf(yaml: YamlFile<Manifest>, problems: Problem[]): DraftPod[] {
  const { value } = yaml;
  if (value.kind === 'Service' || value.kind === 'ScionPathPolicy') return [];
  if (value.kind === 'Pod') {
    return [{ name: value.metadata.name, labels: value.metadata.labels, spec: value.spec, yaml, specPath: ['spec'] }];
  }
  const { replicas, selector, template } = value.spec;
  const { labels } = template.metadata;
  if (Object.keys(selector.matchLabels).length === 0) {
    problems.push(yaml.problem(['spec', 'selector', 'matchLabels'], 'selects nothing', 'labels of the template'));
  }
  for (const [key, wanted] of Object.entries(selector.matchLabels)) {
    if (labels[key] === wanted) continue;
    const path = ['spec', 'selector', 'matchLabels', key];
    problems.push(
      yaml.problem(path, 'does not select the pods of the template', `its labels to have ${key}: ${wanted}`),
    );
  }
  return Array.from({ length: replicas }, (_, index) => ({
    name: `${value.metadata.name}-${index + 1}`,
    labels,
    spec: template.spec,
    yaml,
    specPath: ['spec', 'template', 'spec'],
  }));
}

export function checkNames(
  documents: readonly YamlFile<Manifest>[],
  pods: readonly DraftPod[],
  problems: Problem[],
): void {
  const seen = new Set<string>();
  const check = (kind: string, name: string, yaml: YamlFile<Manifest>): void => {
    if (seen.has(`${kind} ${name}`))
      problems.push(yaml.problem(['metadata', 'name'], `there is a ${kind} ${name} already`));
    seen.add(`${kind} ${name}`);
  };
  for (const pod of pods) check('pod', pod.name, pod.yaml);
  for (const yaml of documents) {
    if (yaml.value.kind === 'Service') check('service', yaml.value.metadata.name, yaml);
    if (yaml.value.kind === 'ScionPathPolicy') check('path policy', yaml.value.metadata.name, yaml);
  }
}

/** A service that selects nothing is a mistyped label; one whose pods are in another cluster does not exist here. */
export function checkServices(
  documents: readonly YamlFile<Manifest>[],
  pods: readonly { readonly labels: Readonly<Record<string, string>> }[],
  problems: Problem[],
): void {
  for (const { value, problem } of documents) {
    if (value.kind !== 'Service') continue;
    const wanted = Object.entries(value.spec.selector);
    // Kubernetes takes an empty selector for none.
    const selects = ({ labels }: (typeof pods)[number]) => wanted.every(([key, text]) => labels[key] === text);
    if (wanted.length > 0 && pods.some(selects)) continue;
    problems.push(problem(['spec', 'selector'], `service ${value.metadata.name} selects no pod`, 'labels of a pod'));
  }
}

function schedule(drafts: readonly DraftPod[], nodes: readonly string[], problems: Problem[]): Pod[] {
  const byName = drafts.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const counts = new Map(nodes.map((node) => [node, 0]));
  let turn = 0;
  return byName.map((draft) => {
    const { name, labels, yaml, specPath } = draft;
    const wanted = wantedNode(draft.spec);
    const node = wanted?.node ?? nodes[turn++ % nodes.length]!;
    const count = (counts.get(node) ?? 0) + 1;
    counts.set(node, count);
    if (!nodes.includes(node)) {
      const path = [...specPath, ...(wanted?.field ?? [])];
      problems.push(yaml.problem(path, `the cluster has no node ${node}`, suggestion(node, nodes)));
    } else if (count === MAX_PODS_PER_NODE + 1) {
      const message = `pod ${name} finds no address: node ${node} has ${MAX_PODS_PER_NODE} pods already`;
      problems.push(yaml.problem([], message, 'fewer pods, or more nodes'));
    }
    return { name, labels, node };
  });
}
