/** IPv4 prefixes, as far as input files need them. */
import { parsedText } from '../input/fields.ts';

export interface Prefix {
  /** Network address as a 32-bit number. */
  readonly network: number;
  readonly length: number;
}

/** Longest prefix that has room for an AS's routers, its pods and its LAN, a /24 each. */
const MAX_LENGTH = 20;

/** What an AS cannot originate: this host, the lab's link addresses, multicast and beyond. */
const RESERVED = ['0.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '224.0.0.0/3'];

/** Throws an Error that says what is wrong: not `a.b.c.d/n`, or address bits set beyond the prefix. */
export function parsePrefix(text: string): Prefix {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const numbers = match?.slice(1).map(Number) ?? [];
  const [length = 33, ...octets] = numbers.toReversed();
  if (length > 32 || octets.some((octet) => octet > 255)) throw new Error(`"${text}" is no IPv4 prefix`);
  const network = octets.toReversed().reduce((value, octet) => value * 256 + octet, 0);
  if (network % 2 ** (32 - length) !== 0) throw new Error(`"${text}" has address bits set beyond its ${length}`);
  return { network, length };
}

/** Whether one of the two contains the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  const span = 2 ** (32 - Math.min(a.length, b.length));
  return Math.floor(a.network / span) === Math.floor(b.network / span);
}

/** Schema field of a prefix that keeps its text. */
export const prefixText = parsedText(
  (text) => {
    const prefix = parsePrefix(text);
    if (prefix.length < 8 || prefix.length > MAX_LENGTH)
      throw new Error(`"${text}" is not between /8 and /${MAX_LENGTH}`);
    const reserved = RESERVED.find((other) => overlaps(parsePrefix(other), prefix));
    if (reserved !== undefined) throw new Error(`"${text}" overlaps ${reserved}, which no AS can originate`);
    return text;
  },
  'an IPv4 prefix such as 10.1.0.0/16',
  '^\\d+(\\.\\d+){3}/\\d+$',
  ['10.1.0.0/16'],
);
