import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allDescriptions } from './reference/describe.ts';
import { reference } from './reference/packets.ts';
import { digestOf } from './row.ts';

test('the packets that the reference wrote are those of today’s tables', () => {
  assert.equal(
    digestOf(allDescriptions()),
    reference.digest,
    'write them anew: node_modules/.bin/node test/golden/reference/describe.ts | go -C testbed/scion run ./goldenpackets > test/golden/reference/packets.json',
  );
});
