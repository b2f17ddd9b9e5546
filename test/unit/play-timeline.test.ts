import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATENESS_LIMIT_MS, playTimeline, timelineFaults } from '../../src/scenario/play-timeline.ts';

const never = new AbortController().signal;

test('actions happen at their times, also when one before them takes long', async () => {
  const t0 = performance.now() + 10;
  const slow = {
    at: 20e6,
    event: 'exec',
    text: 'slow',
    perform: () => new Promise<void>((done) => setTimeout(done, 80)),
  };
  const next = { at: 50e6, event: 'exec', text: 'next', perform: async () => {} };
  const records = await playTimeline('ip-1', [slow, next], t0, never);
  assert.deepEqual(
    records.map(({ text, planned }) => [text, planned]),
    [
      ['slow', 0.02],
      ['next', 0.05],
    ],
  );
  for (const { started, planned } of records) assert.ok(started >= planned - 0.002 && started < planned + 0.05);
  assert.ok(records[0]!.finished >= 0.095);
});

test('an action that fails is on record and makes the run invalid', async () => {
  const perform = async () => {
    throw new Error('no such link');
  };
  const records = await playTimeline(
    'ip-1',
    [{ at: 0, event: 'link.cut', text: 'cut', perform }],
    performance.now(),
    never,
  );
  assert.equal(records[0]?.error, 'no such link');
  assert.deepEqual(timelineFaults(records), ['ip-1: "cut" failed: no such link']);
});

test('an event that is late by more than the limit makes the run invalid', () => {
  const record = { pass: 'ip-1', event: 'link.cut', text: 'cut', planned: 1, finished: 2, error: null };
  assert.deepEqual(timelineFaults([{ ...record, started: 1 + (LATENESS_LIMIT_MS - 1) / 1000 }]), []);
  assert.deepEqual(timelineFaults([{ ...record, started: 1.05 }]), ['ip-1: "cut" was 50 ms late (limit 20 ms)']);
});

test('an aborted timeline does not wait for its end', async () => {
  const controller = new AbortController();
  const far = { at: 60e9, event: 'exec', text: 'far', perform: async () => {} };
  const playing = playTimeline('ip-1', [far], performance.now(), controller.signal);
  controller.abort(new Error('enough'));
  await assert.rejects(playing);
});
