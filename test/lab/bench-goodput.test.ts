/** The goodput bench measures every transport, and what it says is in its samples. How fast they are is no matter of a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, interrupt } from './bench-of-pods.ts';

const SUBJECTS = ['ip', 'xdp-pass', 'vxlan', 'wireguard', 'cilion'];

test('every transport carries TCP and UDP between neighbours, and cilion stands in a ratio to each', async () => {
  const { bundle, ended, again } = await bench([
    'goodput',
    ...['--transits', '0', '--subjects', SUBJECTS.join(','), '--flows', '1', '--seconds', '1', '--blocks', '1'],
  ]);
  const { samples, summary, manifest } = bundle;
  assert.equal(samples.length, 2 * SUBJECTS.length);
  for (const sample of samples) {
    assert.ok(sample.kind === 'goodput');
    const what = `${sample.subject} ${sample.traffic}`;
    assert.ok(sample.intervalBytes.length > 0 && sample.intervalBytes.some((bytes) => bytes > 0), what);
    assert.ok(sample.seconds > 0 && sample.seconds <= 1.001, `${what}: ${sample.seconds} s`);
    assert.ok(sample.cpuSeconds > 0, what);
    assert.equal(sample.traffic === 'udp', sample.datagrams !== undefined, what);
  }
  assert.ok(summary.bench === 'goodput');
  assert.deepEqual(
    summary.rows.map(({ traffic }) => traffic),
    ['tcp-1', 'udp'],
  );
  for (const { rates, costs, ratios } of summary.rows) {
    assert.deepEqual(Object.keys(rates), SUBJECTS);
    assert.deepEqual(Object.keys(ratios), SUBJECTS.slice(0, -1));
    for (const { estimate } of [...Object.values(ratios), ...Object.values(costs)]) {
      assert.ok(Number.isFinite(estimate) && estimate > 0);
    }
  }
  assert.match(manifest.mechanisms['wireguard'] ?? '', /wireguard/i);
  assert.ok(manifest.bpf['bench_pass.bpf.o'] !== undefined);
  assert.equal(ended.stdout, again);
});

test('Ctrl-C while labs are up leaves neither labs nor a bundle', () =>
  interrupt(['goodput', '--transits', '1,2', '--subjects', 'ip,cilion']));
