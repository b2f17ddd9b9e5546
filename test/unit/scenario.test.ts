import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { loadScenario } from '../../src/scenario/load.ts';
import { loadsOrRefuses, problemsOf } from './input/problems-of.ts';

const scenarios = fileURLToPath(new URL('../../scenarios/', import.meta.url));

const TOPOLOGY = `name: t
ases:
  1-ff00:0:110: {core: true, label: top}
  1-ff00:0:111: {label: left}
  1-ff00:0:112: {label: right}
links:
  - {a: 1-ff00:0:110#1, b: 1-ff00:0:111#41, type: child}
  - {a: 1-ff00:0:110#2, b: 1-ff00:0:112#1, type: child}
  - {a: 1-ff00:0:110#3, b: 1-ff00:0:112#2, type: child}
`;

const PODS = ['one', 'two']
  .map((name) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: i}]}\n`)
  .join('---\n');

/** A sound scenario that some tests change. */
const SCENARIO = `name: s
title: T
question: Q?
topology: net/t.yaml
duration: 10s
clusters:
  - {name: a, as: left, manifests: [pods.yaml]}
  - {name: b, as: 1-ff00:0:112, nodes: 2, manifests: [pods.yaml]}
transports: [ip, cilion]
workloads:
  - {name: ping, kind: udp, from: a/one, to: b/one}
  - {name: bulk, kind: tcp, from: a/two, to: b/two, rate: 10Mbit}
  - {name: web, kind: http, from: b/one, to: a/one}
timeline:
  - {at: 3s, event: link.cut, link: 'top#2'}
  - {at: 1s, event: bgp.hijack, by: top, victim: b}
  - {at: 5s, event: link.restore, link: '1-ff00:0:112#1--1-ff00:0:110#2'}
  - {at: 6s, event: link.shape, link: 'left#41', delay: 5ms, loss: 1%}
  - {at: 7s, event: exec, in: b/b2, run: [ip, link]}
captures:
  - {link: 'top#1', snapLength: 96B}
assertions:
  - {name: A, transport: ip, metric: udp.lossRatio, workload: ping, window: [3s, 5s], atLeast: 50%}
  - {name: B, transport: cilion, metric: udp.rttP50, below: 2ms}
  - {name: C, transport: cilion, metric: tcp.goodput, atLeast: 9Mbit}
  - {name: D, transport: cilion, metric: observer.packets, equals: 0}
