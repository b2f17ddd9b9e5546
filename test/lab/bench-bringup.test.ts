/** The bringup bench builds labs and says when they work. How fast is no matter of a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cilion } from '../run/cilion.ts';
import { bench, interrupt, withResults } from './bench-of-pods.ts';

test('labs of two sizes come up, carry a packet, converge and are gone', async () => {
  const { bundle, ended, again } = await bench([
    'bringup',
    ...['--sizes', '4,8', '--reference-sizes', 'none', '--clusters', '2', '--blocks', '1'],
  ]);
  const { samples, summary } = bundle;
  for (const sample of samples) {
    assert.ok(sample.kind === 'bringup');
    const { planned, built, pathsKnown, loaded, attached, firstPacket, bgpConverged, memory } = sample;
    const moments = [0, planned, built, pathsKnown, loaded, attached, firstPacket];
    assert.deepEqual(
      moments,
      moments.toSorted((a, b) => a - b),
    );
    assert.ok(bgpConverged > built);
    assert.equal(sample.clusters, 2);
    // A BIRD for each AS at least.
    assert.ok(memory.processCount >= sample.ases);
    assert.ok(memory.processes > 0);
  }
  assert.ok(summary.bench === 'bringup');
  assert.deepEqual(
    summary.rows.map(({ ases }) => ases),
    [4, 8],
  );
  assert.equal(ended.stdout, again);
});

test('Ctrl-C while a lab comes up leaves neither lab nor bundle', () =>
  interrupt(['bringup', '--sizes', '16', '--reference-sizes', 'none', '--clusters', '4']));

test('a lab for which memory does not suffice is refused before anything is built', async () => {
  await withResults(async (results) => {
    const args = ['--sizes', '4000', '--reference-sizes', 'none', '--blocks', '1', '--results', results];
    const { code, stderr } = await cilion(['bench', 'bringup', ...args]);
    assert.equal(code, 3);
    assert.match(stderr, /4000 ASes \(computed\) can take/);
  });
});
