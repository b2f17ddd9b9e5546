import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BenchManifest, RateSample, RouterSample } from '../../../src/bench/bench-bundle.ts';
import { CASE_KINDS } from '../../../src/bench/case-kinds.ts';
import { caseFrames, caseName, PATHS_IN_MIX, parseCase } from '../../../src/bench/cases.ts';
import { benchObstacles, compareBenches } from '../../../src/bench/compare.ts';
import { ladderResult } from '../../../src/bench/measure.ts';
import { benchPage } from '../../../src/bench/report/bench-page.ts';
import { summariseRouter } from '../../../src/bench/router-summary.ts';
import { CilionError } from '../../../src/errors.ts';

const BLOCKS = 10;

/** `ns` of CPU time a packet, the same in each block but for the block's own share of it. */
function bursts(subject: string, ns: number, cores = 1): RouterSample[] {
  return Array.from({ length: BLOCKS }, (_, block) => ({
    kind: 'burst',
    block,
    subject,
    case: 'transit-1/few/64',
    cores,
    frameBytes: 190,
    sent: 1000 * cores,
    received: 1000 * cores,
    stray: 0,
    wallNs: 5e6,
    cpuNs: 1000 * cores * ns * (1 + block / 10),
  }));
}

function summaryOf(cilionNs: number) {
  const samples = [...bursts('redirect', 200), ...bursts('cilion', cilionNs), ...bursts('cilion', cilionNs, 2)];
  return summariseRouter(samples, ['transit-1/few/64'], 1);
}

const MANIFEST: BenchManifest = {
  schema: 1,
  bench: 'router',
  harness: 1,
  runId: 'abcdef',
  title: 'A <bench>',
  command: ['cilion', 'bench', 'router'],
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
  seed: 1,
  settings: { blocks: BLOCKS, 'packets a burst': 20_000 },
  git: null,
  versions: { kernel: '6.18' },
  machine: { cpu: 'x', cores: 2, memoryBytes: 1 },
  bpf: {},
  mechanisms: { aes: 'table' },
  stageSeconds: {},
  invalid: [],
  load: { idle: 0.5, steal: 0, waiting: 0 },
  loadAverageBefore: 0.1,
};

const bundleOf = (cilionNs: number, manifest: Partial<BenchManifest> = {}) => ({
  folder: '',
  manifest: { ...MANIFEST, ...manifest },
  samples: [],
  summary: summaryOf(cilionNs),
});

test('a ratio compares what was measured in the same block, whatever the machine did in it', () => {
  const [row] = summaryOf(250).rows;
  const { estimate, low, high } = row!.ratios['redirect']!;
  for (const value of [estimate, low, high]) assert.ok(Math.abs(value - 0.8) < 1e-9, `${value}`);
});

test('a rate is that of all cores together', () => {
  const [one, two] = summaryOf(250).rows.map(({ rates }) => rates['cilion']!.estimate);
  assert.ok(Math.abs(two! / one! - 2) < 1e-9);
});

test('of a ladder, loss-free is the highest rate without loss and peak the highest at all', () => {
  const step = (forwarded: number, received: number): RateSample => ({
    kind: 'rate',
    block: 0,
    subject: 'reference',
    case: 'transit-1/few/64',
    offered: forwarded,
    forwarded,
    sent: 1000,
    received,
  });
  assert.deepEqual(ladderResult([step(100, 1000), step(150, 1000), step(180, 800), step(60, 100)]), {
    lossFree: 150,
    peak: 180,
  });
  assert.deepEqual(ladderResult([step(40, 10)]), { lossFree: 0, peak: 40 });
});

test('a case is read back from its name, and a name that is none is told what would be', () => {
  for (const { name } of CASE_KINDS) assert.equal(caseName(parseCase(`${name}/cold/1400`)), `${name}/cold/1400`);
  for (const name of ['transit-9/few/64', 'transit-1/warm/64', 'transit-1/few/63', 'transit-1/few/1401', '']) {
    assert.throws(
      () => parseCase(name),
      (error) => error instanceof CilionError && error.exitCode === 2,
    );
  }
});

test('no two paths of a case share a MAC input, and payloads have the length that the name says', () => {
  const frames = caseFrames(parseCase('crossover-2/cold/64'), 1_700_000_000);
  assert.equal(frames.count, PATHS_IN_MIX.cold);
  const macs = new Set(frames.variants.map((fields) => Buffer.from(fields[0]!.mac).toString('hex')));
  assert.equal(macs.size, frames.count);
  const length = (payload: number) => caseFrames(parseCase(`transit-1/few/${payload}`), 0).first.length;
  assert.equal(length(1400) - length(64), 1336);
});

test('two benches of one kind are compared by their ratios, and intervals that do not meet are told', () => {
  const { rows, notes } = compareBenches(bundleOf(250), bundleOf(400));
  assert.deepEqual(notes, []);
  const row = rows.find(({ what }) => what === 'transit-1/few/64, 1 core')!;
  assert.equal(row.unit, '÷ redirect');
  assert.ok(Math.abs(row.ratio! - 0.625) < 1e-9);
  assert.equal(row.differs, true);
  assert.equal(compareBenches(bundleOf(250), bundleOf(250)).rows[0]!.differs, false);
});

test('what is not comparable is refused with the reason', () => {
  const other = (change: Partial<BenchManifest>) => benchObstacles(MANIFEST, { ...MANIFEST, ...change });
  assert.deepEqual(other({}), []);
  assert.deepEqual(other({ bench: 'prog' }), ['one is a bench of kind router, the other of kind prog']);
  assert.deepEqual(other({ settings: { 'packets a burst': 1 } }), ['packets a burst: 20000 and 1']);
  assert.deepEqual(other({ mechanisms: { aes: 'kernel' } }), ['AES: table, and kernel']);
  assert.deepEqual(other({ invalid: ['a process ended'] }), ['the second is invalid: a process ended']);
  const prog = { ...MANIFEST, bench: 'prog' as const };
  assert.deepEqual(benchObstacles(prog, { ...prog, machine: { ...MANIFEST.machine, cpu: 'y' } }), ['CPU x and y']);
});

test('the page holds every case and escapes what it is told', () => {
  const page = benchPage(bundleOf(250));
  assert.ok(page.includes('transit-1/few/64'));
  assert.ok(page.includes('A &#60;bench&#62;') && !page.includes('<bench>'));
  assert.ok(!page.includes('Busy machine'));
  assert.ok(benchPage(bundleOf(250, { loadAverageBefore: 5 })).includes('Busy machine: load average 5.0 before'));
});
