/** Clusters: which AS each one is, and which node ends which of its interfaces. */
import { normalize } from 'node:path';
import { InputError } from '../../errors.ts';
import type { Collector } from '../../input/collector.ts';
import { list, oneOf } from '../../input/nearest.ts';
import type { FieldPath } from '../../input/yaml.ts';
import { loadManifests, type Manifests } from '../../k8s/manifests.ts';
import { asPrefixes, maxNodes } from '../../topology/as-prefixes.ts';
import { formatPrefix } from '../../topology/ipv4.ts';
import { allLinks, type IsdAs, type Topology } from '../../topology/model.ts';
import type { Cluster, ClusterNode, InputFile } from '../model.ts';
import type { ClusterInput, EventInput } from '../schema.ts';
import { MAX_ENTRIES, within } from './limits.ts';
import { findAs } from './references.ts';
import { readReferred } from './referred-file.ts';

/** JSON is YAML, and what `kubectl get -o json` prints. */
const MANIFESTS = ['.yaml', '.yml', '.json'];

/** Reads the manifests of all clusters; each problem, in whichever file, goes to the collector. */
export async function readManifests(
  inputs: readonly ClusterInput[],
  scenarioFile: string,
  collector: Collector,
): Promise<InputFile[][]> {
  const files: InputFile[][] = [];
  for (const input of within(inputs, MAX_ENTRIES.clusters, ['clusters'], collector)) {
    files.push(await readFiles(input.manifests, scenarioFile, ['clusters', files.length, 'manifests'], collector));
  }
  return files;
}

/** Reads the manifests of the timeline's `apply` events, by their place in it. */
export async function readApplied(
  inputs: readonly EventInput[],
  scenarioFile: string,
  collector: Collector,
): Promise<InputFile[][]> {
  const files: InputFile[][] = [];
  for (const input of within(inputs, MAX_ENTRIES.timeline, ['timeline'], collector)) {
    const names = input.event === 'apply' ? input.manifests : [];
    files.push(await readFiles(names, scenarioFile, ['timeline', files.length, 'manifests'], collector));
  }
  return files;
}

async function readFiles(
  manifests: readonly string[],
  scenarioFile: string,
  field: FieldPath,
  collector: Collector,
): Promise<InputFile[]> {
  const names = within(manifests, MAX_ENTRIES.manifests, field, collector);
  const paths = names.map((name) => normalize(name));
  const reading = names.map(async (name, position) => {
    const place = [...field, position];
    if (paths.indexOf(normalize(name)) < position) {
      collector.report(place, `${name} stands there twice`);
      return undefined;
    }
    return readReferred(name, scenarioFile, MANIFESTS, place, collector);
  });
  return (await Promise.all(reading)).filter((file) => file !== undefined);
}

/** Clusters that are at fault are reported and left out. */
export function buildClusters(
  inputs: readonly ClusterInput[],
  manifests: readonly (readonly InputFile[])[],
  topology: Topology,
  collector: Collector,
): Cluster[] {
  const clusters: Cluster[] = [];
  const prefixes = asPrefixes(topology.ases);
  inputs.forEach((input, index) => {
    const path = ['clusters', index];
    const ia = collector.attempt([...path, 'as'], () => findAs(input.as, topology));
    if (ia === undefined) return;
    const before = collector.problems.length;
    checkPlace(input, ia, topology, clusters, path, collector);
    const nodes = buildNodes(input, interfacesOf(ia, topology), path, collector);
    const prefix = prefixes.get(ia);
    if (prefix !== undefined && nodes.length > maxNodes(prefix)) {
      const message = `${nodes.length} nodes are too many for the AS's prefix ${formatPrefix(prefix)}`;
      collector.report([...path, 'nodes'], message, `at most ${maxNodes(prefix)}`);
    }
    const ases = topology.ases.map((as) => as.ia);
    const files = manifests[index] ?? [];
    const { pods, services, policies } = readPods(files, nodes, ases, collector);
    for (const pod of pods) {
      if (!nodes.some((node) => node.name === pod.name)) continue;
      collector.report([...path, 'nodes'], `"${pod.name}" names a node and a pod`, 'names that tell them apart');
    }
    if (collector.problems.length > before) return;
    clusters.push({ name: input.name, ia, nodes, pods, services, policies, manifests: files });
  });
  checkNamesTogether(inputs, clusters, collector);
  return clusters;
}

