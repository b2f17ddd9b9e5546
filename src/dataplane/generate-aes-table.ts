/** Writes bpf/aes_table.h: the AES round table T0, each entry twice in a row (bpf/aes.h says what for). */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Multiplication by x in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1 (FIPS-197 section 4.2). */
function xtime(a: number): number {
  return ((a << 1) ^ (a & 0x80 ? 0x11b : 0)) & 0xff;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let factor = a, rest = b; rest > 0; rest >>= 1, factor = xtime(factor)) {
    if (rest & 1) product ^= factor;
  }
  return product;
}

/** S-box (FIPS-197 section 5.1.1): the multiplicative inverse, which is a²⁵⁴, then the affine map. */
export function substitute(a: number): number {
  let inverse = 1;
  for (let i = 0; i < 254; i++) inverse = multiply(inverse, a);
  let result = 0x63;
  for (let shift = 0; shift < 5; shift++) result ^= (inverse << shift) | (inverse >> (8 - shift));
  return result & 0xff;
}

/** The column that MixColumns makes of S(a) in row 0; first byte lowest. */
export function roundEntry(a: number): number {
  const s = substitute(a);
  const s2 = xtime(s);
  return (s2 | (s << 8) | (s << 16) | ((s2 ^ s) << 24)) >>> 0;
}

/** Text of the C header. */
export function aesTableHeader(): string {
  const entries = Array.from({ length: 256 }, (_, a) => {
    const hex = roundEntry(a).toString(16).padStart(8, '0');
    return `0x${hex}${hex}ULL`;
  });
  const rows: string[] = [];
  for (let i = 0; i < entries.length; i += 4) rows.push(`    ${entries.slice(i, i + 4).join(', ')},`);
  return [
    '/* Made by src/dataplane/generate-aes-table.ts. */',
    '#pragma once',
    '',
    '#include "vmlinux.h"',
    '',
    '/* clang-format off */',
    'static const __u64 aes_table[256] __attribute__((aligned(64))) = {',
    ...rows,
    '};',
    '/* clang-format on */',
    '',
  ].join('\n');
}

if (import.meta.main) {
  writeFileSync(fileURLToPath(new URL('../../bpf/aes_table.h', import.meta.url)), aesTableHeader());
}
