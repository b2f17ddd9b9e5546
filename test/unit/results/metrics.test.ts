import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservedPacket, TimelineRecord, UdpSample } from '../../../src/results/bundle.ts';
import { METRIC_UNITS, measure } from '../../../src/results/metrics.ts';
import type { PassData } from '../../../src/results/pass-data.ts';
import { phaseWindows } from '../../../src/results/phases.ts';
import { acrossRepetitions, summarise } from '../../../src/results/summary.ts';
import { judge } from '../../../src/results/verdicts.ts';
import type { Assertion, MetricName } from '../../../src/scenario/model.ts';

const ALL = { from: 0, to: 30 };

function event(name: string, started: number, error: string | null = null): TimelineRecord {
  return {
    pass: 'ip-1',
    event: name,
    text: name,
    planned: Math.floor(started),
    started,
    finished: started + 0.01,
    error,
  };
}

function probes(until: number, isLost: (t: number) => boolean): UdpSample[] {
  return Array.from({ length: Math.round(until / 0.1) }, (_, seq) => {
    const t = seq / 10;
    return { t, seq, rtt: isLost(t) ? null : 20 };
  });
}

function packet(t: number, dst: string, readable = false): ObservedPacket {
  return { t, link: 'l', bytes: 100, src: '10.1.0.2', dst, protocol: 'udp', readable };
}

function passData(parts: Partial<PassData> = {}): PassData {
  return {
    pass: { id: 'ip-1', transport: 'ip', repetition: 1, startedAt: 0 },
    durationSeconds: 30,
    workloads: [],
    events: [],
    wires: [],
    observed: null,
    ...parts,
  };
}

test('goodput is the bytes of the window, a sample across its edge counted by its share', () => {
  const samples = [1, 2, 3, 4].map((t) => ({ t, interval: 1, bytes: 1_000_000 }));
  const data = passData({ workloads: [{ kind: 'tcp', name: 'bulk', samples }] });
  assert.equal(measure('tcp.goodput', data, { from: 0, to: 4 }), 8_000_000);
  assert.equal(measure('tcp.goodput', data, { from: 1.5, to: 2.5 }), 8_000_000);
});

test('a transfer that has broken off counts as nothing delivered, one that has not begun does not count', () => {
  const samples = [2, 3].map((t) => ({ t, interval: 1, bytes: 1_000_000 }));
  const data = passData({ workloads: [{ kind: 'tcp', name: 'bulk', samples }] });
  assert.equal(measure('tcp.goodput', data, { from: 0, to: 5 }), 4_000_000);
  assert.equal(measure('tcp.goodput', data, { from: 10, to: 20 }), 0);
  assert.equal(measure('tcp.goodput', data, { from: 0, to: 1 }), null);
});

test('goodput leaves out the interval that the end of the pass cut short, but no longer silence', () => {
  const samples = Array.from({ length: 9 }, (_, i) => ({ t: (i + 1) * 0.1 + 0.05, interval: 0.1, bytes: 1000 }));
  const data = passData({ workloads: [{ kind: 'tcp', name: 'bulk', samples }] });
  assert.ok(Math.abs(measure('tcp.goodput', data, { from: 0, to: 1 })! - 80_000) < 1e-6);
  assert.ok(measure('tcp.goodput', data, { from: 0, to: 1.2 })! < 70_000);
});

test('goodput without a workload name is the sum over all TCP workloads', () => {
  const samples = [{ t: 1, interval: 1, bytes: 1000 }];
  const workloads = ['a', 'b'].map((name) => ({ kind: 'tcp' as const, name, samples }));
  assert.equal(measure('tcp.goodput', passData({ workloads }), { from: 0, to: 1 }), 16_000);
  assert.equal(measure('tcp.goodput', passData({ workloads }), { from: 0, to: 1 }, 'a'), 8000);
});

