import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BenchManifest, BenchSummary } from '../../../src/bench/bench-bundle.ts';
import type { BringupSample } from '../../../src/bench/bringup-bundle.ts';
import { summariseBringup } from '../../../src/bench/bringup-summary.ts';
import type { GoodputSample, LatencySample } from '../../../src/bench/chain-bundle.ts';
import type { ChainSubject } from '../../../src/bench/chain-subject-names.ts';
import { benchObstacles, compareBenches } from '../../../src/bench/compare.ts';
import { goal } from '../../../src/bench/goals.ts';
import { summariseGoodput } from '../../../src/bench/goodput-summary.ts';
import { middle, slope, summariseLatency } from '../../../src/bench/latency-summary.ts';
import { benchPage } from '../../../src/bench/report/bench-page.ts';
import { benchText } from '../../../src/bench/report/bench-text.ts';
import { parseAnswer } from '../../../src/bench/round-trips.ts';

const BLOCKS = 10;
const LOAD = { cpuSeconds: 2, waiting: 0.5, loadAverage: 1, windowSeconds: 1, othersBusy: 0, starved: [] };

/** Each block has its own share of speed, as on a machine that others use: ratios do not feel it. */
function goodput(subject: ChainSubject, gbps: number, more: Partial<GoodputSample> = {}): GoodputSample[] {
  return Array.from({ length: BLOCKS }, (_, block) => ({
    kind: 'goodput',
    block,
    controlPlane: 'computed',
    transits: 1,
    subject,
    traffic: 'tcp-1',
    seconds: 0.2,
    intervalBytes: [0.4, 0.6].map((share) => (share * 0.2 * gbps * (1 + block) * 1e9) / 8),
    ...LOAD,
    ...more,
  }));
}

function latency(subject: ChainSubject, transits: number, us: number): LatencySample[] {
  return Array.from({ length: BLOCKS }, (_, block) => ({
    kind: 'latency',
    block,
    controlPlane: 'computed',
    transits,
    subject,
    load: 'idle',
    loadBps: 0,
    // A tail, and one that was lost.
    rttUs: [...Array.from({ length: 98 }, () => us * (1 + block / 10)), 5000, null],
    ...LOAD,
  }));
}

function bringup(block: number, firstPacket: number): BringupSample {
  return {
    kind: 'bringup',
    block,
    controlPlane: 'computed',
    ases: 16,
    clusters: 2,
    links: 20,
    planned: 0,
    built: 0.5,
    pathsKnown: 0.5,
    loaded: 1,
    attached: 1.1,
    firstPacket,
    bgpConverged: 3,
    takenDown: 0.2,
    memory: { machine: 2 ** 30, processes: 2 ** 29, processCount: 16, testbed: 2 ** 27 },
    loadAverage: 0,
  };
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9 * expected, `${actual} is not ${expected}`);

test('goodput is what arrived over the time that it took, and its ratio the one within a block', () => {
  const { rows, goals } = summariseGoodput(
    [...goodput('ip', 4), ...goodput('vxlan', 2), ...goodput('cilion', 3)],
    ['tcp-1'],
    1,
  );
  const [row] = rows;
  near(row?.ratios['ip']?.low, 0.75);
  near(row?.ratios['vxlan']?.high, 1.5);
  near(row?.rates['ip']?.estimate, 4e9 * 5.5);
  // Two seconds of a core in one second.
  near(summariseGoodput(goodput('ip', 4).slice(0, 1), ['tcp-1'], 1).rows[0]?.costs['ip']?.estimate, 2 / 4);
  const verdict = (of: string) => goals.find(({ what }) => what.endsWith(`1 transit AS: cilion ÷ ${of}`))?.verdict;
  assert.deepEqual([verdict('vxlan'), verdict('ip'), verdict('sig')], ['met', 'missed', 'not measured']);
});

test('a measurement in which nothing arrived is one of nothing, and has no cost and no ratio', () => {
  const none = goodput('vxlan', 1, { intervalBytes: [] });
  const [row] = summariseGoodput([...none, ...goodput('cilion', 1)], ['tcp-1'], 1).rows;
  assert.equal(row?.rates['vxlan']?.estimate, 0);
  assert.deepEqual([row?.costs['vxlan'], row?.ratios['vxlan']], [undefined, undefined]);
});

test('the gateway is compared with cilion beside the same services, never with the other', () => {
  const reference = { controlPlane: 'reference' } as const;
  const samples = [...goodput('cilion', 8), ...goodput('cilion', 3, reference), ...goodput('sig', 0.5, reference)];
  const [row] = summariseGoodput(samples, ['tcp-1'], 1).rows;
  assert.deepEqual(Object.keys(row?.rates ?? {}), ['sig', 'cilion', 'cilion (services)']);
  near(row?.ratios['sig']?.estimate, 6);
});

test('what a transit AS adds is the slope over the lengths, whatever a round trip takes without any', () => {
  const over = (subject: ChainSubject, base: number, each: number) =>
    [0, 1, 3].flatMap((transits) => latency(subject, transits, base + each * transits));
  const { perTransit, rows, goals } = summariseLatency([...over('ip', 20, 8), ...over('cilion', 50, 4)], ['idle'], 1);
  near(perTransit[0]?.ratios['ip']?.estimate, 0.5);
  near(perTransit[0]?.added['ip']?.estimate, 8 * 1.45);
  assert.equal(goals[0]?.verdict, 'met');
  near(rows.find(({ transits }) => transits === 0)?.quantiles['ip']?.p50.estimate, 20 * 1.45);
  near(rows[0]?.losses['ip'], 0.01);
});

