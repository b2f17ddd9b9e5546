import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSamples } from '../../src/measure/http.ts';
import { Intervals, parseDatagrams, parseInterval, whollyWithin } from '../../src/measure/iperf3.ts';
import { containsMarker, MARKER } from '../../src/measure/marker.ts';
import { parseIrtt } from '../../src/measure/udp.ts';
import type { HttpWorkload } from '../../src/scenario/model.ts';

const WINDOW = { t0Ns: 5_000_000_000n, durationNs: 1e9 };

test('an interval of one flow is read from its own line, of several flows from their sum', () => {
  const own = '[  5]   0.30-0.40   sec   122 KBytes  10004 Kbits/sec                  ';
  const sum = '[SUM]   0.30-0.40   sec   244 KBytes  20008 Kbits/sec                  ';
  assert.deepEqual(parseInterval(own, 1), { from: 0.3, to: 0.4, bytes: 125_050 });
  assert.equal(parseInterval(own, 2), null);
  assert.equal(parseInterval(sum, 2)?.bytes, 250_100);
});

test('an interval without a byte is an interval, and the summary at the end is none', () => {
  assert.equal(parseInterval('[  5]   1.10-1.20   sec  0.00 Bytes  0.00 Kbits/sec                  ', 1)?.bytes, 0);
  assert.equal(
    parseInterval('[  5]   0.00-2.51   sec  2.50 MBytes  8360 Kbits/sec                  receiver', 1),
    null,
  );
});

test('an interval of the receiver of datagrams tells what arrived and what is missing, and no other line does', () => {
  const line = '[  5]   0.10-0.20   sec  11.9 MBytes  998240 Kbits/sec  0.002 ms  12/10410 (0.12%)  ';
  assert.deepEqual(parseDatagrams(line), { from: 0.1, to: 0.2, bytes: 12_478_000, datagrams: 10_410, lost: 12 });
  assert.equal(parseDatagrams('[ ID] Interval           Transfer     Bitrate         Jitter'), null);
  const own = '[  5]   0.30-0.40   sec   122 KBytes  10004 Kbits/sec                  ';
  assert.equal(parseDatagrams(own), null);
  assert.equal(parseInterval(line, 1), null);
});

test('intervals are placed on the clock of the window by the line that came soonest, and the last is counted once', () => {
  const intervals = new Intervals((text) => parseInterval(text, 1));
  const line = (from: string, to: string) => `[  5]   ${from}-${to}   sec   122 KBytes  10000 Kbits/sec   `;
  for (const text of [line('0.00', '0.10'), 'Server listening', line('0.10', '0.20'), line('0.10', '0.20')])
    intervals.add(text);
  const t0Ns = process.hrtime.bigint();
  assert.equal(intervals.count, 2);
  const samples = intervals.samples({ t0Ns, durationNs: 1e9 });
  assert.deepEqual(
    samples.map(({ interval, bytes }) => [interval, bytes]),
    [
      [0.1, 125_000],
      [0.1, 125_000],
    ],
  );
  // Both came at once, so the second says that the first had ended a tenth of a second before.
  assert.ok(Math.abs(samples[1]!.t - samples[0]!.t - 0.1) < 2e-6);
  assert.deepEqual(whollyWithin(samples, { t0Ns, durationNs: 1e9 }), []);
});

const trip = (seqno: number, monotonic: number, rtt?: number) => ({
  seqno,
  lost: rtt === undefined ? 'true' : 'false',
  timestamps: { client: { send: { wall: 1_000_000_000_000 + monotonic, monotonic } } },
  delay: rtt === undefined ? {} : { rtt },
});

test('probes are placed on the clock of the pass, lost ones have no round trip, and those outside the window are left out', () => {
  // Wall clock 1000 s + 0.1 s is monotonic 4.9 s: 0.1 s before t0.
  const offset = 4_900_000_000n - 1_000_100_000_000n;
  const trips = [
    trip(0, 100_000_000, 250_000),
    trip(1, 300_000_000, 250_000),
    trip(2, 500_000_000),
    trip(3, 1_200_000_000),
  ];
  const { samples, faults } = parseIrtt(JSON.stringify({ round_trips: trips }), 'probe', WINDOW, offset);
  assert.deepEqual(faults, []);
  assert.deepEqual(samples, [
    { t: 0.1, seq: 1, rtt: 0.25 },
    { t: 0.3, seq: 2, rtt: null },
  ]);
});

test('irtt output that is missing, cut short or strange is a fault', () => {
  const faults = (text: string) => parseIrtt(text, 'probe', WINDOW, 0n).faults.join();
  assert.match(faults(''), /probe: irtt's output: there is none/);
  assert.match(faults('{"round_trips": ['), /probe: irtt's output: /);
  assert.match(faults('{"round_trips": [{"seqno": "x"}]}'), /seqno/);
  assert.match(faults('{"round_trips": []}'), /sent no probe/);
  const stopped = JSON.stringify({ send_err: { Err: 22 }, round_trips: [trip(0, 0, 1)] });
  assert.match(faults(stopped), /irtt stopped: \{"Err":22\}/);
});

const WEB: HttpWorkload = {
  name: 'web',
  kind: 'http',
  from: { cluster: 'a', pod: 'x' },
  to: { cluster: 'b', pod: 'y' },
  intervalNs: 500_000_000,
  timeoutNs: 1e9,
  responseBytes: 10,
};

test('HTTP samples come in order of their beginning, and missing or broken ones are faults', () => {
  const workload = WEB;
  const line = (t: number) => JSON.stringify({ t, ms: 1, ok: true, error: null });
  const whole = parseSamples(`${line(0.5)}\n${line(0)}\n`, workload, WINDOW);
  assert.deepEqual(
    whole.samples.map(({ t }) => t),
    [0, 0.5],
  );
  assert.deepEqual(whole.faults, []);
  assert.deepEqual(whole.starved, []);
  assert.deepEqual(parseSamples(`${line(0)}\n{"t":`, workload, WINDOW).faults, ['web: not a sample: {"t":']);
});

test('requests that did not begin are starvation, unless the window was broken off before', () => {
  const web: HttpWorkload = { ...WEB, intervalNs: 10_000_000 };
  const half = Array.from({ length: 50 }, (_, n) => JSON.stringify({ t: n / 100, ms: 1, ok: true, error: null }));
  assert.deepEqual(parseSamples(half.join('\n'), web, WINDOW).starved, [
    'web: no request began for 0.51 s from 0.49 s on, where one was due every 10 ms',
    'web: 50 requests began, not 100',
  ]);
  assert.deepEqual(parseSamples(half.join('\n'), web, { ...WINDOW, durationNs: 0.5e9 }).starved, []);
});

test('the marker and the payload of iperf3 are found anywhere, and not in noise', () => {
  assert.ok(containsMarker(Buffer.from(`xx${MARKER}yy`)));
  assert.ok(containsMarker(Buffer.from('789012345678901234567890123456')));
  assert.ok(!containsMarker(Buffer.from('CILION-CLEARTEXT')));
  assert.ok(!containsMarker(new Uint8Array(1500)));
});
