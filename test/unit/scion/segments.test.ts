import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_SEGMENT_ASES } from '../../../src/scion/beaconing.ts';
import { hopExpiry } from '../../../src/scion/hop-field.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { chainSegId, hopMac } from '../../../src/scion/mac.ts';
import { computeSegments, forwardingKeys, masterKey, type Segment } from '../../../src/scion/segments.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { buildTopology, type LinkRow, peering, sampleIa, sixteen, tiny4 } from './topologies.ts';

const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };

function asesOf(segment: Segment): string[] {
  return segment.entries.map((entry) => entry.ia);
}

function ends(segment: Segment): string {
  return `${segment.entries[0]!.ia} ${segment.entries.at(-1)!.ia}`;
}

/** All simple walks from core ASes, by exhaustion: what beaconing finds where no bound is reached. */
function allWalks(topology: Topology, kind: 'core' | 'child'): string[] {
  const steps = topology.links
    .filter((link) => link.kind === kind)
    .flatMap(({ a, b }) => (kind === 'core' ? [[a, b] as const, [b, a] as const] : [[a, b] as const]));
  const found: string[] = [];
  const extend = (ases: readonly string[], id: string) => {
    for (const [from, to] of steps) {
      if (from.ia !== ases.at(-1) || ases.includes(to.ia)) continue;
      const longer = `${id} ${from.ia}#${from.ifid} ${to.ia}#${to.ifid}`.trim();
      found.push(longer);
      extend([...ases, to.ia], longer);
    }
  };
  for (const as of topology.ases) if (as.core) extend([as.ia], '');
  return found.sort();
}

/** `count` core ASes, each linked to each. */
function mesh(count: number): Topology {
  const ias = Array.from({ length: count }, (_, index) => `1-${index + 1}`);
  const links = ias.flatMap((a, i) =>
    ias.slice(i + 1).map((b, j): LinkRow => ['core', `${a}#${i + j + 2}`, `${b}#${i + 1}`]),
  );
  return buildTopology('mesh', ias, links);
}

test('the smallest topology has one segment a child', () => {
  const { core, down } = computeSegments(tiny4, OPTIONS);
  assert.deepEqual(core, []);
  assert.deepEqual(
    down.map((segment) => segment.id),
    ['1-ff00:0:110#1 1-ff00:0:111#41', '1-ff00:0:110#2 1-ff00:0:112#1'],
  );
  assert.deepEqual(
    down[0]!.entries.map(({ hop }) => [hop.consIngress, hop.consEgress]),
    [
      [0, 1],
      [41, 0],
    ],
  );
});

test('where no bound is reached, the segments are all loop-free walks over core and over child links', () => {
  for (const topology of [sixteen, peering]) {
    const { core, down } = computeSegments(topology, OPTIONS);
    assert.deepEqual(core.map(({ id }) => id).sort(), allWalks(topology, 'core'));
    assert.deepEqual(down.map(({ id }) => id).sort(), allWalks(topology, 'child'));
  }
});

test('a pair of ASes has at most the bound of segments, the shortest among them, and no loops', () => {
  const { core } = computeSegments(mesh(7), { ...OPTIONS, bound: 5 });
  const pairs = Map.groupBy(core, ends);
  assert.equal(pairs.size, 42);
  for (const segments of pairs.values()) {
    assert.equal(segments.length, 5);
    assert.equal(segments[0]!.entries.length, 2);
    for (const segment of segments) assert.equal(new Set(asesOf(segment)).size, segment.entries.length);
  }
});

test('among segments of one length, those that share no link come first', () => {
  // Two ways of three links from 1 to 4, one of them with two parallel first links.
  const topology = buildTopology(
    'parallel',
    ['1-1', '1-2', '1-3', '1-4'],
    [
      ['core', '1-1#1', '1-2#1'],
      ['core', '1-1#2', '1-2#2'],
      ['core', '1-1#3', '1-3#1'],
      ['core', '1-2#3', '1-4#1'],
      ['core', '1-3#2', '1-4#2'],
    ],
  );
  const { core } = computeSegments(topology, { ...OPTIONS, bound: 2 });
  const between = core.filter((segment) => ends(segment) === '1-1 1-4');
  assert.deepEqual(between.map(asesOf), [
    ['1-1', '1-2', '1-4'],
    ['1-1', '1-3', '1-4'],
  ]);
});

