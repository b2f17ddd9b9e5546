import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4Number, ipv4Prefix, macBytes } from '../../../src/dataplane/addresses.ts';

test('addresses become the numbers and bytes that they stand for', () => {
  assert.equal(ipv4Number('10.1.2.3'), 0x0a010203);
  assert.equal(ipv4Number('255.255.255.255'), 0xffffffff);
  assert.deepEqual(ipv4Prefix('10.1.0.0/16'), { network: 0x0a010000, length: 16, mask: 0xffff0000 });
  assert.deepEqual(ipv4Prefix('0.0.0.0/0'), { network: 0, length: 0, mask: 0 });
  assert.deepEqual(macBytes('02:00:00:00:ab:01'), Uint8Array.of(2, 0, 0, 0, 0xab, 1));
});

test('what is no address is refused', () => {
  for (const text of ['10.1.2', '10.1.2.256', '10.1.2.3.4', '10.1.2.x', '10..2.3', '']) {
    assert.throws(() => ipv4Number(text), RangeError, text);
  }
  for (const text of ['10.1.2.0', '10.1.2.0/33', '10.1.2.3/24', '10.1.2.0/x']) {
    assert.throws(() => ipv4Prefix(text), RangeError, text);
  }
  for (const text of ['02:00:00:00:01', '02-00-00-00-00-01', '02:00:00:00:00:0g']) {
    assert.throws(() => macBytes(text), RangeError, text);
  }
});
