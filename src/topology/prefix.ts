/** The prefixes that an AS may originate, as input files name them. */
import { parsedText } from '../input/fields.ts';
import { overlaps, parsePrefix } from './ipv4.ts';

/** Longest prefix that has room for an AS's routers, its pods and its LAN, a /24 each. */
const MAX_LENGTH = 20;

/** What an AS cannot originate: this host, the lab's link addresses, multicast and beyond. */
const RESERVED = ['0.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '224.0.0.0/3'];

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