test('no segment has more ASes than three of them fit into a path', () => {
  const chain = Array.from({ length: 30 }, (_, i): LinkRow => ['child', `1-${i + 1}#1`, `1-${i + 2}#2`]);
  const { down } = computeSegments(buildTopology('chain', ['1-1'], chain), OPTIONS);
  assert.equal(Math.max(...down.map(({ entries }) => entries.length)), MAX_SEGMENT_ASES);
  assert.equal(down.length, MAX_SEGMENT_ASES - 1);
});

test('every hop field is MACed under its own AS and chained; peering hop fields chain to the next beta', () => {
  const keys = forwardingKeys(peering, OPTIONS.seed);
  const { core, down } = computeSegments(peering, OPTIONS);
  let peers = 0;
  for (const { segId, timestamp, entries } of [...core, ...down]) {
    let beta = segId;
    for (const entry of entries) {
      const key = keys.get(entry.ia)!;
      assert.deepEqual(entry.hop.mac, hopMac(key, { segId: beta, timestamp }, entry.hop));
      beta = chainSegId(beta, entry.hop.mac);
      for (const { hop } of entry.peers) {
        assert.deepEqual(hop.mac, hopMac(key, { segId: beta, timestamp }, hop));
        assert.equal(hop.consEgress, entry.hop.consEgress);
        peers++;
      }
    }
  }
  assert.ok(peers > 10);
});

test('hop fields expire at the asked time, rounded down to what they can express', () => {
  const [segment] = computeSegments(tiny4, { ...OPTIONS, expirySeconds: 3600 }).down;
  for (const { hop } of segment!.entries) assert.equal(hopExpiry(segment!, hop), OPTIONS.timestamp + 3375);
  assert.throws(() => computeSegments(tiny4, { ...OPTIONS, expirySeconds: 60 }), /cannot live for 60 s/);
});

test('the same input gives the same segments, in whatever order the file lists ASes and links', () => {
  const segments = computeSegments(sixteen, OPTIONS);
  const shuffled = { ...sixteen, ases: sixteen.ases.toReversed(), links: sixteen.links.toReversed() };
  assert.deepEqual(computeSegments(shuffled, OPTIONS), segments);
});

test('another seed changes keys, SegIDs and MACs, and no interface', () => {
  const one = computeSegments(tiny4, OPTIONS).down[0]!;
  const other = computeSegments(tiny4, { ...OPTIONS, seed: 4 }).down[0]!;
  assert.equal(one.id, other.id);
  assert.notEqual(one.segId, other.segId);
  assert.notDeepEqual(one.entries[0]!.hop.mac, other.entries[0]!.hop.mac);
  const ia = parseIsdAs(sampleIa('110'));
  assert.equal(masterKey(3, ia).length, 16);
  assert.notDeepEqual(masterKey(3, ia), masterKey(4, ia));
  assert.notDeepEqual(masterKey(3, ia), masterKey(3, parseIsdAs(sampleIa('111'))));
});

test('in random core graphs every connected pair has a segment within the bound', () => {
  const ias = ['1-1', '1-2', '1-3', '1-4', '1-5', '1-6'];
  const pair = fc.tuple(fc.nat(5), fc.nat(5)).filter(([a, b]) => a !== b);
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 14 }), fc.integer({ min: 1, max: 4 }), (pairs, bound) => {
      const rows = pairs.map(([a, b], i): LinkRow => ['core', `${ias[a]}#${2 * i + 1}`, `${ias[b]}#${2 * i + 2}`]);
      const topology = buildTopology('random', ias, rows);
      const walks = new Set(allWalks(topology, 'core'));
      const { core } = computeSegments(topology, { ...OPTIONS, bound });
      for (const { id } of core) assert.ok(walks.has(id));
      const endsOf = (id: string) => `${id.split('#')[0]} ${id.split(' ').at(-1)!.split('#')[0]}`;
      assert.deepEqual(new Set(core.map(ends)), new Set([...walks].map(endsOf)));
      for (const segments of Map.groupBy(core, ends).values()) assert.ok(segments.length <= bound);
    }),
    { numRuns: 60 },
  );
});
