/** Bytes that are no valid SCION header, or values that do not fit into one. The message says which and why. */
export class FormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FormatError';
  }
}

/** Throws FormatError unless `value` is an integer in 0…2^bits−1. */
export function checkUnsigned(name: string, value: number, bits: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new FormatError(`${name} ${value} is not an unsigned number of ${bits} bits`);
  }
}

/** Throws FormatError unless at least `length` bytes are there. */
export function checkLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length < length) throw new FormatError(`${name} needs ${length} bytes and has ${bytes.length}`);
}

/** A big-endian-capable view of the same memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
