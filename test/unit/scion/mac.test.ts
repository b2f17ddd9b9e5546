import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/scion/format-error.ts';
import {
  aesCmacBlock,
  aesRoundKeys,
  chainSegId,
  cmacSubkeys,
  deriveForwardingKey,
  hopMac,
  hopMacInput,
} from '../../../src/scion/mac.ts';
import { formats, fromHex, toHex } from './vectors.ts';

const KEY = fromHex('2b7e151628aed2a6abf7158809cf4f3c');

test('the key expansion is that of FIPS-197 appendix A.1', () => {
  const words = toHex(aesRoundKeys(KEY)).match(/.{8}/g)!;
  assert.equal(words.length, 44);
  assert.deepEqual(words.slice(0, 4), ['2b7e1516', '28aed2a6', 'abf71588', '09cf4f3c']);
  assert.deepEqual(words.slice(4, 12), [
    'a0fafe17',
    '88542cb1',
    '23a33939',
    '2a6c7605',
    'f2c295f2',
    '7a96b943',
    '5935807a',
    '7359f67f',
  ]);
  assert.deepEqual(words.slice(36), [
    'ac7766f3',
    '19fadc21',
    '28d12941',
    '575c006e',
    'd014f9a8',
    'c9ee2589',
    'e13f0cc8',
    'b6630ca6',
  ]);
});

test('the CMAC subkeys and the tag of one block are those of RFC 4493 section 4', () => {
  const { k1, k2 } = cmacSubkeys(KEY);
  assert.equal(toHex(k1), 'fbeed618357133667c85e08f7236a8de');
  assert.equal(toHex(k2), 'f7ddac306ae266ccf90bc11ee46d513b');
  const tag = aesCmacBlock(KEY, fromHex('6bc1bee22e409f96e93d7e117393172a'));
  assert.equal(toHex(tag), '070a16b46b4d4144f79bdd9dd04a287c');
});

test('forwarding keys, hop MACs and the next SegID are those of the reference implementation', () => {
  assert.ok(formats.macs.length >= 20);
  for (const vector of formats.macs) {
    const key = deriveForwardingKey(fromHex(vector.masterKey));
    assert.equal(toHex(key), vector.forwardingKey);
    assert.equal(toHex(aesCmacBlock(key, hopMacInput(vector, vector))), vector.mac);
    const mac = hopMac(key, vector, vector);
    assert.equal(toHex(mac), vector.mac.slice(0, 12));
    assert.equal(chainSegId(vector.segId, mac), vector.nextSegId);
    assert.equal(chainSegId(vector.nextSegId, mac), vector.segId);
  }
});

test('a key or block of another length is refused', () => {
  assert.throws(() => aesRoundKeys(new Uint8Array(24)), FormatError);
  assert.throws(() => aesCmacBlock(new Uint8Array(15), new Uint8Array(16)), FormatError);
  assert.throws(() => aesCmacBlock(KEY, new Uint8Array(17)), FormatError);
});
