/** The gateway in the goodput bench, beside CilION over the same reference services. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from '../lab/bench-of-pods.ts';

test('the gateway and cilion are measured beside the same services, and compared with each other', async () => {
  const { bundle } = await bench([
    'goodput',
    ...['--transits', '0', '--subjects', 'sig,cilion', '--flows', '1', '--seconds', '1', '--blocks', '1'],
  ]);
  const { summary, samples, manifest } = bundle;
  assert.deepEqual(
    [...new Set(samples.map((sample) => ('controlPlane' in sample ? sample.controlPlane : '')))],
    ['computed', 'reference'],
  );
  assert.ok(summary.bench === 'goodput');
  for (const { rates, ratios } of summary.rows) {
    assert.deepEqual(Object.keys(rates), ['sig', 'cilion', 'cilion (services)']);
    assert.ok(Number.isFinite(ratios['sig']?.estimate));
  }
  assert.match(manifest.mechanisms['sig'] ?? '', /gateway/);
});
