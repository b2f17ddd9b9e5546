/** What holds for every topology, every scenario on it and every file, not only for those that somebody thought of. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Plan } from '../../src/emulator/plan.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { CilionError } from '../../src/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/model.ts';
import { contains, overlaps, parseIpv4, parsePrefix } from '../../src/topology/ipv4.ts';
import { loadTopology, parseTopology } from '../../src/topology/load.ts';
import { allLinks, type Topology } from '../../src/topology/model.ts';
import { printTopology } from '../../src/topology/print.ts';
import { BASE } from '../fixtures/bad-input/read-cases.ts';
import { arbitraryTopology, printTopo } from '../fixtures/topology/arbitrary.ts';

/** What a property may take, ms; on a slow machine it is tried less often, but so often at least. */
const MAX_MS = 3000;
const MIN_RUNS = 10;

/**
 * A property of all `values`, tried on `numRuns` of them. A failure names its seed, which CILION_FUZZ_SEED runs again; every
 * run without it has a seed of its own.
 */
async function holds<T>(
  values: fc.Arbitrary<T>,
  numRuns: number,
  body: (value: T) => void | Promise<void>,
): Promise<void> {
  const seed = process.env['CILION_FUZZ_SEED'];
  const end = performance.now() + MAX_MS;
  let runs = 0;
  const property = fc.asyncProperty(values, async (value) => {
    runs += 1;
    if (runs > MIN_RUNS && performance.now() > end) return;
    await body(value);
  });
  await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
}

