import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepBaseline, ratiosAlone } from '../../../src/bench/baseline.ts';
import { readBenchFigures } from '../../../src/bench/bench-files.ts';
import { compareBenches } from '../../../src/bench/compare.ts';
import { CilionError } from '../../../src/errors.ts';

const ratio = { estimate: 0.8, low: 0.78, high: 0.82 };
const SUMMARY = {
  bench: 'router',
  rows: [
    {
      case: 'transit-1/few/64',
      cores: 1,
      frameBytes: 172,
      rates: { cilion: { estimate: 2e6, low: 1.9e6, high: 2.1e6 } },
      ratios: { redirect: ratio },
      loss: 0,
    },
  ],
} as const;

function withBundle(invalid: readonly string[], body: (bundle: string, baselines: string) => void): void {
  const bundle = mkdtempSync(join(tmpdir(), 'cilion-baseline-'));
  const machine = { cpu: 'x', cores: 2, memoryBytes: 1 };
  const manifest = {
    schema: 1,
    bench: 'router',
    harness: 1,
    settings: { blocks: 10 },
    mechanisms: {},
    versions: {},
    machine,
  };
  writeFileSync(join(bundle, 'manifest.json'), JSON.stringify({ ...manifest, invalid }));
  writeFileSync(join(bundle, 'summary.json'), JSON.stringify(SUMMARY));
  try {
    body(bundle, join(bundle, 'baselines'));
  } finally {
    rmSync(bundle, { recursive: true });
  }
}

test('a baseline has the ratios of its bundle, no rates and no samples, and bundles are compared with it', () => {
  withBundle([], (bundle, baselines) => {
    const folder = keepBaseline(bundle, baselines);
    assert.deepEqual(readdirSync(folder).sort(), ['manifest.json', 'summary.json']);
    const kept = readBenchFigures(folder);
    assert.ok(kept.summary.bench === 'router');
    assert.deepEqual(kept.summary.rows[0]!.rates, {});
    assert.deepEqual(kept.summary.rows[0]!.ratios, SUMMARY.rows[0].ratios);
    const { rows } = compareBenches(kept, readBenchFigures(bundle));
    assert.deepEqual(
      rows.map(({ a, b, differs }) => [a, b, differs]),
      [[0.8, 0.8, false]],
    );
  });
});

test('an invalid bundle, and a bench without ratios, make no baseline', () => {
  const refused = (error: unknown) => error instanceof CilionError && error.exitCode === 2;
  withBundle(['a process ended'], (bundle, baselines) => {
    assert.throws(() => keepBaseline(bundle, baselines), refused);
    assert.ok(!readdirSync(bundle).includes('baselines'));
  });
  assert.throws(() => ratiosAlone({ bench: 'prog', rows: [], programs: [] }), refused);
});