test('probes count in the window in which they were sent', () => {
  const samples = probes(30, (t) => t >= 10 && t < 20);
  const data = passData({ workloads: [{ kind: 'udp', name: 'probe', samples }] });
  const during = { from: 5, to: 15 };
  const values = (['udp.sent', 'udp.lost', 'udp.lossRatio', 'udp.rttP50', 'udp.rttP99'] as const).map((metric) =>
    measure(metric, data, during, 'probe'),
  );
  assert.deepEqual(values, [100, 50, 0.5, 20, 20]);
});

test('requests that failed have no latency', () => {
  const samples = [
    { t: 1, ms: 10, ok: true, error: null },
    { t: 2, ms: 1000, ok: false, error: 'timed out' },
    { t: 3, ms: 30, ok: true, error: null },
  ];
  const data = passData({ workloads: [{ kind: 'http', name: 'web', samples }] });
  const names: MetricName[] = [
    'http.requests',
    'http.failures',
    'http.successRatio',
    'http.latencyP50',
    'http.latencyP99',
  ];
  assert.deepEqual(
    names.map((metric) => measure(metric, data, ALL, 'web')),
    [3, 1, 2 / 3, 20, 29.8],
  );
});

test('what was not measured is null, never zero', () => {
  const data = passData();
  for (const metric of Object.keys(METRIC_UNITS) as MetricName[])
    assert.equal(measure(metric, data, ALL), null, metric);
});

test('an observer that saw nothing counts zero packets', () => {
  assert.equal(measure('observer.packets', passData({ observed: [] }), ALL), 0);
});

test('the observer counts packets, bytes and readable packets of the window', () => {
  const observed = [packet(9, 'a', true), packet(11, 'a', true), packet(12, 'a')];
  const data = passData({ observed });
  const names: MetricName[] = ['observer.packets', 'observer.bytes', 'observer.readablePackets'];
  assert.deepEqual(
    names.map((metric) => measure(metric, data, { from: 10, to: 20 })),
    [2, 200, 1],
  );
});

test('diversion runs from the actual start of the hijack to the first packet of a flow that was not there before', () => {
  const observed = [packet(9, 'usual'), packet(10.1, 'usual'), packet(10.25, 'diverted'), packet(11, 'diverted')];
  const events = [event('bgp.hijack', 10.003), event('bgp.withdraw', 20)];
  const value = measure('diversion.after', passData({ observed, events }), ALL);
  assert.ok(value !== null && Math.abs(value - 247) < 1e-6, `${value}`);
});

test('a cut diverts nothing', () => {
  const observed = [packet(10.25, 'x')];
  assert.equal(measure('diversion.after', passData({ observed, events: [event('link.cut', 10)] }), ALL), null);
});

test('recovery is the first probe after the withdrawal that begins ten answered ones', () => {
  // Answered for half a second at 20.5 s, which is too short, and for good from 21.2 s on.
  const isLost = (t: number): boolean => t >= 10 && t < 21.15 && !(t >= 20.45 && t < 20.95);
  const events = [event('bgp.hijack', 10), event('bgp.withdraw', 20)];
  const data = passData({ events, workloads: [{ kind: 'udp', name: 'probe', samples: probes(30, isLost) }] });
  const value = measure('recovery.after', data, ALL, 'probe');
  assert.ok(value !== null && Math.abs(value - 1200) < 1e-6, `${value}`);
});

test('a transport that stays down never recovers', () => {
  const events = [event('link.cut', 10), event('link.restore', 20)];
  const samples = probes(30, (t) => t >= 10);
  const data = passData({ events, workloads: [{ kind: 'udp', name: 'probe', samples }] });
  assert.equal(measure('recovery.after', data, ALL), null);
});

test('during runs from the first attack or cut to the last withdrawal or restore, as they really began', () => {
  const events = [
    event('exec', 2),
    event('link.cut', 8.5),
    event('bgp.hijack', 10.01),
    event('link.restore', 15),
    event('bgp.withdraw', 20.02),
  ];
  assert.deepEqual(phaseWindows(events, 30), [
    { phase: 'before', from: 0, to: 8.5 },
    { phase: 'during', from: 8.5, to: 20.02 },
    { phase: 'after', from: 20.02, to: 30 },
  ]);
});