const folder = mkdtempSync(join(tmpdir(), 'cilion-properties-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** Clusters in edge ASes, as many as wanted and possible; pods talk across them, or within the one there is. */
function scenarioOn(topology: Topology, wanted: number, nodes: number, pods: number): string {
  const edges = topology.ases.filter(
    ({ ia, core }) => !core && !allLinks(topology).some(({ kind, a }) => kind === 'child' && a.ia === ia),
  );
  const clusters = edges.slice(0, wanted).map(({ ia }, index) => {
    const interfaces = allLinks(topology).filter(({ a, b }) => a.ia === ia || b.ia === ia).length;
    return `  - {name: c${index}, as: ${ia}, nodes: ${Math.min(nodes, interfaces)}, manifests: [pods.yaml]}\n`;
  });
  write(
    'pods.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: p}
spec:
  replicas: ${pods}
  selector: {matchLabels: {app: p}}
  template: {metadata: {labels: {app: p}}, spec: {containers: [{name: c, image: i}]}}
`,
  );
  const to = clusters.length > 1 ? 'c1/p-1' : 'c0/p-2';
  return `name: arbitrary
title: T
question: Q?
topology: topology.yaml
duration: 1s
transports: [ip]
workloads: [{name: w, kind: udp, from: c0/p-1, to: ${to}}]
clusters:
${clusters.join('')}`;
}

function load(topology: string, scenario: string): Promise<Scenario> {
  write('topology.yaml', topology);
  return loadScenario(write('scenario.yaml', scenario));
}

function unique(values: readonly unknown[], what: string): void {
  const repeated = values.filter((value, index) => values.indexOf(value) < index);
  assert.deepEqual(repeated, [], `${what} repeat`);
}

/** What must be one of a kind in a lab, is. */
function assertSound(plan: Plan): void {
  const ends = plan.veths.flatMap(({ a, b }) => [a, b]);
  unique(
    ends.map(({ ifindex }) => ifindex),
    'interface indices',
  );
  unique(
    ends.map(({ mac }) => mac),
    'MAC addresses',
  );
  unique(
    ends.map(({ namespace, device }) => `${namespace} ${device}`),
    'device names',
  );
  for (const { device } of ends) assert.ok(device.length <= 15, `${device} is too long for Linux`);
  // A node has its pods' gateway address on each of their devices.
  const addresses = ends.flatMap((end) => (end.role === 'pod-host' ? [] : end.addresses));
  unique([...addresses, ...plan.namespaces.flatMap(({ loopback }) => loopback)].map(withoutLength), 'addresses');
  unique(
    plan.namespaces.map(({ id }) => id),
    'namespaces',
  );
  unique(
    plan.ases.map(({ bgpAsn }) => bgpAsn),
    'BGP AS numbers',
  );
  unique(
    plan.links.flatMap(({ a, b }) => [a, b].map(({ ia, ifid }) => `${ia}#${ifid}`)),
    'SCION interfaces',
  );
  for (const { bgpAsn } of plan.ases) assert.ok(bgpAsn >= 1 && bgpAsn < 2 ** 32 - 1, `${bgpAsn} is no ASN`);
  assertPrefixes(plan);
  assertLinkTable(plan);
}

function withoutLength(cidr: string): string {
  return cidr.slice(0, cidr.indexOf('/'));
}

function assertPrefixes({ ases, clusters }: Plan): void {
  const prefixes = ases.map(({ prefix }) => parsePrefix(prefix));
  prefixes.forEach((prefix, index) => {
    const other = prefixes.slice(0, index).findIndex((earlier) => overlaps(earlier, prefix));
    assert.equal(other, -1, `${ases[index]?.prefix} overlaps ${ases[other]?.prefix}`);
  });
  for (const { prefix, nodes, pods } of clusters) {
    const inside = [
      ...nodes.flatMap(({ address, lan }) => [address, lan?.address ?? address]),
      ...pods.map((pod) => pod.address),
    ];
    for (const address of inside)
      assert.ok(contains(parsePrefix(prefix), parseIpv4(address)), `${address} ∉ ${prefix}`);
    for (const { name, podCidr } of nodes) {
      const own = pods.filter(({ node }) => node === name);
      for (const { address } of own) assert.ok(contains(parsePrefix(podCidr), parseIpv4(address)), address);
    }
  }
}

/** Each AS has a range of the dataplane's link table to itself, with room for each of its interfaces. */
function assertLinkTable({ ases, links }: Plan): void {
  let free = 0;
  for (const { ia, linkBase, linkLimit } of ases) {
    assert.ok(linkBase >= free, `${ia} shares its part of the link table`);
    free = linkBase + linkLimit;
    for (const end of links.flatMap(({ a, b }) => [a, b])) assert.ok(end.ia !== ia || end.ifid < linkLimit, end.ia);
  }
}

test('every sound topology, with clusters at its edge, loads and can be planned, and nothing in the plan is there twice', async () => {
  const clusters = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 2, max: 9 }),
  );
  await holds(fc.tuple(arbitraryTopology(), clusters), 100, async ([topology, [wanted, nodes, pods]]) => {
    const scenario = scenarioOn(topology, wanted, nodes, pods);
    const plan = planLab(await load(printTopology(topology), scenario));
    assert.ok(plan.clusters.length >= 1);
    assertSound(plan);
    const again = planLab(await load(printTopology(topology), scenario));
    assert.equal(JSON.stringify(again), JSON.stringify(plan), 'planning is not deterministic');
  });
});

test('a topology with more ASes than there are /16 prefixes is planned with smaller ones', () => {
  const numbers = Array.from({ length: 300 }, (_, n) => n + 1);
  const text = [
    ...['name: many', 'ases:', ...numbers.map((n) => `  1-${n}: {${n === 1 ? 'core: true' : ''}}`)],
    ...['links:', ...numbers.slice(1).map((n) => `  - {a: 1-1, b: 1-${n}, type: child}`)],
  ].join('\n');
  const loaded = parseTopology('t.yaml', text).topology;
  assertSound(planLab({ ...EMPTY, topology: loaded }));
});

const EMPTY: Omit<Scenario, 'topology'> = {
  ...{
    name: 'e',
    title: 'E',
    question: 'Q?',
    source: 'e.yaml',
    inputs: [],
    controlPlane: 'computed',
    referenceRouters: [],
  },
  ...{ clusters: [], transports: [], workloads: [], timeline: [], captures: [], assertions: [] },
  ...{ bgp: { holdSeconds: 90, bfd: false }, durationNs: 1e9, repeat: 1, seed: 1 },
};

test('a topology that is printed and loaded is the same topology', async () => {
  await holds(arbitraryTopology(), 100, (topology) => {
    assert.deepEqual(parseTopology(topology.source, printTopology(topology)).topology, topology);
  });
});