`;

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cilion-'));
  await write('net/t.yaml', TOPOLOGY);
  await write('pods.yaml', PODS);
});

after(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const load = async (text: string) => loadScenario(await write('s.yaml', text));

/** Problems without the folder that the file happens to be in. */
const problems = async (text: string) =>
  (await problemsOf(() => load(text))).map((line) => line.replaceAll(`${folder}/`, ''));

test('a scenario is resolved: ISD-ASes, link ids, nodes, pods, nanoseconds, units of metrics, order of time', async () => {
  const scenario = await load(SCENARIO);
  assert.deepEqual(
    scenario.inputs.map(({ path }) => path.slice(folder.length + 1)),
    ['s.yaml', 'net/t.yaml', 'pods.yaml'],
  );
  assert.deepEqual(
    scenario.clusters.map(({ name, ia, nodes, pods }) => [name, ia, nodes, pods.map(({ node }) => node)]),
    [
      ['a', '1-ff00:0:111', [{ name: 'a1', interfaces: [41] }], ['a1', 'a1']],
      [
        'b',
        '1-ff00:0:112',
        [
          { name: 'b1', interfaces: [1] },
          { name: 'b2', interfaces: [2] },
        ],
        ['b1', 'b2'],
      ],
    ],
  );
  const link = '1-ff00:0:110#2--1-ff00:0:112#1';
  const observer = '1-ff00:0:110';
  assert.deepEqual(scenario.timeline, [
    { at: 1e9, event: 'bgp.hijack', by: observer, victim: '1-ff00:0:112', type: 'exact' },
    { at: 3e9, event: 'link.cut', link },
    { at: 5e9, event: 'link.restore', link },
    { at: 6e9, event: 'link.shape', link: '1-ff00:0:110#1--1-ff00:0:111#41', shape: { delayNs: 5e6, lossPpm: 10_000 } },
    { at: 7e9, event: 'exec', in: 'b/b2', argv: ['ip', 'link'] },
  ]);
  assert.deepEqual(scenario.captures, [
    { link: '1-ff00:0:110#1--1-ff00:0:111#41', snapLength: 512, observer },
    { link, snapLength: 512, observer },
    { link: '1-ff00:0:110#3--1-ff00:0:112#2', snapLength: 512, observer },
  ]);
  const whole = { from: 0, to: 10e9, transport: 'cilion' };
  assert.deepEqual(scenario.assertions, [
    {
      ...{ name: 'A', transport: 'ip', metric: 'udp.lossRatio', workload: 'ping' },
      ...{ from: 3e9, to: 5e9, comparison: 'atLeast', value: 0.5 },
    },
    { ...whole, name: 'B', metric: 'udp.rttP50', comparison: 'below', value: 2 },
    { ...whole, name: 'C', metric: 'tcp.goodput', comparison: 'atLeast', value: 9e6 },
    { ...whole, name: 'D', metric: 'observer.packets', comparison: 'equals', value: 0 },
  ]);
  assert.deepEqual([scenario.bgp, scenario.repeat, scenario.seed], [{ holdSeconds: 90, bfd: false }, 1, 1]);
  assert.deepEqual(scenario.workloads[1], {
    ...{ name: 'bulk', kind: 'tcp', flows: 1, rateBps: 10e6 },
    ...{ from: { cluster: 'a', pod: 'two' }, to: { cluster: 'b', pod: 'two' } },
  });
});

test('what is applied adds up in the order of time, and its manifests are inputs', async () => {
  const policy = (name: string, app: string) =>
    `{apiVersion: cilion.io/v1alpha1, kind: ScionPathPolicy, metadata: {name: ${name}}, spec: {podSelector: {matchLabels: {app: ${app}}}}}`;
  const relabelled = PODS.split('---')[0]!.replace('name: one', 'name: one, labels: {app: other}');
  await write('early.yaml', `${relabelled}---\n${policy('first', 'other')}\n`);
  await write('late.yaml', `${policy('second', 'other')}\n`);
  const events = ['late', 'early'].map(
    (name, index) => `  - {at: ${8 - index}s, event: apply, cluster: b, manifests: [${name}.yaml]}\n`,
  );
  const scenario = await load(SCENARIO.replace('timeline:\n', `timeline:\n${events.join('')}`));
  const applied = scenario.timeline.filter((event) => event.event === 'apply');
  assert.deepEqual(
    applied.map(({ at, cluster, changes, objects }) => [at, cluster, changes.length, objects.policies.length]),
    [
      [7e9, 'b', 2, 1],
      [8e9, 'b', 1, 2],
    ],
  );
  assert.deepEqual(applied[1]?.objects.pods[0]?.labels, { app: 'other' });
  assert.deepEqual(
    scenario.inputs.map(({ path }) => path.slice(folder.length + 1)),
    ['s.yaml', 'net/t.yaml', 'pods.yaml', 'late.yaml', 'early.yaml'],
  );
});

test('problems of the scenario, its topology and its manifests are reported in one go', async () => {
  await write('bad/t.yaml', TOPOLOGY.replace('#41', '#0'));
  await write('bad/pods.yaml', PODS.replace('kind: Pod', 'kind: Job'));
  const found = await problems(SCENARIO.replace('net/t.yaml', 'bad/t.yaml').replace('[pods.yaml]', '[bad/none.yaml]'));
  assert.match(found.join('\n'), /bad\/t\.yaml:7:.*\n.*bad\/none\.yaml: there is no such file/);
  const manifests = await problems(SCENARIO.replace('[pods.yaml]', '[bad/pods.yaml]').replace('nodes: 2', 'nodes: 9'));
  assert.match(manifests.join('\n'), /bad\/pods\.yaml:2:7: kind.*\n.*clusters\[1\]\.nodes/);
});

test('the observed ASes can be named', async () => {
  const left = (await load(SCENARIO.replace('captures:', 'observe: {as: left}\ncaptures:'))).captures;
  assert.deepEqual(
    left.map(({ observer }) => observer),
    ['1-ff00:0:111'],
  );
});

test('a .topo file serves as a topology, and what the lab does otherwise is noted in the scenario', async () => {
  await write(
    'net/t.topo',
    `ASes:
  "1-ff00:0:110": {core: true, issuing: true, underlay: UDP/IPv6}
  "1-ff00:0:111": {cert_issuer: 1-ff00:0:110}
  "1-ff00:0:112": {cert_issuer: 1-ff00:0:110}
