/** The latency bench measures round trips over chains of different lengths. How long they take is no matter of a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from './bench-of-pods.ts';

test('round trips over two lengths, idle and loaded, tell what a transit AS adds', async () => {
  const { bundle, ended, again } = await bench([
    'latency',
    ...['--transits', '0,2', '--subjects', 'ip,cilion', '--probes', '200', '--load', '20', '--blocks', '1'],
  ]);
  const { samples, summary } = bundle;
  assert.equal(samples.length, 2 * 2 * 2);
  for (const sample of samples) {
    assert.ok(sample.kind === 'latency');
    const what = `${sample.subject} over ${sample.transits}, ${sample.load}`;
    assert.equal(sample.rttUs.length, 200, what);
    const answered = sample.rttUs.filter((rtt) => rtt !== null);
    assert.ok(answered.length > 100, `${what}: ${answered.length} answered`);
    assert.ok(
      answered.every((rtt) => rtt > 0),
      what,
    );
    assert.equal(sample.loadBps > 0, sample.load === 'loaded', what);
  }
  assert.ok(summary.bench === 'latency');
  assert.deepEqual(
    summary.rows.map(({ load, transits }) => `${load} ${transits}`),
    ['idle 0', 'idle 2', 'loaded 0', 'loaded 2'],
  );
  for (const { quantiles } of summary.rows) {
    for (const { p50, p99, p999 } of Object.values(quantiles)) {
      assert.ok(p50.estimate <= p99.estimate && p99.estimate <= p999.estimate);
    }
  }
  assert.deepEqual(
    summary.perTransit.map(({ added }) => Object.keys(added)),
    [
      ['ip', 'cilion'],
      ['ip', 'cilion'],
    ],
  );
  assert.equal(ended.stdout, again);
});
