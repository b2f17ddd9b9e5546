/** MAC addresses as the bytes that maps hold. */

/** @throws RangeError unless the text is six hexadecimal octets */
export function macBytes(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw new RangeError(`"${text}" is no MAC address`);
  return Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
}
