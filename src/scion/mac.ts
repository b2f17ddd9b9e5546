/** Hop-field MACs (SCION header specification, "Hop Field MAC Computation"): AES-CMAC (RFC 4493) over one block. */
import { createCipheriv, pbkdf2Sync } from 'node:crypto';
import { AES_KEY_LENGTH } from './aes.ts';
import { FormatError, viewOf } from './format-error.ts';
import { type HopField, MAC_LENGTH } from './hop-field.ts';
import type { InfoField } from './info-field.ts';

export { aesRoundKeys } from './aes.ts';

const BLOCK_LENGTH = 16;
/** Parameters of the reference implementation's key derivation: a router with the same master key accepts our MACs. */
const DERIVATION_SALT = 'Derive OF Key';
const DERIVATION_ITERATIONS = 1000;

/** The 16-byte key of an AS's hop fields, from its master key of any length. */
export function deriveForwardingKey(masterKey: Uint8Array): Uint8Array {
  return pbkdf2Sync(masterKey, DERIVATION_SALT, DERIVATION_ITERATIONS, AES_KEY_LENGTH, 'sha256');
}

/** The two CMAC subkeys (RFC 4493 section 2.3), 16 bytes each. Hop MACs use k1 alone: their input is one full block. */
export function cmacSubkeys(key: Uint8Array): { readonly k1: Uint8Array; readonly k2: Uint8Array } {
  const { k1 } = cmacOf(key);
  return { k1: Uint8Array.from(k1), k2: doubled(k1) };
}

/** AES-CMAC of exactly 16 bytes. Throws FormatError for another length of key or block. */
export function aesCmacBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const { encrypt, k1 } = cmacOf(key);
  return encrypt(block.map((byte, index) => byte ^ k1[index]!));
}

/** The 16 bytes that a hop field's MAC covers. */
export function hopMacInput(
  info: Pick<InfoField, 'segId' | 'timestamp'>,
  hop: Pick<HopField, 'expTime' | 'consIngress' | 'consEgress'>,
): Uint8Array {
  const block = new Uint8Array(BLOCK_LENGTH);
  const view = viewOf(block);
  view.setUint16(2, info.segId);
  view.setUint32(4, info.timestamp);
  view.setUint8(9, hop.expTime);
  view.setUint16(10, hop.consIngress);
  view.setUint16(12, hop.consEgress);
  return block;
}

/**
 * MAC of a hop field (6 bytes) under an AS's forwarding key. `info.segId` is beta of this hop; of a peering hop, that of
 * the hop after it in construction direction.
 */
export function hopMac(
  forwardingKey: Uint8Array,
  info: Pick<InfoField, 'segId' | 'timestamp'>,
  hop: Pick<HopField, 'expTime' | 'consIngress' | 'consEgress'>,
): Uint8Array {
  return aesCmacBlock(forwardingKey, hopMacInput(info, hop)).slice(0, MAC_LENGTH);
}

/** Beta of the next hop: SegID XOR the first two bytes of this hop's MAC. The same step undoes itself. */
export function chainSegId(segId: number, mac: Uint8Array): number {
  return segId ^ viewOf(mac).getUint16(0);
}

interface Cmac {
  readonly encrypt: (block: Uint8Array) => Uint8Array;
  readonly k1: Uint8Array;
}

/** Setting up a cipher costs far more than the one block of a MAC. A key must not be changed after its first use. */
const prepared = new WeakMap<Uint8Array, Cmac>();

function cmacOf(key: Uint8Array): Cmac {
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const encrypt = blockCipher(key);
  const cmac = { encrypt, k1: doubled(encrypt(new Uint8Array(BLOCK_LENGTH))) };
  prepared.set(key, cmac);
  return cmac;
}

/** ECB keeps no state between blocks, and without padding each block comes out of update() at once. */
function blockCipher(key: Uint8Array): (block: Uint8Array) => Uint8Array {
  if (key.length !== AES_KEY_LENGTH) throw new FormatError(`AES key of ${key.length} bytes, 16 are needed`);
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return (block) => {
    if (block.length !== BLOCK_LENGTH) throw new FormatError(`AES block of ${block.length} bytes, 16 are needed`);
    return Uint8Array.from(cipher.update(block));
  };
}

/** Multiplication by x in GF(2¹²⁸) (RFC 4493 section 2.3). */
function doubled(block: Uint8Array): Uint8Array {
  const shifted = block.map((byte, index) => (byte << 1) | ((block[index + 1] ?? 0) >> 7));
  if (block[0]! & 0x80) shifted[BLOCK_LENGTH - 1]! ^= 0x87;
  return shifted;
}
