/** Loads a scenario with everything it refers to, and resolves every name in it. */
import { InputError } from '../errors.ts';
import { Collector } from '../input/collector.ts';
import { readText } from '../input/read-text.ts';
import { loadYaml } from '../input/yaml.ts';
import { parseTopology } from '../topology/load.ts';
import type { Topology } from '../topology/model.ts';
import { isReachable } from '../topology/reachable.ts';
import { buildAssertions } from './load/assertions.ts';
import { buildCaptures, findObservedLink } from './load/captures.ts';
import { buildClusters, readApplied, readManifests } from './load/clusters.ts';
import { buildReferenceRouters } from './load/control-plane.ts';
import { readReferred } from './load/referred-file.ts';
import { checkReplays } from './load/replays.ts';
import { attackers, attacks, buildTimeline } from './load/timeline.ts';
import { buildWorkloads } from './load/workloads.ts';
import type { BgpSettings, Cluster, InputFile, Scenario } from './model.ts';
import { type ScenarioInput, scenarioSchema } from './schema.ts';

/**
 * Reads the scenario, its topology and its manifests (paths in it are relative to it).
 *
 * @throws InputError with every problem found: first those of form, then those of meaning
 */
export async function loadScenario(path: string): Promise<Scenario> {
  const scenarioFile = { path, text: await readText(path) };
  const yaml = loadYaml(path, scenarioFile.text, scenarioSchema);
  const collector = new Collector(yaml);
  const topology = await readTopology(yaml.value.topology, path, collector);
  const manifests = await readManifests(yaml.value.clusters, path, collector);
  const applied = await readApplied(yaml.value.timeline, path, collector);
  // Whatever refers to a file that cannot be read would only repeat its fault.
  if (topology === undefined) throw new InputError(collector.problems);
  collector.throwIfAny();
  const scenario = assemble(path, yaml.value, topology, { manifests, applied }, collector);
  collector.throwIfAny();
  const inputs = [scenarioFile, topology.file, ...manifests.flat(), ...applied.flat()];
  return {
    ...scenario,
    inputs: inputs.filter((file, index) => inputs.findIndex((o) => o.path === file.path) === index),
  };
}

/** Ours, and scionproto's. */
const TOPOLOGY_FILES: readonly string[] = ['.yaml', '.yml', '.topo'];

interface ReadTopology {
  readonly topology: Topology;
  readonly notes: readonly string[];
  readonly file: InputFile;
}

async function readTopology(
  name: string,
  scenarioFile: string,
  collector: Collector,
): Promise<ReadTopology | undefined> {
  const file = await readReferred(name, scenarioFile, TOPOLOGY_FILES, ['topology'], collector);
  if (file === undefined) return undefined;
  try {
    return { ...parseTopology(file.path, file.text), file };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    collector.addAll(error.problems);
    return undefined;
  }
}

interface ReadManifests {
  /** By cluster. */
  readonly manifests: readonly (readonly InputFile[])[];
  /** By event. */
  readonly applied: readonly (readonly InputFile[])[];
}

function assemble(
  source: string,
  input: ScenarioInput,
  { topology, notes }: ReadTopology,
  { manifests, applied }: ReadManifests,
  collector: Collector,
): Omit<Scenario, 'inputs'> {
  const { name, title, question, controlPlane, transports, repeat, seed, duration: durationNs } = input;
  transports.forEach((transport, index) => {
    if (transports.indexOf(transport) < index)
      collector.report(['transports', index], `${transport} stands there twice`);
  });
  if (durationNs === 0) collector.report(['duration'], 'leaves no time to measure', 'a duration such as 10s');
  const endNs = durationNs === 0 ? Infinity : durationNs;
  const bgp = readBgp(input, collector);
  const before = collector.problems.length;
  const clusters = buildClusters(input.clusters, manifests, topology, collector);
  // Whatever refers to a cluster that is at fault would only repeat its fault.
  if (collector.problems.length > before) collector.throwIfAny();
  checkReachable(clusters, topology, collector);
  const referenceRouters = buildReferenceRouters(input, topology, clusters, collector);
  const workloads = buildWorkloads(input.workloads, clusters, collector);
  const timeline = buildTimeline(input.timeline, endNs, { topology, clusters, applied, collector });
  const captures = buildCaptures(input, attackers(timeline), { topology, clusters, collector });
  checkReplays(input.timeline, { topology, clusters, captures, collector });
  const assertions = buildAssertions(
    input.assertions,
    {
      durationNs: endNs,
      transports,
      // As written, sound or not: an assertion is not wrong because what it measures is.
      workloads: input.workloads,
      observed: input.observe !== undefined || input.timeline.some(attacks),
      diverts: input.timeline.some(attacks),
      replays: input.timeline.some(({ event }) => event === 'scion.replay'),
      observedLink: (text) => findObservedLink(text, captures, topology, clusters),
      recovers: input.timeline.some(({ event }) => event === 'bgp.withdraw' || event === 'link.restore'),
    },
    collector,
  );
  return {
    ...{ name, title, question, source, topology, notes, controlPlane, referenceRouters, clusters, transports, bgp },
    ...{ workloads, timeline, captures, assertions, durationNs, repeat, seed },
  };
}

/** RFC 4271 section 4.2: the hold time is sent in whole seconds; zero or at least three. */
function readBgp({ bgp }: ScenarioInput, collector: Collector): BgpSettings {
  const holdSeconds = bgp.hold / 1e9;
  if (!Number.isInteger(holdSeconds) || holdSeconds < 3 || holdSeconds > 65_535) {
    collector.report(['bgp', 'hold'], 'is no hold time of BGP', 'whole seconds from 3s');
  }
  return { holdSeconds, bfd: bgp.bfd };
}

function checkReachable(clusters: readonly Cluster[], topology: Topology, collector: Collector): void {
  clusters.forEach((cluster, index) => {
    for (const other of clusters.slice(0, index)) {
      if (isReachable(topology, other.ia, cluster.ia)) continue;
      const message = `no path up, across and down leads from cluster ${other.name} to cluster ${cluster.name}`;
      collector.report(['clusters', index, 'as'], message, 'core or peering links between them');
    }
  });
}
