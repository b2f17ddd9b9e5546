import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Rates, ratesBetween } from '../../../src/cli/top-rates.ts';
import { type PathReading, parseDevices, type Reading, type WireReading } from '../../../src/cli/top-readings.ts';
import { screenOf, shareRows } from '../../../src/cli/top-screen.ts';
import type { ReasonCount } from '../../../src/dataplane/counters.ts';
import type { IsdAs } from '../../../src/topology/model.ts';

const QUIET = { packets: 0, bytes: 0, dropped: 0 };

function wire(name: string, ab: Partial<typeof QUIET> = {}): WireReading {
  return { ends: [name, 'x'], ab: { ...QUIET, ...ab }, ba: QUIET };
}

function count(reason: ReasonCount['reason'], packets: number, outcome: ReasonCount['outcome'] = 'done'): ReasonCount {
  return { reason, packets, bytes: 0, outcome, text: '' };
}

function path(id: number, packets: number, macs = 'aa'): PathReading {
  return {
    ...{ id, policy: 0, rank: id, dst: '1-ff00:0:112' as IsdAs, host: '10.0.0.1', macs, state: 'answers' },
    ...{ rttNs: 2_500_000, sent: { packets, bytes: 0 }, from: 'a/a1', to: 'b/b1' },
  };
}

function reading(at: number, parts: Partial<Reading>): Reading {
  return { at, wires: [], places: [], paths: [], ...parts };
}

test('rates are what was counted between two readings over the time between them, busiest first', () => {
  const before = reading(1000, {
    wires: [wire('slow', { bytes: 100 }), wire('fast')],
    places: [{ place: 'core', counts: [count('FORWARDED', 10), count('BAD_MAC', 4, 'slow')] }],
    paths: [path(0, 5), path(1, 5)],
  });
  const now = reading(3000, {
    wires: [wire('slow', { bytes: 350, packets: 2 }), wire('fast', { bytes: 1000, packets: 8, dropped: 6 })],
    places: [{ place: 'core', counts: [count('FORWARDED', 30), count('TO_SIBLING', 2), count('BAD_MAC', 5, 'slow')] }],
    paths: [path(0, 5), path(1, 25)],
  });
  const rates = ratesBetween(before, now, ({ id }) => `path ${id}`);
  assert.equal(rates.seconds, 2);
  assert.deepEqual(
    rates.wires.map(({ ends: [name], ab }) => [name, ab]),
    [
      ['fast', { packets: 4, bits: 4000, dropped: 3 }],
      ['slow', { packets: 1, bits: 1000, dropped: 0 }],
    ],
  );
  const dropped = { BAD_MAC: 0.5 };
  assert.deepEqual(rates.places, [{ place: 'core', forwarded: 11, sent: 0, delivered: 0, dropped }]);
  assert.deepEqual(
    rates.paths.map(({ via, packets, rttMs }) => [via, packets, rttMs]),
    [
      ['path 1', 10, 2.5],
      ['path 0', 0, 2.5],
    ],
  );
});

test('a path id that has got another path meanwhile counts anew', () => {
  const before = reading(0, { paths: [path(0, 1000, 'aa')] });
  const rates = ratesBetween(before, reading(1000, { paths: [path(0, 3, 'bb')] }), () => '');
  assert.equal(rates.paths[0]?.packets, 0);
});

test('rows are shared out so that nothing is left over while somebody wants more', () => {
  assert.deepEqual(shareRows([3, 4, 5], 100), [3, 4, 5]);
  assert.deepEqual(shareRows([30, 4, 30], 24), [10, 4, 10]);
  assert.deepEqual(shareRows([30, 30], 7), [3, 3]);
});

function manyRates(rows: number): Rates {
  const way = { packets: 12345, bits: 9.87e8, dropped: 1 };
  return {
    seconds: 1,
    wires: Array.from({ length: rows }, (_, i) => ({ ends: [`core#${i}`, `leaf-${i}#1`], ab: way, ba: way })),
    places: Array.from({ length: rows }, (_, i) => {
      return { place: `as-${i}`, forwarded: 1e6, sent: 0.5, delivered: 0, dropped: { BAD_MAC: 3, NO_PATH: 1 } };
    }),
    paths: Array.from({ length: rows }, (_, i) => {
      const ends = { from: 'a/a1', to: 'b/b1', rank: i, policy: 0, via: 'left#1 core#2 right' };
      return { ...ends, packets: i, state: 'silent' as const, rttMs: null };
    }),
  };
}

test('a screen never has more lines or wider ones than the terminal', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 1, max: 250 }), fc.integer({ min: 1, max: 80 }), (n, columns, rows) => {
      const lines = screenOf('lab x', manyRates(n), { columns, rows, colour: false });
      assert.ok(lines.length <= rows && lines.every((line) => line.length <= columns));
    }),
  );
});

test('without a terminal a screen holds everything; what does not fit one is counted', () => {
  const all = screenOf('lab x', manyRates(30), {
    columns: Number.POSITIVE_INFINITY,
    rows: Number.POSITIVE_INFINITY,
    colour: false,
  });
  assert.ok(all.some((line) => /^core#29 +leaf-29#1 +987 +12345 +1 /.test(line)));
  assert.ok(all.some((line) => /^as-29 +1000000 +0\.5 +0 +4 {2}BAD_MAC 3, NO_PATH 1$/.test(line)));
  const some = screenOf('lab x', manyRates(30), { columns: 80, rows: 31, colour: false });
  assert.equal(some.filter((line) => line === '… and 24 more').length, 3);
});

test('colour changes nothing but colours, and only where something is wrong', () => {
  const plain = screenOf('t', manyRates(3), { columns: 60, rows: 40, colour: false });
  const coloured = screenOf('t', manyRates(3), { columns: 60, rows: 40, colour: true });
  assert.deepEqual(
    coloured.map((line) => line.replace(/\u001b\[\d+m/g, '')),
    plain,
  );
  assert.ok(coloured.some((line) => line.includes('\u001b[31m')));
});

test('what devices have received is read as the kernel prints it', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
   if1:123456789012    4567    0    3    0     0          0         0   204345    1001    0    0    0     0       0          0
`;
  assert.deepEqual(parseDevices(text)[1], {
    device: 'if1',
    received: { bytes: 123456789012, packets: 4567, dropped: 3 },
  });
});
