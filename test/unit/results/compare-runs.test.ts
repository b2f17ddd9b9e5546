import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { compareRuns, runObstacles } from '../../../src/bench/compare.ts';
import type { Manifest } from '../../../src/results/bundle.ts';
import { readBundle } from '../../../src/results/bundle-reader.ts';
import { makeSyntheticBundle } from '../../fixtures/report/make-bundle.ts';
import { cilion } from '../../run/cilion.ts';

let folder: string;
let first: string;
let second: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cilion-compare-'));
  first = await makeSyntheticBundle({ resultsFolder: join(folder, '1'), seed: 1, repeat: 3 });
  second = await makeSyntheticBundle({ resultsFolder: join(folder, '2'), seed: 2, repeat: 2 });
});
after(() => rmSync(folder, { recursive: true }));

test('two runs of one scenario are compared metric by metric, by the medians of their repetitions', async () => {
  const { rows } = compareRuns(await readBundle(first), await readBundle(second));
  const lost = rows.filter(({ unit }) => unit === 'udp.lossRatio');
  const during = Object.fromEntries(lost.filter(({ what }) => what.includes('during')).map((row) => [row.what, row]));
  assert.deepEqual(Object.keys(during).sort(), ['cilion during probe', 'ip during probe', 'vxlan during probe']);
  assert.ok((during['ip during probe']!.a ?? 0) > 0.9 && (during['ip during probe']!.b ?? 0) > 0.9);
  const same = compareRuns(await readBundle(first), await readBundle(first));
  assert.ok(same.rows.length > 20);
  for (const { what, unit, ratio } of same.rows) assert.ok(ratio === null || ratio === 1, `${what} ${unit}`);
});

test('runs that tell of different things are refused, with every reason', async () => {
  const { manifest } = await readBundle(first);
  const obstacles = (change: Partial<Manifest>) => runObstacles(manifest, { ...manifest, ...change });
  assert.deepEqual(obstacles({}), []);
  assert.deepEqual(obstacles({ durationSeconds: 5, controlPlane: 'reference', transports: ['sig'] }), [
    'passes of 30 s and 5 s',
    'control plane computed and reference',
    'they have no transport in common',
  ]);
  const [input] = manifest.inputs;
  assert.deepEqual(obstacles({ inputs: [{ ...input!, sha256: '0' }] }), ['their input files differ']);
  assert.deepEqual(obstacles({ mechanisms: { ...manifest.mechanisms, clusters: 'kind' } }), [
    'the clusters of one are made by kind, those of the other by the lab',
  ]);
  assert.deepEqual(obstacles({ invalid: ['the machine was too busy'] }), [
    'the second is invalid: the machine was too busy',
  ]);
});

test('the command compares two bundles, and refuses with exit code 2', async () => {
  const { code, stdout } = await cilion(['compare', first, second]);
  assert.equal(code, 0);
  assert.match(stdout, /^what +of +before +after +after ÷ before$/m);
  assert.match(stdout, /^ip during probe +udp\.lossRatio +(0\.9|1)/m);
  const file = join(second, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  writeFileSync(file, JSON.stringify({ ...manifest, scenario: { ...manifest.scenario, name: 'other' } }));
  const refused = await cilion(['compare', first, second]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /cannot be compared:\n {2}scenarios \S+ and other\n/);
});
