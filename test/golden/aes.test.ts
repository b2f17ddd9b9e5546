import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bpfObject, buildAll } from '../../src/dataplane/build.ts';
import { kernelAes, loadedMaps } from '../../src/dataplane/router.ts';
import { RouterMaps } from '../../src/dataplane/router-maps.ts';
import { type NativeObject, native } from '../../src/native.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { aesCmacBlock } from '../../src/scion/mac.ts';

const XDP_PASS = 2;

async function load(aes: 'table' | 'kernel'): Promise<{ object: NativeObject; maps: RouterMaps }> {
  process.env['CILION_AES'] = aes;
  await buildAll();
  const object = native().openObject(bpfObject('aes_test'));
  object.load();
  return { object, maps: new RouterMaps(loadedMaps(object), kernelAes(object)) };
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

for (const aes of ['table', 'kernel'] as const) {
  const { object, maps } = await load(aes);
  const [encrypt, mac] = [object.program('encrypt_block'), object.program('mac_block')];
  const setKey = (forwardingKey: Uint8Array) =>
    maps.configureAs(0, { ia: parseIsdAs('1-ff00:0:110'), forwardingKey, linkBase: 0, linkLimit: 1 });

  test(`AES by the ${aes} encrypts the block of FIPS-197 appendix C.1`, () => {
    setKey(hex('000102030405060708090a0b0c0d0e0f'));
    const { retval, data } = encrypt.run({ data: hex('00112233445566778899aabbccddeeff') });
    assert.equal(retval, XDP_PASS);
    assert.deepEqual(Uint8Array.from(data), hex('69c4e0d86a7b0430d8cdb78070b4c55a'));
  });

  test(`the MAC by the ${aes} is that of RFC 4493 section 4, example 2, cut to six bytes`, () => {
    setKey(hex('2b7e151628aed2a6abf7158809cf4f3c'));
    // Twice: computed, then from the cache.
    for (const _ of [1, 2]) {
      const { data } = mac.run({ data: hex('6bc1bee22e409f96e93d7e117393172a') });
      assert.deepEqual(Uint8Array.from(data).subarray(0, 8), hex('070a16b46b4d0000'));
    }
  });

  test(`the MAC by the ${aes} agrees with OpenSSL’s AES for a thousand keys and blocks`, () => {
    let block = hex('00112233445566778899aabbccddeeff');
    for (let round = 0; round < 1000; round++) {
      const key = aesCmacBlock(hex('000102030405060708090a0b0c0d0e0f'), block);
      const expected = aesCmacBlock(key, block);
      setKey(key);
      assert.deepEqual(Uint8Array.from(mac.run({ data: block }).data).subarray(0, 6), expected.subarray(0, 6));
      block = expected;
    }
  });
}

test('without its key in the kernel no MAC is right', async () => {
  const { object } = await load('kernel');
  const { data } = object.program('mac_block').run({ data: new Uint8Array(16) });
  assert.deepEqual(Uint8Array.from(data).subarray(0, 8), hex('ffffffffffffffff'));
});
