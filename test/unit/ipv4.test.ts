import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macBytes } from '../../src/dataplane/mac-address.ts';
import { formatPrefix, halves, mask, parseIpv4, parsePrefix } from '../../src/topology/ipv4.ts';

test('addresses become the numbers and bytes that they stand for', () => {
  assert.equal(parseIpv4('10.1.2.3'), 0x0a010203);
  assert.equal(parseIpv4('255.255.255.255'), 0xffffffff);
  assert.deepEqual(parsePrefix('10.1.0.0/16'), { network: 0x0a010000, length: 16 });
  assert.deepEqual(parsePrefix('0.0.0.0/0'), { network: 0, length: 0 });
  assert.deepEqual(macBytes('02:00:00:00:ab:01'), Uint8Array.of(2, 0, 0, 0, 0xab, 1));
});

test('what is no address is refused', () => {
  for (const text of ['10.1.2', '10.1.2.256', '10.1.2.3.4', '10.1.2.x', '10..2.3', '']) {
    assert.throws(() => parseIpv4(text), RangeError, text);
  }
  for (const text of ['10.1.2.0', '10.1.2.0/33', '10.1.2.3/24', '10.1.2.0/x']) {
    assert.throws(() => parsePrefix(text), RangeError, text);
  }
  for (const text of ['02:00:00:00:01', '02-00-00-00-00-01', '02:00:00:00:00:0g']) {
    assert.throws(() => macBytes(text), RangeError, text);
  }
});

test('a mask covers the network bits, and the halves of a prefix cover it', () => {
  assert.deepEqual([0, 16, 32].map(mask), [0, 0xffff0000, 0xffffffff]);
  assert.deepEqual(halves(parsePrefix('10.15.0.0/16')).map(formatPrefix), ['10.15.0.0/17', '10.15.128.0/17']);
});
