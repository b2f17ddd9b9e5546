import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf, REASON_TEXTS, REASONS, reasonIndex } from '../../../src/dataplane/counters.ts';
import { enums } from '../../../src/dataplane/layouts.gen.ts';

test('every reason that the programs count under has a text, and every text a reason', () => {
  const { CILION_REASON_MAX, CILION_FIRST_SLOW: _, ...counted } = enums.cilion_reason;
  const names = Object.keys(counted).map((name) => name.replace('CILION_', ''));
  assert.deepEqual(Object.keys(REASON_TEXTS).toSorted(), names.toSorted());
  assert.deepEqual(
    REASONS.map(reasonIndex),
    Array.from({ length: CILION_REASON_MAX }, (_, index) => index),
  );
});

test('a forwarded packet is done, a malformed path is dropped, an expired hop field is for the slow path', () => {
  assert.equal(outcomeOf('FORWARDED'), 'done');
  assert.equal(outcomeOf('PROBE_HEARD'), 'done');
  assert.equal(outcomeOf('MALFORMED_PATH'), 'drop');
  assert.equal(outcomeOf('PROBE_INVALID'), 'drop');
  assert.equal(outcomeOf('UNKNOWN_VERSION'), 'slow');
  assert.equal(outcomeOf('EXPIRED_HOP'), 'slow');
});
