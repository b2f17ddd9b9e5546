import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadReading, loadBetween, parsePressure, parseStat } from '../../src/measure/machine-load.ts';
import { PAUSE_LIMIT_S, pauses, SENT_LIMIT, shortfall } from '../../src/measure/starvation.ts';
import { loadNotes } from '../../src/report/load-notes.ts';

const INTERVAL = 0.01;
const grid = (from: number, to: number) =>
  Array.from({ length: Math.round((to - from) / INTERVAL) }, (_, n) => from + n * INTERVAL);
const probes = (times: readonly number[]) => ({ what: 'probe was sent', times, interval: INTERVAL });

test('a generator that keeps its interval is not starved, nor is one that is late by less than the limit', () => {
  assert.deepEqual(pauses(probes(grid(0, 2)), 0, 2), []);
  const late = [...grid(0, 1), ...grid(1 + PAUSE_LIMIT_S - 0.002, 2)];
  assert.deepEqual(pauses(probes(late), 0, 2), []);
});

test('a generator that stood still is named with how long and since when, also at the beginning and at the end', () => {
  const said = (times: number[]) => pauses(probes(times), 0, 2).join();
  assert.equal(
    said([...grid(0, 1), ...grid(1.5, 2)]),
    'no probe was sent for 0.51 s from 0.99 s on, where one was due every 10 ms',
  );
  assert.match(said(grid(0.4, 2)), /for 0\.40 s from 0\.00 s on/);
  assert.match(said(grid(0, 1.2)), /for 0\.81 s from 1\.19 s on/);
  assert.match(said([]), /for 2\.00 s from 0\.00 s on/);
});

test('a generator that sent too few is named with how many, and one that left out a few is not', () => {
  const sent = (count: number) =>
    shortfall({ what: 'probes were sent', times: grid(0, 2).slice(0, count), interval: INTERVAL }, 2);
  assert.deepEqual(sent(200 * SENT_LIMIT), []);
  assert.deepEqual(sent(200 * SENT_LIMIT - 10), [`${200 * SENT_LIMIT - 10} probes were sent, not 200`]);
});

test('the load of a machine is read from the kernel’s texts', () => {
  const stat = 'cpu  100 5 50 800 20 0 15 10 7 0\ncpu0 50 2 25 400 10 0 7 5 3 0\n';
  assert.deepEqual(parseStat(stat), { total: 1000, idle: 820, steal: 10 });
  assert.equal(
    parsePressure('some avg10=36.97 avg60=13.69 avg300=4.02 total=1014472975\nfull avg10=0 total=0\n'),
    1014472975,
  );
  assert.equal(parsePressure(''), null);
});

test('the load between two readings is a share of the time, and unknown where there is none', () => {
  const first: LoadReading = { at: 1000, total: 1000, idle: 800, steal: 10, waitingUs: 5_000_000 };
  const second: LoadReading = { at: 2000, total: 1200, idle: 810, steal: 20, waitingUs: 5_250_000 };
  assert.deepEqual(loadBetween(first, second), { idle: 0.05, steal: 0.05, waiting: 0.25 });
  assert.equal(loadBetween({ ...first, waitingUs: null }, second)?.waiting, null);
  assert.equal(loadBetween(first, first), null);
});

test('the report mentions a pass whose machine had little left, and no other', () => {
  const pass = { transport: 'ip', repetition: 1, startedAt: 0 } as const;
  const busy = { ...pass, id: 'ip-1', load: { idle: 0.04, steal: 0.05, waiting: null } };
  const calm = { ...pass, id: 'ip-2', load: { idle: 0.6, steal: 0, waiting: 0.1 } };
  assert.deepEqual(loadNotes({ passes: [busy, calm, { ...pass, id: 'ip-3' }] }), [
    'ip-1: the processor was idle for only 4.0 % of it, and other machines took 5.0 % of the processor',
  ]);
});
