import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Layout, layoutFromBtf, structCodec, u32 } from '../../src/dataplane/layout.ts';
import type { BtfStruct } from '../../src/native.ts';

interface Inner {
  readonly a: number;
}

interface Sample {
  readonly small: number;
  readonly negative: number;
  readonly address: number;
  readonly mac: Uint8Array;
  readonly list: readonly number[];
  readonly pair: readonly Inner[];
  readonly wide: bigint;
  readonly ia: bigint;
}

/** As the addon describes a C struct with a byte of padding after `small` and an explicit `pad` at its end. */
const BTF: BtfStruct[] = [
  { name: 'inner', size: 2, fields: [{ name: 'a', offset: 0, size: 2, kind: 'int', typeName: '__u16' }] },
  {
    name: 'sample',
    size: 52,
    fields: [
      { name: 'small', offset: 0, size: 1, kind: 'int', typeName: '__u8' },
      { name: 'negative', offset: 2, size: 2, kind: 'int', typeName: '__s16', signed: true },
      { name: 'address', offset: 4, size: 4, kind: 'int', typeName: '__be32' },
      { name: 'mac', offset: 8, size: 6, kind: 'bytes' },
      { name: 'list', offset: 14, size: 6, kind: 'int', count: 3, typeName: '__be16' },
      { name: 'pair', offset: 20, size: 4, kind: 'struct', count: 2, type: 'inner' },
      { name: 'wide', offset: 24, size: 8, kind: 'int', typeName: '__u64' },
      { name: 'ia', offset: 32, size: 8, kind: 'int', typeName: '__be64' },
      { name: 'pad', offset: 40, size: 12, kind: 'int', count: 3, typeName: '__u32' },
    ],
  },
];

const codec = structCodec(layoutFromBtf(BTF, 'sample') as Layout<object> as Layout<Sample>);

const SAMPLE: Sample = {
  small: 0x11,
  negative: -2,
  address: 0x0a000001,
  mac: Uint8Array.of(1, 2, 3, 4, 5, 6),
  list: [1, 2, 0xffff],
  pair: [{ a: 0x0102 }, { a: 0x0304 }],
  wide: 0x0102030405060708n,
  ia: 0x0001_ff00_0000_0110n,
};

test('a struct encodes byte for byte: little-endian, __be fields big-endian, padding zero', () => {
  const expected = `11 00 feff 0a000001 010203040506 00010002ffff 0201 0403 0807060504030201 0001ff0000000110 ${'00'.repeat(12)}`;
  assert.equal(Buffer.from(codec.encode(SAMPLE)).toString('hex'), expected.replaceAll(' ', ''));
});

test('what is encoded at an offset decodes to the same, and bytes around it stay', () => {
  const into = new Uint8Array(codec.size + 8).fill(0xaa);
  assert.equal(codec.encode(SAMPLE, into, 4), into);
  assert.deepEqual(codec.decode(into, 4), SAMPLE);
  assert.deepEqual(
    [...into.slice(0, 4), ...into.slice(-4)],
    Array.from({ length: 8 }, () => 0xaa),
  );
});

test('any values in range come back as they were', () => {
  const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const sample: fc.Arbitrary<Sample> = fc.record({
    small: uint(8),
    negative: fc.integer({ min: -32768, max: 32767 }),
    address: uint(32),
    mac: fc.uint8Array({ minLength: 6, maxLength: 6 }),
    list: fc.tuple(uint(16), uint(16), uint(16)),
    pair: fc.tuple(fc.record({ a: uint(16) }), fc.record({ a: uint(16) })),
    wide: u64,
    ia: u64,
  });
  fc.assert(
    fc.property(sample, (values) => assert.deepEqual(codec.decode(codec.encode(values)), structuredClone(values))),
  );
});

test('decoded bytes are a copy', () => {
  const bytes = codec.encode(SAMPLE);
  const { mac } = codec.decode(bytes);
  bytes.fill(0);
  assert.deepEqual(mac, SAMPLE.mac);
});

test('a wrong value is a TypeError that names the field', () => {
  const refused = (change: object, message: string | RegExp) =>
    assert.throws(() => codec.encode({ ...SAMPLE, ...change }), { name: 'TypeError', message });
  refused({ small: 256 }, 'sample.small: 256 does not fit an unsigned 8-bit integer');
  refused({ small: -1 }, 'sample.small: -1 does not fit an unsigned 8-bit integer');
  refused({ negative: 32768 }, 'sample.negative: 32768 does not fit a signed 16-bit integer');
  refused({ address: 1.5 }, 'sample.address must be a whole number, not 1.5');
  refused({ address: 1n }, /sample\.address must be a whole number/);
  refused({ wide: 1 }, 'sample.wide must be a bigint, not 1');
  refused({ wide: 2n ** 64n }, /sample\.wide: .* does not fit an unsigned 64-bit integer/);
  refused({ mac: Uint8Array.of(1) }, 'sample.mac must be a Uint8Array of 6 bytes');
  refused({ list: [1, 2] }, 'sample.list must be an array of 3');
  refused({ list: [1, 2, 65536] }, /sample\.list\[2\]: 65536 does not fit/);
  refused({ pair: [{ a: 1 }, { b: 1 }] }, 'sample.pair[1] has no field b');
  refused({ pair: [{ a: 1 }, {}] }, 'sample.pair[1].a is missing');
  refused({ extra: 1 }, 'sample has no field extra');
  refused({ pad: [0, 0, 0] }, 'sample has no field pad');
});

test('too few bytes are a TypeError', () => {
  const message = 'sample has 52 bytes, but there are 51';
  assert.throws(() => codec.decode(new Uint8Array(51)), { name: 'TypeError', message });
  assert.throws(() => codec.encode(SAMPLE, new Uint8Array(52), 1), { name: 'TypeError', message });
});

test('a field without a JavaScript form is refused by name', () => {
  const withField = (name: string) => [
    { name: 'odd', size: 8, fields: [{ name, offset: 0, size: 8, kind: 'opaque' as const }] },
  ];
  assert.throws(() => layoutFromBtf(withField('next'), 'odd'), /struct odd: field next has no JavaScript form/);
  assert.throws(() => layoutFromBtf(withField(''), 'odd'), /struct odd: anonymous member at byte 0 has no/);
  assert.throws(() => layoutFromBtf(BTF, 'absent'), /no struct absent in the BTF/);
});

test('u32 is a little-endian map key', () => {
  assert.deepEqual(u32(0xfffffffe), Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
  assert.throws(() => u32(-1), TypeError);
});
