/** A lab of two kind clusters, `a` and `b`, with a control plane and a worker each. */
import { mkdirSync, readFileSync } from 'node:fs';
import { Lab } from '../../src/emulator/lab.ts';
import { FIRST_IFINDEX_BESIDE_OTHERS, planLab } from '../../src/emulator/plan-lab.ts';
import { ApiClient } from '../../src/k8s/api/client.ts';
import { namespacesOf, type RunningCluster } from '../../src/k8s/clusters/backend.ts';
import { kind } from '../../src/k8s/clusters/kind.ts';
import type { Cluster, ControlPlaneKind, Scenario } from '../../src/scenario/model.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { parseTopology } from '../../src/topology/load.ts';
import { ROUTERS_PINS } from '../../src/transports/cilion.ts';
import { TransitRouters } from '../../src/transports/cilion-routers.ts';

const TOPOLOGY = 'test/kind-clusters/two-ways.yaml';

export const never = new AbortController().signal;

export interface KindLab {
  readonly lab: Lab;
  readonly clusters: readonly RunningCluster[];
  /** Of the clusters' administrators, in their order. */
  readonly clients: readonly ApiClient[];
}

export interface KindLabOptions {
  /** Default `computed`. */
  readonly controlPlane?: ControlPlaneKind;
  /** Default: a worker each, which then ends two of three uplinks. */
  readonly workers?: boolean;
}

export function scenario({ controlPlane = 'computed', workers = true }: KindLabOptions = {}): Scenario {
  const { topology } = parseTopology(TOPOLOGY, readFileSync(TOPOLOGY, 'utf8'));
  return {
    ...{ name: 'two-ways', title: '', question: '', source: TOPOLOGY, inputs: [], topology },
    controlPlane,
    referenceRouters: [],
    clusters: [cluster('a', '1-ff00:0:111', workers), cluster('b', '1-ff00:0:112', workers)],
    transports: ['cilion'],
    bgp: { holdSeconds: 90, bfd: false },
    ...{ workloads: [], timeline: [], captures: [], assertions: [], durationNs: 0, repeat: 1, seed: 1 },
  };
}

function cluster(name: string, as: string, workers: boolean): Cluster {
  const both = [
    { name: `${name}1`, interfaces: [3] },
    { name: `${name}2`, interfaces: [1, 2] },
  ];
  const nodes = workers ? both : [{ name: `${name}1`, interfaces: [1, 2, 3] }];
  return { name, ia: parseIsdAs(as), nodes, pods: [], services: [], policies: [] };
}

/** With border routers in every transit AS; nothing carries pods' packets yet but plain IP. */
export async function buildKindLab(
  progress: (message: string) => void,
  options: KindLabOptions = {},
): Promise<KindLab> {
  const planned = scenario(options);
  const { topology } = planned;
  const plan = planLab(planned, FIRST_IFINDEX_BESIDE_OTHERS);
  let clusters: readonly RunningCluster[] = [];
  const lab = await Lab.build(plan, {
    topology,
    detached: false,
    signal: never,
    clusters: async (directory, journal) => {
      clusters = await kind.create(plan.clusters, { directory, journal, signal: never, progress });
      return namespacesOf(clusters);
    },
  });
  try {
    const pins = lab.directory.path('bpf', ROUTERS_PINS);
    mkdirSync(pins);
    new TransitRouters(lab, pins).attach();
    return { lab, clusters, clients: clusters.map(({ kubernetes }) => new ApiClient(kubernetes!.access)) };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}
