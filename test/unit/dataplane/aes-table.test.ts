import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { aesTableHeader, substitute } from '../../../src/dataplane/generate-aes-table.ts';

test('the S-box holds the values printed in FIPS-197 figure 7', () => {
  assert.deepEqual([0x00, 0x01, 0x53, 0xff].map(substitute), [0x63, 0x7c, 0xed, 0x16]);
  assert.equal(new Set(Array.from({ length: 256 }, (_, a) => substitute(a))).size, 256);
});

test('the committed AES table is what the generator makes', () => {
  const committed = readFileSync(new URL('../../../bpf/aes_table.h', import.meta.url), 'utf8');
  assert.equal(committed, aesTableHeader());
});