test('a link that changes begins what is during, as an attack does', () => {
  assert.deepEqual(
    phaseWindows([event('link.shape', 2)], 5).map(({ from, to }) => [from, to]),
    [
      [0, 2],
      [2, 5],
      [5, 5],
    ],
  );
});

test('without an end the attack lasts, without an attack nothing is during', () => {
  assert.deepEqual(
    phaseWindows([event('bgp.leak', 10)], 30).map(({ from, to }) => to - from),
    [10, 20, 0],
  );
  assert.deepEqual(
    phaseWindows([event('bgp.withdraw', 10)], 30).map(({ from, to }) => to - from),
    [30, 0, 0],
  );
});

test('an event that failed did not happen', () => {
  assert.equal(phaseWindows([event('bgp.hijack', 10, 'BIRD is gone')], 30)[0]!.to, 30);
});

test('the summary holds each metric under its phase and workload, and medians over repetitions', () => {
  const repetition = (number: number, lossUntil: number): PassData => ({
    ...passData({
      events: [event('bgp.hijack', 10), event('bgp.withdraw', 20)],
      observed: [packet(10.5, 'x')],
      workloads: [{ kind: 'udp', name: 'probe', samples: probes(30, (t) => t >= 10 && t < lossUntil) }],
    }),
    pass: { id: `ip-${number}`, transport: 'ip', repetition: number, startedAt: 0 },
  });
  const passes = [repetition(1, 12), repetition(2, 20), repetition(3, 15)];
  const summary = summarise(passes, new Map([['ip-1', { 'no-path': 3 }]]));
  assert.equal(summary.passes[0]!.phases.during['']!['diversion.after'], 500);
  assert.equal(summary.passes[0]!.phases.before['probe']!['udp.lost'], 0);
  assert.deepEqual(summary.passes[0]!.drops, { 'no-path': 3 });
  const manifest = { passes: passes.map((data) => data.pass) };
  const at = { transport: 'ip', phase: 'during', workload: 'probe', metric: 'udp.lost' } as const;
  assert.deepEqual(acrossRepetitions(manifest, summary, at), { median: 50, values: [20, 100, 50] });
});

const ASSERTION: Assertion = {
  name: 'nothing is lost',
  transport: 'ip',
  metric: 'udp.lost',
  from: 0,
  to: 30e9,
  comparison: 'equals',
  value: 0,
};

test('an assertion holds only when every repetition holds', () => {
  const clean = passData({ workloads: [{ kind: 'udp', name: 'probe', samples: probes(30, () => false) }] });
  const lossy = passData({ workloads: [{ kind: 'udp', name: 'probe', samples: probes(30, (t) => t === 5) }] });
  assert.equal(judge([ASSERTION], [clean, clean]).holds, true);
  const { holds, verdicts } = judge([ASSERTION], [clean, lossy]);
  assert.equal(holds, false);
  assert.deepEqual(
    verdicts[0]!.actual.map(({ value }) => value),
    [0, 1],
  );
  assert.deepEqual([verdicts[0]!.from, verdicts[0]!.to, verdicts[0]!.unit], [0, 30, 'probes']);
});

test('an assertion about what was not measured does not hold', () => {
  assert.equal(judge([ASSERTION], [passData()]).holds, false);
  assert.equal(judge([ASSERTION], []).holds, false);
});

test('each comparison draws its line where it says', () => {
  const data = passData({ workloads: [{ kind: 'udp', name: 'probe', samples: probes(30, (t) => t < 1) }] });
  const holdsFor = (comparison: Assertion['comparison'], value: number): boolean =>
    judge([{ ...ASSERTION, comparison, value }], [data]).holds;
  const table: [Assertion['comparison'], boolean, boolean, boolean][] = [
    ['above', true, false, false],
    ['atLeast', true, true, false],
    ['below', false, false, true],
    ['atMost', false, true, true],
    ['equals', false, true, false],
  ];
  for (const [comparison, ...expected] of table) {
    assert.deepEqual(
      [9, 10, 11].map((value) => holdsFor(comparison, value)),
      expected,
      comparison,
    );
  }
});
