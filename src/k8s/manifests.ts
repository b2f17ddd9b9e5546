/** Pods and services of a cluster from ordinary Kubernetes manifests. */
import { InputError, type Problem } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { type FieldPath, loadYamlDocuments, type YamlFile } from '../input/yaml.ts';
import type { InputFile, Pod, Service } from '../scenario/model.ts';
import { type Manifest, manifestSchema, type PodSpec, wantedNode } from './manifest-schema.ts';

export interface Manifests {
  /** In the order of their names. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
}

interface DraftPod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly yaml: YamlFile<Manifest>;
  readonly specPath: FieldPath;
}

/**
 * Reads Pod, Deployment and Service documents. Pods that ask for no node are dealt to the nodes in turn, in the order of
 * their names; a Deployment's pods are `<name>-1…replicas`.
 *
 * @param nodes names of the cluster's nodes, at least one
 * @throws InputError with every problem in all files, fields that cannot be honoured among them
 */
export function loadManifests(files: readonly InputFile[], nodes: readonly string[]): Manifests {
  const problems: Problem[] = [];
  const documents = files.flatMap((file) => read(file, problems));
  const drafts = documents.flatMap((yaml) => podsOf(yaml, problems));
  const services = documents.flatMap(({ value }): Service[] =>
    value.kind === 'Service' ? [{ name: value.metadata.name, selector: value.spec.selector }] : [],
  );
  checkNames(documents, drafts, problems);
  const pods = schedule(drafts, nodes, problems);
  if (problems.length > 0) throw new InputError(problems);
  return { pods, services };
}

function read(file: InputFile, problems: Problem[]): YamlFile<Manifest>[] {
  try {
    return loadYamlDocuments(file.path, file.text, manifestSchema);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(...error.problems);
    return [];
  }
}

function podsOf(yaml: YamlFile<Manifest>, problems: Problem[]): DraftPod[] {
  const { value } = yaml;
  if (value.kind === 'Service') return [];
  if (value.kind === 'Pod') {
    return [{ name: value.metadata.name, labels: value.metadata.labels, spec: value.spec, yaml, specPath: ['spec'] }];
  }
  const { replicas, selector, template } = value.spec;
  const { labels } = template.metadata;
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

function checkNames(documents: readonly YamlFile<Manifest>[], pods: readonly DraftPod[], problems: Problem[]): void {
  const seen = new Set<string>();
  const check = (kind: string, name: string, yaml: YamlFile<Manifest>): void => {
    if (seen.has(`${kind} ${name}`))
      problems.push(yaml.problem(['metadata', 'name'], `there is a ${kind} ${name} already`));
    seen.add(`${kind} ${name}`);
  };
  for (const pod of pods) check('pod', pod.name, pod.yaml);
  for (const yaml of documents) {
    if (yaml.value.kind === 'Service') check('service', yaml.value.metadata.name, yaml);
  }
}

function schedule(drafts: readonly DraftPod[], nodes: readonly string[], problems: Problem[]): Pod[] {
  const byName = drafts.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  let turn = 0;
  return byName.map(({ name, labels, spec, yaml, specPath }) => {
    const wanted = wantedNode(spec);
    if (wanted === undefined) return { name, labels, node: nodes[turn++ % nodes.length]! };
    if (!nodes.includes(wanted.node)) {
      const path = [...specPath, ...wanted.field];
      problems.push(yaml.problem(path, `the cluster has no node ${wanted.node}`, suggestion(wanted.node, nodes)));
    }
    return { name, labels, node: wanted.node };
  });
}
