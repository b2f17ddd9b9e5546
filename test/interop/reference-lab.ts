/** Labs of a topology with the reference control plane and its routers: no XDP, no workloads. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../src/emulator/lab.ts';
import type { Plan } from '../../src/emulator/plan.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import type { Cluster, Scenario } from '../../src/scenario/model.ts';
import { requireReachability } from '../../src/scenario/reachability.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import {
  type ReferenceControlPlane,
  type ReferenceOptions,
  startReferenceControlPlane,
} from '../../src/scion/reference/control-plane.ts';
import type { IsdAs, Topology } from '../../src/topology/model.ts';
import { cilion } from '../../src/transports/cilion.ts';
import { buildTopology } from '../unit/scion/topologies.ts';

/** As where a topology file names no issuer: the first core AS of the ISD issues everybody's certificates. */
export function withIssuers(topology: Topology): Topology {
  const issuer = (isd: number) => topology.ases.find((as) => as.isd === isd && as.issuing)!.ia;
  const ases = topology.ases.map((as) => (as.issuing ? as : { ...as, certIssuer: issuer(as.isd) }));
  return { ...topology, ases };
}

/** Two core ASes, each the provider of two clusters; the first cluster has a node for either of its interfaces. */
export function twoWays(): { readonly topology: Topology; readonly clusters: readonly Cluster[] } {
  const cores = ['1-ff00:0:110', '1-ff00:0:120'];
  const links = cores.flatMap((core, way) => [
    ['child', `${core}#1`, `1-ff00:0:111#${way + 1}`] as const,
    ['child', `${core}#2`, `1-ff00:0:112#${way + 1}`] as const,
  ]);
  const topology = withIssuers(buildTopology('two-ways', cores, links));
  const cluster = (name: string, ia: string, nodes: readonly (readonly number[])[]): Cluster => ({
    name,
    ia: parseIsdAs(ia),
    nodes: nodes.map((interfaces, index) => ({ name: `n${index + 1}`, interfaces })),
    pods: [],
    services: [],
    policies: [],
  });
  return { topology, clusters: [cluster('a', '1-ff00:0:111', [[1], [2]]), cluster('b', '1-ff00:0:112', [[1, 2]])] };
}

/** A scenario in which nothing happens. */
export function idleScenario(topology: Topology, clusters: readonly Cluster[] = []): Scenario {
  return {
    name: topology.name,
    title: topology.name,
    question: '',
    source: topology.source,
    inputs: [],
    topology,
    controlPlane: 'computed',
    referenceRouters: [],
    clusters,
    transports: [],
    bgp: { holdSeconds: 240, bfd: false },
    workloads: [],
    timeline: [],
    captures: [],
    assertions: [],
    durationNs: 1e9,
    repeat: 1,
    seed: 7,
  };
}

export interface ReferenceLab {
  readonly lab: Lab;
  readonly plan: Plan;
  readonly control: ReferenceControlPlane;
  /** performance.now() when the services were asked for: namespaces, links and BGP sessions are there. */
  readonly begun: number;
}

/** Builds a lab, runs `body` in it, and takes everything down whatever happens. */
export async function withReferenceLab(
  topology: Topology,
  clusters: readonly Cluster[],
  body: (lab: ReferenceLab) => Promise<void>,
  options: Omit<ReferenceOptions, 'topology'> = {},
): Promise<void> {
  const scenario = idleScenario(topology, clusters);
  const plan = planLab(scenario);
  const { signal } = new AbortController();
  const lab = await Lab.build(plan, { topology, detached: false, signal });
  const folder = mkdtempSync(join(tmpdir(), 'cilion-reference-'));
  try {
    const begun = performance.now();
    const control = await startReferenceControlPlane(lab, plan, folder, { ...options, topology });
    try {
      await body({ lab, plan, control, begun });
    } finally {
      await control.stop();
    }
  } finally {
    await lab.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A cluster of one node, at which these interfaces end, with one pod. */
export function oneNode(name: string, ia: IsdAs, interfaces: readonly number[]): Cluster {
  const pod = { name: 'host', labels: {}, node: 'n1' };
  return { name, ia, nodes: [{ name: 'n1', interfaces }], pods: [pod], services: [], policies: [] };
}

/**
 * Builds a lab on the reference control plane, attaches CilION, and runs `body` once every cluster reaches every other;
 * takes everything down whatever happens. No process may end meanwhile.
 */
export async function withCilionLab(
  scenario: Omit<Scenario, 'controlPlane'>,
  body: (lab: Lab, isWhole: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { topology } = scenario;
  const { signal } = new AbortController();
  const plan = planLab({ ...scenario, controlPlane: 'reference' });
  const lab = await Lab.build(plan, { topology, detached: false, signal });
  try {
    await lab.bgp.converge(signal);
    await lab.learnPaths();
    const attached = await cilion.attach(lab);
    const isWhole = () => requireReachability(lab, cilion, attached, signal);
    await isWhole();
    await body(lab, isWhole);
    attached.release();
    await attached.detach();
    assert.deepEqual(lab.reference?.crashes, []);
    assert.deepEqual(lab.watch.endings, []);
  } finally {
    await lab.destroy();
  }
}