test('a .topo file loads as the topology it was printed from, and prints as our YAML that loads as the same', async () => {
  await holds(arbitraryTopology({ topo: true }), 100, (topology) => {
    const loaded = parseTopology('arbitrary.topo', printTopo(topology)).topology;
    assert.deepEqual(loaded, { ...topology, source: 'arbitrary.topo' });
    assert.deepEqual(parseTopology(topology.source, printTopology(loaded)).topology, topology);
  });
});

test('the shipped topologies are what their print loads as', async () => {
  for (const file of ['tiny.yaml', 'two-isd.yaml', 'tiny4.topo', 'default16.topo']) {
    const { topology } = await loadTopology(join('scenarios/topologies', file));
    const { source: _, ...printed } = parseTopology('printed.yaml', printTopology(topology)).topology;
    const { source: __, ...loaded } = topology;
    assert.deepEqual(printed, loaded, file);
  }
});

/** Lines taken out, doubled, exchanged, and words of one line put into another. */
const edits = fc.array(
  fc.record({
    how: fc.constantFrom('drop', 'double', 'swap', 'word'),
    at: fc.nat(500),
    to: fc.nat(500),
    word: fc.nat(20),
  }),
  { minLength: 1, maxLength: 4 },
);

function edited(text: string, changes: typeof edits extends fc.Arbitrary<infer T> ? T : never): string {
  const lines = text.split('\n');
  for (const { how, at, to, word } of changes) {
    const [x, y] = [at % lines.length, to % lines.length];
    const [from, target] = [lines[x] ?? '', lines[y] ?? ''];
    if (how === 'drop') lines.splice(x, 1);
    else if (how === 'double') lines.splice(y, 0, from);
    else if (how === 'swap') [lines[x], lines[y]] = [target, from];
    else lines[y] = exchangeWord(target, from, word);
  }
  return lines.join('\n');
}

function exchangeWord(target: string, from: string, word: number): string {
  const words = from.match(/[\w:#-]+/g) ?? ['x'];
  let count = 0;
  const chosen = word % Math.max(1, target.match(/[\w:#-]+/g)?.length ?? 1);
  return target.replaceAll(/[\w:#-]+/g, (old) => (count++ === chosen ? words[word % words.length]! : old));
}

/** Loads and plans, or says what is wrong with the input: nothing else may come of any file. */
async function plansOrRefuses(attempt: () => Promise<Scenario>): Promise<boolean> {
  let scenario: Scenario;
  try {
    scenario = await attempt();
  } catch (error) {
    assert.ok(error instanceof CilionError, `threw ${error instanceof Error ? error.stack : error}`);
    assert.equal(error.exitCode, 2);
    assert.notEqual(error.message, '');
    return false;
  }
  assertSound(planLab(scenario));
  return true;
}

test('a topology with its lines and words mixed up can be planned or is refused', async () => {
  await holds(fc.tuple(arbitraryTopology({ maxAses: 10 }), edits), 200, async ([topology, changes]) => {
    const text = edited(printTopology(topology), changes);
    await plansOrRefuses(() => load(text, scenarioOn(topology, 2, 2, 2)));
  });
});

const FILES = ['scenario.yaml', 'topology.yaml', 'pods.yaml'] as const;

test('a scenario, topology or manifest with any bytes changed loads and can be planned, or is refused', async () => {
  const change = fc.record({
    at: fc.nat(10_000),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom(...Array.from('{}[]:,#&*!|>\'"%@`- \n\t0', (c) => Buffer.from(c))),
    ),
  });
  const files = fc.tuple(fc.constantFrom(...FILES), fc.array(change, { minLength: 1, maxLength: 3 }));
  await holds(files, 300, async ([file, changes]) => {
    for (const name of FILES) write(name, readFileSync(join(BASE, name)));
    let bytes = readFileSync(join(BASE, file));
    for (const { at, remove, insert } of changes) {
      const place = at % bytes.length;
      bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
    }
    write(file, bytes);
    await plansOrRefuses(() => loadScenario(join(folder, 'scenario.yaml')));
  });
});