test('one length tells nothing of what a transit AS adds', () => {
  const { perTransit, goals } = summariseLatency(latency('ip', 1, 20), ['idle'], 1);
  assert.deepEqual(perTransit, []);
  assert.equal(goals[0]?.verdict, 'not measured');
});

test('the middle half has no tail in it; a slope needs two lengths', () => {
  assert.equal(middle([1, 10, 10, 11, 11, 12, 12, 1000]), 11);
  assert.equal(
    slope([
      [0, 1],
      [2, 5],
    ]),
    2,
  );
  assert.equal(
    slope([
      [1, 1],
      [1, 5],
    ]),
    null,
  );
});

test('a goal is met or missed only by the whole interval', () => {
  const verdict = (low: number, high: number, sense: 'atLeast' | 'atMost') =>
    goal({ what: '', sense, bound: 1, unit: '', figure: { estimate: (low + high) / 2, low, high } }).verdict;
  assert.deepEqual(
    [verdict(1, 2, 'atLeast'), verdict(0.5, 0.9, 'atLeast'), verdict(0.9, 1.1, 'atLeast')],
    ['met', 'missed', 'open'],
  );
  assert.deepEqual(
    [verdict(0.5, 1, 'atMost'), verdict(1.1, 2, 'atMost'), verdict(0.9, 1.1, 'atMost')],
    ['met', 'missed', 'open'],
  );
});

test('bringup shows the median with the least and the most', () => {
  const { rows, goals } = summariseBringup([bringup(0, 1.5), bringup(1, 4), bringup(2, 1.8)]);
  assert.deepEqual(rows[0]?.firstPacket, { estimate: 1.8, low: 1.5, high: 4 });
  assert.equal(goals[0]?.verdict, 'open');
});

test('lines of ping are read, and only those', () => {
  assert.deepEqual(parseAnswer('64 bytes from 10.2.1.2: icmp_seq=7 ttl=62 time=0.041 ms'), { sequence: 7, us: 41 });
  assert.equal(parseAnswer('From 10.2.1.1 icmp_seq=7 Destination Host Unreachable'), null);
});

const MANIFEST: Omit<BenchManifest, 'bench'> = {
  schema: 1,
  harness: 1,
  runId: 'abcdef',
  title: 'A <bench>',
  command: ['cilion', 'bench'],
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
  seed: 1,
  settings: { blocks: BLOCKS },
  git: null,
  versions: { kernel: '6.18' },
  machine: { cpu: 'x', cores: 2, memoryBytes: 1 },
  bpf: {},
  mechanisms: { aes: 'table' },
  stageSeconds: {},
  invalid: [],
  load: null,
  loadAverageBefore: 0.1,
};

const bundleOf = (summary: BenchSummary, manifest: Partial<BenchManifest> = {}) => ({
  folder: '',
  manifest: { ...MANIFEST, bench: summary.bench, ...manifest },
  samples: [],
  summary,
});

const SUMMARIES: readonly BenchSummary[] = [
  summariseGoodput(
    [...goodput('ip', 4), ...goodput('cilion', 3), ...goodput('cilion', 1, { traffic: 'udp', datagrams: 10, lost: 1 })],
    ['tcp-1', 'udp'],
    1,
  ),
  summariseLatency(
    [...latency('ip', 0, 20), ...latency('ip', 2, 30), ...latency('cilion', 0, 20), ...latency('cilion', 2, 24)],
    ['idle'],
    1,
  ),
  summariseBringup([bringup(0, 1.5)]),
];

for (const summary of SUMMARIES) {
  test(`page and text of ${summary.bench} show figures and goals, and escape what is not theirs`, () => {
    const page = benchPage(bundleOf(summary));
    assert.ok(page.includes('A &#60;bench&#62;'));
    assert.ok(page.includes('<svg class="bars"'));
    for (const { what } of 'goals' in summary ? summary.goals : []) {
      assert.ok(page.includes(what), what);
    }
    assert.ok(!/NaN|undefined|Infinity/.test(page));
    const text = benchText(bundleOf(summary));
    assert.match(text, /Goals:/);
    assert.doesNotMatch(text, /NaN|undefined|Infinity|Busy machine/);
    assert.match(benchText(bundleOf(summary, { loadAverageBefore: 9 })), /Busy machine: load average 9/);
  });

  test(`${summary.bench} is compared with itself without a difference`, () => {
    const bundle = bundleOf(summary);
    assert.deepEqual(benchObstacles(bundle.manifest, bundle.manifest), []);
    const { rows } = compareBenches(bundle, bundle);
    assert.ok(rows.length > 0);
    assert.ok(rows.every(({ ratio, differs }) => ratio === 1 && differs === false));
  });
}

test('seconds of labs on another machine are not compared', () => {
  const { manifest } = bundleOf(SUMMARIES[2]!);
  const other = { ...manifest, versions: { kernel: '6.1' } };
  assert.match(benchObstacles(manifest, other)[0] ?? '', /kernel/);
});
