import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Watch } from '../../src/process/watch.ts';
import { PassClock } from '../../src/scenario/pass-clock.ts';
import { failures, LATENESS_LIMIT_MS, lateEvents, playTimeline } from '../../src/scenario/play-timeline.ts';

const never = new AbortController().signal;

/** A clock of a pass that began `ms` ago. */
const begun = (ms = 0, watch = new Watch(), signal = never) => new PassClock(performance.now() - ms, watch, signal);

test('actions happen at their times, also when one before them takes long', async () => {
  const slow = {
    at: 20e6,
    event: 'exec',
    text: 'slow',
    perform: () => new Promise<void>((done) => setTimeout(done, 80)),
  };
  const next = { at: 50e6, event: 'exec', text: 'next', perform: async () => {} };
  const records = await playTimeline('ip-1', [slow, next], begun(-10));
  assert.deepEqual(
    records.map(({ text, planned }) => [text, planned]),
    [
      ['slow', 0.02],
      ['next', 0.05],
    ],
  );
  for (const { started, planned } of records) assert.ok(started >= planned! - 0.002);
  assert.ok(records[1]!.started < records[0]!.finished, 'the second did not wait for the first');
  assert.ok(records[0]!.finished >= 0.095);
});

test('an action that fails is on record and makes the run invalid', async () => {
  const perform = async () => {
    throw new Error('no such link');
  };
  const records = await playTimeline('ip-1', [{ at: 0, event: 'link.cut', text: 'cut', perform }], begun());
  assert.equal(records[0]?.error, 'no such link');
  assert.deepEqual(failures(records), ['ip-1: "cut" failed: no such link']);
});

test('an event that is late by more than the limit makes the run invalid', () => {
  const record = { pass: 'ip-1', event: 'link.cut', text: 'cut', planned: 1, finished: 2, error: null };
  assert.deepEqual(lateEvents([{ ...record, started: 1 + (LATENESS_LIMIT_MS - 1) / 1000 }]), []);
  assert.deepEqual(lateEvents([{ ...record, started: 1.5 }]), [
    `ip-1: "cut" was 500 ms late (limit ${LATENESS_LIMIT_MS} ms)`,
  ]);
});

test('an event that comes while the event loop stands still is seen to be late', async () => {
  const event = { at: 10e6, event: 'link.cut', text: 'cut', perform: async () => {} };
  const playing = playTimeline('ip-1', [event], begun());
  for (const until = performance.now() + 300; performance.now() < until; );
  assert.match(lateEvents(await playing).join(), /^ip-1: "cut" was \d{3} ms late/);
});

test('when a part of the run ends, what is under way is ended, and what was to come does not happen and has no record', async () => {
  const watch = new Watch();
  const perform = async (over: AbortSignal) => {
    setTimeout(() => watch.report('BIRD of as-7 ended'), 10);
    await once(over, 'abort');
  };
  const long = { at: 0, event: 'exec', text: 'long', perform };
  const far = { at: 60e9, event: 'exec', text: 'far', perform: () => Promise.reject(new Error('it happened')) };
  const records = await playTimeline('ip-1', [long, far], begun(0, watch));
  assert.deepEqual(
    records.map(({ text, error }) => [text, error]),
    [['long', null]],
  );
});

test('an aborted timeline does not wait for its end', async () => {
  const controller = new AbortController();
  const far = { at: 60e9, event: 'exec', text: 'far', perform: async () => {} };
  const playing = playTimeline('ip-1', [far], begun(0, new Watch(), controller.signal));
  controller.abort(new Error('enough'));
  await assert.rejects(playing, /enough/);
});
