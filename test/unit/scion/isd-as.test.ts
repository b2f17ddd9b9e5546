import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  asnOf,
  bigintToIsdAs,
  compareIsdAs,
  formatIsdAs,
  IsdAsError,
  isdAsToBigint,
  isdOf,
  parseIsdAs,
} from '../../../src/scion/isd-as.ts';
import { formats } from './vectors.ts';

test('text and number of an ISD-AS are those of the reference implementation', () => {
  for (const { text, canonical, hex } of formats.ias) {
    const ia = parseIsdAs(text);
    assert.equal(ia, canonical);
    assert.equal(isdAsToBigint(ia), BigInt(`0x${hex}`));
    assert.equal(bigintToIsdAs(BigInt(`0x${hex}`)), canonical);
  }
});

test('every ISD-AS survives formatting and parsing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65535 }), fc.bigInt(1n, 0xffff_ffff_ffffn), (isd, asn) => {
      const ia = formatIsdAs(isd, asn);
      assert.equal(parseIsdAs(ia), ia);
      assert.equal(isdOf(ia), isd);
      assert.equal(asnOf(ia), asn);
      assert.equal(bigintToIsdAs(isdAsToBigint(ia)), ia);
    }),
  );
});

for (const [text, reason] of [
  ['64-0:0:anap', /AS group "anap" is not one to four hexadecimal digits/],
  ['0-ff00:0:110', /ISD 0 is not in 1–65535/],
  ['65536-1', /ISD 65536 is not in 1–65535/],
  ['1-0', /AS 0 is not in 1–2\^48-1/],
  ['1-0:0:0', /AS 0 is not in/],
  ['1-4294967296', /AS 4294967296 is above 2\^32-1/],
  ['1-ff00:0', /AS "ff00:0" has 2 groups/],
  ['1-ff00:0:110:1', /has 4 groups/],
  ['1-ff00:0:12345', /AS group "12345"/],
  ['1-ff00::110', /AS group ""/],
  ['1-ff00', /AS "ff00" is neither decimal nor three hexadecimal groups/],
  ['1', /is not one ISD and one AS joined by a dash/],
  ['1-2-3', /is not one ISD and one AS/],
  ['', /is not one ISD and one AS/],
  ['-1', /ISD "" is not a decimal number/],
  [' 1-2', /ISD " 1" is not a decimal number/],
] as const) {
  test(`"${text}" is refused with the reason`, () => {
    assert.throws(
      () => parseIsdAs(text),
      (error: unknown) => error instanceof IsdAsError && error.exitCode === 2 && reason.test(error.message),
    );
  });
}

test('a wildcard number is refused', () => {
  assert.throws(() => bigintToIsdAs(0x0001_0000_0000_0000n), IsdAsError);
  assert.throws(() => bigintToIsdAs(0x0000_ff00_0000_0110n), IsdAsError);
});

test('ASes are ordered by number, not by text', () => {
  const sorted = ['10-1', '2-ff00:0:1', '2-70000', '2-9'].map(parseIsdAs).sort(compareIsdAs);
  assert.deepEqual(sorted, ['2-9', '2-70000', '2-ff00:0:1', '10-1']);
});