links:
  - {a: "1-ff00:0:110#1", b: "1-ff00:0:111#41", linkAtoB: CHILD}
  - {a: "1-ff00:0:110#2", b: "1-ff00:0:112#1", linkAtoB: CHILD}
  - {a: "1-ff00:0:110#3", b: "1-ff00:0:112#2", linkAtoB: CHILD}
`,
  );
  const text = SCENARIO.replace('net/t.yaml', 'net/t.topo')
    .replaceAll('left', '1-ff00:0:111')
    .replaceAll(/\btop\b(?=[#,])/g, '1-ff00:0:110');
  assert.match((await load(text)).notes?.join() ?? '', /UDP\/IPv6/);
});

test('every shipped scenario loads, and its assertions cover every transport that it runs', async () => {
  const files = (await readdir(scenarios)).filter((file) => file.endsWith('.yaml'));
  assert.ok(files.includes('bgp-hijack.yaml') && files.includes('tiny.yaml') && files.includes('link-cut.yaml'));
  for (const file of files) {
    const scenario = await loadScenario(join(scenarios, file));
    assert.equal(`${scenario.name}.yaml`, file);
    for (const transport of scenario.transports) {
      assert.ok(
        scenario.assertions.some((assertion) => assertion.transport === transport),
        `${file}: nothing is asserted of ${transport}`,
      );
    }
  }
});

test('loading twice gives the same scenario', async () => {
  const file = join(scenarios, 'bgp-hijack.yaml');
  assert.deepEqual(await loadScenario(file), await loadScenario(file));
});

test('a shipped scenario with any line changed loads or is refused with an InputError', async () => {
  const lines = (await readFile(join(scenarios, 'bgp-hijack.yaml'), 'utf8')).split('\n');
  const file = join(scenarios, 'bgp-hijack.yaml');
  const text = lines
    .join('\n')
    .replaceAll('topologies/', `${relativeTo(file)}topologies/`)
    .replaceAll('manifests/', `${relativeTo(file)}manifests/`);
  const edit = fc.tuple(fc.nat(lines.length - 1), fc.nat(100), fc.string({ maxLength: 6 }));
  await fc.assert(
    fc.asyncProperty(edit, ([line, column, inserted]) => {
      const edited = text.split('\n');
      edited[line] = (edited[line] ?? '').slice(0, column) + inserted + (edited[line] ?? '').slice(column + 2);
      return loadsOrRefuses(() => load(edited.join('\n')));
    }),
    { numRuns: 60 },
  );
});

/** From the temporary folder up to the root and down to the shipped scenarios: paths in a scenario are relative to it. */
function relativeTo(file: string): string {
  return `${folder
    .split('/')
    .slice(1)
    .map(() => '..')
    .join('/')}${dirname(file)}/`;
}
