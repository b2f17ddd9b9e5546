/** Fields that the custom resources share. Each carries the rule by which the API server judges it (CEL). */
import { z } from 'zod';
import { parsedText } from '../../input/fields.ts';
import { parseIsdAs } from '../../scion/isd-as.ts';
import { parsePrefix } from '../../topology/ipv4.ts';
import { AS_PATTERN_EXPECTED, parseAsPattern } from '../policy/as-pattern.ts';

/** A rule of the API server: an expression over `self`, and what is said when it does not hold. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

export interface CrdFacts {
  readonly rules?: readonly CelRule[];
  /** Bounds of texts and lists, by which the API server estimates what rules cost. */
  readonly maxLength?: number;
}

/** What a resource's definition says of a field beyond its JSON Schema. */
export const crdFacts = z.registry<CrdFacts>();

const AS_TEXT = '([0-9]{1,10}|[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4})';
const ISD_AS = `^[1-9][0-9]{0,4}-${AS_TEXT}$`;
const MAX_AS_TEXT = 20;

const isdAsRules: readonly CelRule[] = [
  {
    rule: `self.matches('${ISD_AS}') && int(self.split('-')[0]) <= 65535`,
    message:
      'must be an ISD-AS such as 1-ff00:0:110 or 1-64512: a decimal ISD, then a decimal AS or three hexadecimal groups',
  },
];

export const isdAs = parsedText(parseIsdAs, 'an ISD-AS such as 1-ff00:0:110', '^\\d+-[0-9a-fA-F:]+$', [
  '1-ff00:0:110',
]).register(crdFacts, { rules: isdAsRules, maxLength: MAX_AS_TEXT });

export const asPattern = parsedText(parseAsPattern, AS_PATTERN_EXPECTED, '^(\\d+-)?[0-9a-fA-F:]+$', [
  'ff00:0:110',
  '1-ff00:0:110',
]).register(crdFacts, {
  maxLength: MAX_AS_TEXT,
  rules: [
    {
      rule: `self.matches('^([1-9][0-9]{0,4}-)?${AS_TEXT}$')`,
      message: 'must be an AS such as ff00:0:110, or an ISD-AS such as 1-ff00:0:110',
    },
  ],
});

export const isd = z.int().min(1).max(65_535);

export const cidr = parsedText(
  (text) => {
    parsePrefix(text);
    return text;
  },
  'an IPv4 prefix such as 10.1.0.0/16',
  '^\\d+(\\.\\d+){3}/\\d+$',
  ['10.2.0.0/16'],
).register(crdFacts, {
  maxLength: 18,
  rules: [
    {
      rule: 'isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self) == cidr(self).masked()',
      message: 'must be an IPv4 prefix such as 10.1.0.0/16, with no address bits beyond its length',
    },
  ],
});

export const ipv4 = parsedText(
  (text) => {
    parsePrefix(`${text}/32`);
    return text;
  },
  'an IPv4 address such as 192.0.2.1',
  '^\\d+(\\.\\d+){3}$',
  ['192.0.2.1'],
).register(crdFacts, {
  maxLength: 15,
  rules: [{ rule: 'isIP(self) && ip(self).family() == 4', message: 'must be an IPv4 address such as 192.0.2.1' }],
});

/** Text that has to be read, of at most so many characters, with a rule of its own where the API server can have one. */
export function boundedText<T>(
  parse: (text: string) => T,
  { expected, pattern, examples, ...facts }: CrdFacts & { expected: string; pattern: string; examples: string[] },
) {
  return parsedText(parse, expected, pattern, examples).register(crdFacts, facts);
}
