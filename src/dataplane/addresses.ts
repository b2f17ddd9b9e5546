/** Text forms of addresses as the numbers and bytes that maps hold. */

/** @throws RangeError unless the text is four decimal octets */
export function ipv4Number(text: string): number {
  const octets = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) throw new RangeError(`"${text}" is no IPv4 address`);
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

export interface Prefix {
  readonly network: number;
  readonly length: number;
  readonly mask: number;
}

/** @throws RangeError unless the text is an IPv4 prefix without address bits beyond its length */
export function ipv4Prefix(text: string): Prefix {
  const [address = '', lengthText = ''] = text.split('/');
  const length = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (length > 32) throw new RangeError(`"${text}" is no IPv4 prefix`);
  const network = ipv4Number(address);
  const mask = 2 ** 32 - 2 ** (32 - length);
  if (network % 2 ** (32 - length) !== 0) throw new RangeError(`"${text}" has address bits set beyond its length`);
  return { network, length, mask };
}

/** @throws RangeError unless the text is six hexadecimal octets */
export function macBytes(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw new RangeError(`"${text}" is no MAC address`);
  return Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
}
