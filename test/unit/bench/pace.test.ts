import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paceOf } from '../../../src/bench/pace.ts';

test('a pace offers its rate, in batches that a socket has room for', () => {
  for (let rate = 1000; rate <= 4_000_000; rate *= 1.25) {
    const { batch, batchNs } = paceOf(rate);
    assert.ok(Number.isInteger(batch) && batch >= 1 && batch <= 16, `${rate}`);
    assert.ok(Number.isInteger(batchNs) && batchNs > 0, `${rate}`);
    assert.ok(Math.abs((batch * 1e9) / batchNs / rate - 1) < 2e-4, `${rate}`);
  }
});

test('a core never waits longer than a millisecond for its next batch', () => {
  assert.deepEqual(paceOf(1000), { batch: 1, batchNs: 1_000_000 });
  assert.deepEqual(paceOf(2000), { batch: 2, batchNs: 1_000_000 });
  assert.deepEqual(paceOf(40_000), { batch: 16, batchNs: 400_000 });
  for (const rate of [0, -1, 999, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => paceOf(rate), RangeError);
});
