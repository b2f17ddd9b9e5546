/** IPv4 addresses and prefixes as numbers and as text. */

export interface Prefix {
  /** Network address as a 32-bit number. */
  readonly network: number;
  readonly length: number;
}

/** @throws RangeError unless the text is four decimal octets */
export function parseIpv4(text: string): number {
  const octets = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) throw new RangeError(`"${text}" is no IPv4 address`);
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** @throws RangeError unless the text is `a.b.c.d/n` without address bits beyond the prefix */
export function parsePrefix(text: string): Prefix {
  const [address = '', lengthText = ''] = text.split('/');
  const length = /^\d{1,2}$/.test(lengthText) ? Number(lengthText) : 33;
  if (length > 32) throw new RangeError(`"${text}" is no IPv4 prefix`);
  const network = parseIpv4(address);
  if (network % span(length) !== 0) throw new RangeError(`"${text}" has address bits set beyond its ${length}`);
  return { network, length };
}

export function formatPrefix({ network, length }: Prefix): string {
  return `${formatIpv4(network)}/${length}`;
}

export function mask(length: number): number {
  return 2 ** 32 - span(length);
}

/** Whether one of the two contains the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  const shorter = span(Math.min(a.length, b.length));
  return Math.floor(a.network / shorter) === Math.floor(b.network / shorter);
}

export function contains(prefix: Prefix, address: number): boolean {
  return overlaps(prefix, { network: address, length: 32 });
}

/** The two halves of a prefix: what a more-specific hijack announces. */
export function halves({ network, length }: Prefix): [Prefix, Prefix] {
  return [
    { network, length: length + 1 },
    { network: network + span(length + 1), length: length + 1 },
  ];
}

/** Addresses in a prefix of this length. */
function span(length: number): number {
  return 2 ** (32 - length);
}
