/** A scenario's lab with its clusters, whatever they are made of. */
import { type BuildOptions, Lab } from '../../emulator/lab.ts';
import { planLab } from '../../emulator/plan-lab.ts';
import type { ClusterBackendName, Scenario } from '../../scenario/model.ts';
import { type ClusterBackend, namespacesOf, type RunningCluster } from './backend.ts';
import { kind } from './kind.ts';
import { netns } from './netns.ts';

const BACKENDS: Readonly<Record<ClusterBackendName, ClusterBackend>> = { netns, kind };

const running = new WeakMap<Lab, readonly RunningCluster[]>();

export interface LabOptions extends Omit<BuildOptions, 'topology' | 'clusters'> {
  /** Told what is being done, as a sentence. */
  readonly progress: (message: string) => void;
}

/** @throws CilionError (exit code 2) before anything is made, where the machine lacks what the clusters need; LabError */
export async function buildLab(scenario: Scenario, { progress, ...options }: LabOptions): Promise<Lab> {
  const { topology, backend: name = 'netns' } = scenario;
  const backend = BACKENDS[name];
  await backend.require?.();
  const plan = planLab(scenario, backend.firstIfindex);
  const manifests = new Map(scenario.clusters.map((cluster) => [cluster.name, cluster.manifests ?? []]));
  const { signal } = options;
  let clusters: readonly RunningCluster[] = [];
  const lab = await Lab.build(plan, {
    ...options,
    topology,
    clusters: async (directory, journal) => {
      clusters = await backend.create(plan.clusters, { directory, journal, signal, progress, manifests });
      return namespacesOf(clusters);
    },
  });
  running.set(lab, clusters);
  return lab;
}

/** Those with an API server; none in a lab of namespaces. */
export function realClustersOf(lab: Lab): readonly RunningCluster[] {
  return (running.get(lab) ?? []).filter(({ kubernetes }) => kubernetes !== undefined);
}