/** In a lab, a node or pod is called `<cluster>-<name>`: node c of cluster a-b and node b-c of cluster a are one name. */
function checkNamesTogether(inputs: readonly ClusterInput[], clusters: readonly Cluster[], collector: Collector): void {
  const owners = new Map<string, string>();
  for (const { name: cluster, nodes, pods } of clusters) {
    for (const { name } of [...nodes, ...pods]) {
      const together = `${cluster}-${name}`;
      const owner = owners.get(together);
      if (owner !== undefined) {
        const index = inputs.findIndex((input) => input.name === cluster);
        const message = `${cluster}/${name} and ${owner} would both be called ${together} in the lab`;
        collector.report(['clusters', index, 'name'], message, 'another name');
      }
      owners.set(together, `${cluster}/${name}`);
    }
  }
}

function checkPlace(
  input: ClusterInput,
  ia: IsdAs,
  topology: Topology,
  earlier: readonly Cluster[],
  path: FieldPath,
  collector: Collector,
): void {
  const core = topology.ases.some((as) => as.ia === ia && as.core);
  const provides = allLinks(topology).some((link) => link.kind === 'child' && link.a.ia === ia);
  if (core || provides) {
    const why = core ? 'is a core AS' : 'has child ASes';
    collector.report([...path, 'as'], `${ia} ${why}, so it carries transit traffic`, 'an AS at the edge');
  }
  for (const other of earlier) {
    if (other.name === input.name) collector.report([...path, 'name'], `there is a cluster "${input.name}" already`);
    if (other.ia === ia)
      collector.report([...path, 'as'], `cluster ${other.name} is in ${ia} already`, 'one cluster an AS');
  }
}

function interfacesOf(ia: IsdAs, topology: Topology): number[] {
  const ends = allLinks(topology).flatMap((link) => [link.a, link.b]);
  return ends.flatMap((end) => (end.ia === ia ? [end.ifid] : [])).sort((a, b) => a - b);
}

function buildNodes(
  input: ClusterInput,
  interfaces: readonly number[],
  path: FieldPath,
  collector: Collector,
): ClusterNode[] {
  const { nodes, name } = input;
  if (typeof nodes !== 'number') {
    checkNodes(nodes, interfaces, path, collector);
    return nodes;
  }
  if (nodes > interfaces.length) {
    const message = `${nodes} nodes need an interface each, and the AS has ${interfaces.length}`;
    collector.report([...path, 'nodes'], message, `at most ${interfaces.length}`);
  }
  return Array.from({ length: nodes }, (_, node) => ({
    name: `${name}${node + 1}`,
    interfaces: interfaces.filter((_ifid, index) => index % nodes === node),
  }));
}

function checkNodes(
  nodes: readonly ClusterNode[],
  interfaces: readonly number[],
  path: FieldPath,
  collector: Collector,
): void {
  const names = new Set<string>();
  const owners = new Map<number, string>();
  const known = new Set(interfaces);
  nodes.forEach((node, index) => {
    const at = [...path, 'nodes', index];
    if (names.has(node.name)) collector.report([...at, 'name'], `there is a node "${node.name}" already`);
    names.add(node.name);
    node.interfaces.forEach((ifid, position) => {
      const where = [...at, 'interfaces', position];
      const owner = owners.get(ifid);
      if (!known.has(ifid)) {
        collector.report(where, `the AS has no interface ${ifid}`, oneOf(interfaces));
      } else if (owner !== undefined) {
        collector.report(where, `interface ${ifid} ends at node ${owner} already`, 'each interface at one node');
      }
      owners.set(ifid, node.name);
    });
  });
  const idle = interfaces.filter((ifid) => !owners.has(ifid));
  if (idle.length > 0) collector.report([...path, 'nodes'], `no node ends interface ${list(idle)}`, 'all of them');
}

function readPods(
  files: readonly InputFile[],
  nodes: readonly ClusterNode[],
  ases: readonly IsdAs[],
  collector: Collector,
): Manifests {
  try {
    return loadManifests(
      files,
      nodes.map(({ name }) => name),
      ases,
    );
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    collector.addAll(error.problems);
    return { pods: [], services: [], policies: [] };
  }
}
