import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { pathCombiner } from '../../../src/scion/combine.ts';
import type { Path } from '../../../src/scion/end-to-end-path.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { decodePath } from '../../../src/scion/path.ts';
import { computeSegments } from '../../../src/scion/segments.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { buildTopology, peering, sampleIa, sixteen, tiny4 } from './topologies.ts';
import { readFixture } from './vectors.ts';

const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };
const COMBINERS = new Map(
  [tiny4, sixteen, peering].map((topology) => [topology, pathCombiner(topology, computeSegments(topology, OPTIONS))]),
);

function paths(topology: Topology, src: string, dst: string): readonly Path[] {
  return COMBINERS.get(topology)!(parseIsdAs(sampleIa(src)), parseIsdAs(sampleIa(dst)));
}

function describe(path: Path): string {
  const kinds = path.segments.map(({ kind, peer }) => (peer ? `${kind}~` : kind)).join('+');
  return `${kinds} ${path.interfaces.map(({ ia, ifid }) => `${ia.slice(-3)}#${ifid}`).join(' ')}`;
}

/** Fingerprint, MTU and expiry → digests of the dataplane bytes that the reference has for it. */
function expected(topology: Topology): Map<string, Map<string, string[]>> {
  const { topologies } = readFixture('combined.json') as {
    topologies: Record<string, Record<string, readonly string[]>>;
  };
  const pairs = Object.entries(topologies[topology.name]!).map(([pair, lines]) => {
    const rows = lines.map((line) => {
      const [fingerprint, mtu, expiry, digests] = line.split(' ');
      return [`${fingerprint} ${mtu} ${expiry}`, digests!.split(',')] as const;
    });
    return [pair, new Map(rows)] as const;
  });
  return new Map(pairs);
}

for (const topology of [tiny4, sixteen, peering]) {
  test(`${topology.name}: every pair has the paths, MTUs, expiries and bytes of the reference combinator`, () => {
    const reference = expected(topology);
    assert.ok(reference.size > 0);
    for (const { ia: src } of topology.ases) {
      for (const { ia: dst } of topology.ases) {
        const ours = COMBINERS.get(topology)!(src, dst);
        const theirs = reference.get(`${src}>${dst}`) ?? new Map<string, string[]>();
        const keyOf = (path: Path) => `${path.fingerprint.slice(0, 16)} ${path.mtu} ${path.expiry}`;
        assert.deepEqual(ours.map(keyOf).sort(), [...theirs.keys()].sort(), `${src} to ${dst}`);
        for (const path of ours) {
          const digest = createHash('sha256').update(path.raw).digest('hex').slice(0, 8);
          assert.ok(theirs.get(keyOf(path))!.includes(digest), `bytes of ${describe(path)}`);
        }
      }
    }
  });
}

test('a leaf reaches its sibling through their common core AS, and the core AS itself with one segment', () => {
  assert.deepEqual(paths(tiny4, '111', '112').map(describe), ['up+down 111#41 110#1 110#2 112#1']);
  assert.deepEqual(paths(tiny4, '111', '110').map(describe), ['up 111#41 110#1']);
  assert.deepEqual(paths(tiny4, '110', '112').map(describe), ['down 110#2 112#1']);
});

test('a shortcut turns at the common AS below the core', () => {
  const turn = describe(paths(sixteen, '212', '222')[0]!);
  assert.match(turn, /^up\+down 212#20[01] 211#[23] 211#4 222#301$/);
});

test('a destination on the own up segment is reached with a part of it, both ways', () => {
  assert.equal(describe(paths(sixteen, '112', '111')[0]!), 'up 112#494 111#103');
  assert.equal(describe(paths(sixteen, '111', '112')[0]!), 'down 111#103 112#494');
});

test('peering links join segments at the leaves, in the middle, at core ASes and across ISDs', () => {
  const direct = paths(peering, '112', '122').filter((path) => path.hops.length === 2);
  assert.deepEqual(direct.map(describe).sort(), ['up~+down~ 112#2 122#2', 'up~+down~ 112#3 122#3']);
  assert.ok(paths(peering, '111', '121').map(describe).includes('up~+down~ 111#3 120#4 120#3 121#1'));
  assert.ok(paths(peering, '122', '211').map(describe).includes('up~+down~ 122#1 121#2 121#3 211#2'));
  assert.ok(paths(peering, '121', '211').map(describe).includes('up~+down~ 121#1 120#3 120#2 210#2 210#3 211#1'));
});

test('paths have no AS twice, are unique by interfaces and sorted by ASes crossed', () => {
  for (const { ia: src } of sixteen.ases) {
    for (const { ia: dst } of sixteen.ases) {
      const found = COMBINERS.get(sixteen)!(src, dst);
      assert.equal(new Set(found.map((path) => path.fingerprint)).size, found.length);
      for (const path of found) assert.equal(new Set(path.hops.map(({ ia }) => ia)).size, path.hops.length);
      const lengths = found.map((path) => path.hops.length);
      assert.deepEqual(
        lengths,
        lengths.toSorted((a, b) => a - b),
      );
    }
  }
});

test('hops and interfaces tell the same story', () => {
  const [path] = paths(sixteen, '122', '132');
  assert.equal(path!.src, sampleIa('122'));
  assert.equal(path!.dst, sampleIa('132'));
  assert.equal(path!.hops[0]!.ingress, 0);
  assert.equal(path!.hops.at(-1)!.egress, 0);
  assert.equal(path!.interfaces.length, 2 * (path!.hops.length - 1));
});

test('a path in bytes starts at its first hop field', () => {
  for (const path of paths(sixteen, '112', '222')) {
    const { currInf, currHf, infos } = decodePath(path.raw);
    assert.deepEqual([currInf, currHf], [0, 0]);
    assert.equal(infos.length, path.segments.length);
  }
});

test('latency is the sum of the shaped delays in the direction of travel; the faster of two equal paths comes first', () => {
  const topology = buildTopology(
    'latency',
    ['1-1'],
    [
      ['child', '1-1#1', '1-2#1', { delays: [5, 7] }],
      ['child', '1-1#2', '1-2#2', { delays: [3, 11] }],
      ['child', '1-1#3', '1-3#1', { delays: [100, 200] }],
      ['child', '1-1#4', '1-4#1'],
    ],
  );
  const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
  const from = (src: string, dst: string) => combine(parseIsdAs(src), parseIsdAs(dst)).map((path) => path.latencyNs);
  assert.deepEqual(from('1-2', '1-3'), [107, 111]);
  assert.deepEqual(from('1-3', '1-2'), [203, 205]);
  assert.deepEqual(from('1-4', '1-3'), [100]);
});

test('an AS has no path to itself or to an AS that no segment reaches', () => {
  assert.deepEqual(paths(tiny4, '111', '111'), []);
  const islands = buildTopology('islands', ['1-1', '2-1'], []);
  const combine = pathCombiner(islands, computeSegments(islands, OPTIONS));
  assert.deepEqual(combine(parseIsdAs('1-1'), parseIsdAs('2-1')), []);
});
