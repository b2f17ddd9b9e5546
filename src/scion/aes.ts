/** AES-128 key expansion (FIPS-197 section 5.2), which node:crypto does not expose and the BPF dataplane needs. */
import { FormatError } from './format-error.ts';

export const AES_KEY_LENGTH = 16;
/** Eleven round keys of 16 bytes. */
export const AES_ROUND_KEYS_LENGTH = 176;

/**
 * The eleven round keys, 176 bytes in the order of FIPS-197: the first 16 are the key itself. Read as u32 on a
 * little-endian machine these are the 44 words that a table implementation XORs into its state. Throws FormatError unless
 * the key has 16 bytes.
 */
export function aesRoundKeys(key: Uint8Array): Uint8Array {
  if (key.length !== AES_KEY_LENGTH) throw new FormatError(`AES key of ${key.length} bytes, 16 are needed`);
  const keys = new Uint8Array(AES_ROUND_KEYS_LENGTH);
  keys.set(key);
  let roundConstant = 1;
  for (let at = AES_KEY_LENGTH; at < AES_ROUND_KEYS_LENGTH; at += 4) {
    let word: readonly number[] = [...keys.subarray(at - 4, at)];
    if (at % AES_KEY_LENGTH === 0) {
      const [a, b, c, d] = word.map((byte) => SBOX[byte]!) as [number, number, number, number];
      word = [b ^ roundConstant, c, d, a];
      roundConstant = double(roundConstant);
    }
    for (const [index, byte] of word.entries()) keys[at + index] = keys[at + index - AES_KEY_LENGTH]! ^ byte;
  }
  return keys;
}

/** Multiplication by x in GF(2⁸) modulo x⁸+x⁴+x³+x+1 (FIPS-197 section 4.2.1). */
function double(byte: number): number {
  return ((byte << 1) ^ (byte & 0x80 ? 0x1b : 0)) & 0xff;
}

/** FIPS-197 section 5.1.1, computed instead of typed: the inverse in GF(2⁸), then the affine transformation. */
function substitutionBox(): Uint8Array {
  const box = new Uint8Array(256);
  // p runs through all non-zero elements as powers of 3 and q through their inverses.
  let p = 1;
  let q = 1;
  do {
    p ^= double(p);
    q = divideByThree(q);
    const rotations = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4);
    box[p] = rotations ^ 0x63;
  } while (p !== 1);
  box[0] = 0x63;
  return box;
}

/** The inverse of 3 is f6 = x⁷+x⁶+x⁵+x⁴+x²+x, so dividing by 3 sums those multiples. */
function divideByThree(byte: number): number {
  let quotient = 0;
  let multiple = byte;
  for (let bits = 0xf6; bits > 0; bits >>= 1) {
    if (bits & 1) quotient ^= multiple;
    multiple = double(multiple);
  }
  return quotient;
}

function rotate(byte: number, bits: number): number {
  return ((byte << bits) | (byte >> (8 - bits))) & 0xff;
}

const SBOX = substitutionBox();
