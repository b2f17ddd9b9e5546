import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { loadTopology, parseTopology } from '../../src/topology/load.ts';
import type { Topology } from '../../src/topology/model.ts';
import { isReachable } from '../../src/topology/reachable.ts';
import { loadsOrRefuses } from './input/problems-of.ts';

const shipped = (name: string) => fileURLToPath(new URL(`../../scenarios/topologies/${name}`, import.meta.url));

/** A sound topology that some tests change. */
const SOUND = `name: t
ases:
  1-ff00:0:110: {core: true}
  1-ff00:0:111: {}
  1-ff00:0:112: {}
  2-ff00:0:210: {core: true}
links:
  - {a: 1-ff00:0:110#1, b: 1-ff00:0:111#1, type: child}
  - {a: 1-ff00:0:110#2, b: 1-ff00:0:112#1, type: child}
  - {a: 1-ff00:0:110#3, b: 2-ff00:0:210#1, type: core}
`;

test('a topology in our format becomes the model, every field in place', () => {
  const { topology, notes } = parseTopology(
    'dir/t.yaml',
    `name: t
defaults: {link: {delay: 5ms, loss: 1%}, mtu: 1400}
ases:
  1-ff00:0:110: {core: true, label: top, prefix: 10.9.0.0/16}
  1-0:0:fc00: {mtu: 9000}
links:
  - {a: 1-FF00:0:110#2, b: 1-64512#7, type: child, underlay: wire, rate: 1Gbit, queue: 5ms, ab: {delay: 7ms}, ba: {jitter: 1ms, loss: 0%}}
`,
  );
  const ia = parseIsdAs('1-ff00:0:110');
  const shape = { delayNs: 5e6, jitterNs: 0, lossPpm: 10_000, rateBps: 1e9, queueNs: 5e6, cut: false };
  assert.deepEqual(notes, []);
  assert.deepEqual(topology, {
    name: 't',
    source: 'dir/t.yaml',
    ases: [
      {
        ...{ ia, isd: 1, asn: 0xff00_0000_0110n, core: true, voting: true, authoritative: true, issuing: true },
        ...{ mtu: 1400, label: 'top', prefix: '10.9.0.0/16' },
      },
      {
        ...{ ia: '1-64512', isd: 1, asn: 64_512n, core: false, voting: false, authoritative: false, issuing: false },
        ...{ mtu: 9000, certIssuer: ia },
      },
    ],
    links: [
      {
        ...{ id: '1-ff00:0:110#2--1-64512#7', kind: 'child', mtu: 1400, underlay: 'wire' },
        a: { ia, ifid: 2 },
        b: { ia: '1-64512', ifid: 7 },
        shape: { ab: { ...shape, delayNs: 7e6 }, ba: { ...shape, jitterNs: 1e6, lossPpm: 0 } },
      },
    ],
    ipLinks: [],
  });
});

test('a link that the file does not shape has no shape', () => {
  assert.equal(parseTopology('t.yaml', SOUND).topology.links[0]?.shape, undefined);
});

test('ends without a number get the lowest that no other end of their AS has, in the order of the links', () => {
  const text = SOUND.replace('1-ff00:0:110#1', '1-ff00:0:110').replace('1-ff00:0:110#3', '1-ff00:0:110#1');
  const { topology } = parseTopology('t.yaml', text);
  assert.deepEqual(
    topology.links.map(({ a }) => a.ifid),
    [3, 2, 1],
  );
});

test('every shipped topology loads without a note', async () => {
  for (const [file, ases, links] of [
    ['tiny.yaml', 3, 2],
    ['two-isd.yaml', 15, 23],
    ['tiny4.topo', 3, 2],
    ['default16.topo', 16, 29],
  ] as const) {
    const { topology, notes } = await loadTopology(shipped(file));
    assert.deepEqual([topology.ases.length, topology.links.length, notes], [ases, links, []], file);
  }
});

test('two-isd has three paths between the cluster ASes that share no AS, and no honest path through the attacker', async () => {
  const { topology } = await loadTopology(shipped('two-isd.yaml'));
  const disjoint = [
    ['111', '211'],
    ['121', '120', '220', '221'],
    ['131', '130', '230', '231'],
  ].map((path) => ['141', ...path, '241'].map((as) => `${as.startsWith('1') ? 1 : 2}-ff00:0:${as}`));
  for (const path of disjoint) {
    path.slice(1).forEach((ia, index) => {
      assert.ok(joined(topology, path[index] ?? '', ia), `${path[index]} – ${ia}`);
    });
  }
  const attacker = topology.ases.find(({ label }) => label === 'attacker')?.ia;
  const links = topology.links.filter(({ a, b }) => a.ia === attacker || b.ia === attacker);
  assert.deepEqual(
    links.map(({ kind, b }) => [kind, b.ia]),
    [['child', attacker]],
  );
  for (const { shape } of topology.links) {
    for (const { delayNs } of [shape!.ab, shape!.ba]) assert.ok(delayNs >= 2e6 && delayNs <= 20e6);
  }
});

function joined({ links }: Topology, x: string, y: string): boolean {
  return links.some(({ a, b }) => (a.ia === x && b.ia === y) || (a.ia === y && b.ia === x));
}

test('ASes reach each other over the core or one peering link, and not over two', () => {
  const peers = SOUND.replace('  - {a: 1-ff00:0:110#3, b: 2-ff00:0:210#1, type: core}\n', '')
    .replace('  2-ff00:0:210: {core: true}', '  2-ff00:0:210: {core: true}\n  2-ff00:0:211: {}\n  2-ff00:0:212: {}')
    .concat(
      '  - {a: 2-ff00:0:210#2, b: 2-ff00:0:211#1, type: child}\n',
      '  - {a: 2-ff00:0:210#3, b: 2-ff00:0:212#1, type: child}\n',
      '  - {a: 1-ff00:0:111#2, b: 2-ff00:0:211#2, type: peer}\n',
    );
  const { topology } = parseTopology('t.yaml', peers);
  const reaches = (a: string, b: string) => isReachable(topology, parseIsdAs(a), parseIsdAs(b));
  assert.equal(reaches('1-ff00:0:111', '1-ff00:0:112'), true);
  assert.equal(reaches('1-ff00:0:111', '2-ff00:0:211'), true);
  assert.equal(reaches('1-ff00:0:112', '2-ff00:0:211'), false);
  assert.equal(reaches('1-ff00:0:112', '2-ff00:0:212'), false);
});

test('the same text gives the same topology', () => {
  assert.deepEqual(parseTopology('t.yaml', SOUND), parseTopology('t.yaml', SOUND));
});

test('a shipped topology with any line changed loads or is refused with an InputError', async () => {
  for (const file of ['two-isd.yaml', 'default16.topo']) {
    const lines = (await readFile(shipped(file), 'utf8')).split('\n');
    const edit = fc.tuple(fc.nat(lines.length - 1), fc.nat(60), fc.string({ maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(edit, ([line, column, text]) => {
        const edited = lines.map((old, index) =>
          index === line ? old.slice(0, column) + text + old.slice(column + 2) : old,
        );
        return loadsOrRefuses(() => parseTopology(file, edited.join('\n')));
      }),
      { numRuns: 60 },
    );
  }
});
