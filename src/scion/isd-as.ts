/** ISD-AS numbers as text and as the 64-bit number of the address header (16 bits of ISD, 48 bits of AS). */
import { CilionError } from '../errors.ts';
import type { IsdAs } from '../topology/model.ts';

const MAX_ISD = 65535;
/** AS numbers up to here are BGP's and are written in decimal; the rest are three groups of hexadecimal digits. */
const MAX_BGP_AS = 0xffff_ffffn;
const MAX_AS = 0xffff_ffff_ffffn;

/** What an ISD-AS looks like, for "expected …" in messages. */
export const ISD_AS_EXPECTED = 'an ISD-AS such as 1-ff00:0:110 or 1-64512';

/** Text or a number that is no ISD-AS of one AS. The message is a sentence that says why. */
export class IsdAsError extends CilionError {
  constructor(message: string) {
    super(message, { exitCode: 2, hint: ISD_AS_EXPECTED });
  }
}

/**
 * Reads `ISD-AS` in either notation and returns its canonical text: lower case, no leading zeros, decimal for BGP's numbers.
 * Throws IsdAsError, also for the wildcards ISD 0 and AS 0, which name no single AS.
 */
export function parseIsdAs(text: string): IsdAs {
  const parts = text.split('-');
  if (parts.length !== 2) throw new IsdAsError(`"${text}" is not one ISD and one AS joined by a dash`);
  return formatIsdAs(parseIsd(parts[0]!), parseAsn(parts[1]!));
}

/** Canonical text of an ISD (1…65535) and an AS number (1…2⁴⁸−1). Throws IsdAsError out of range. */
export function formatIsdAs(isd: number, asn: bigint): IsdAs {
  if (!Number.isInteger(isd) || isd < 1 || isd > MAX_ISD) throw new IsdAsError(`ISD ${isd} is not in 1–${MAX_ISD}`);
  if (asn < 1n || asn > MAX_AS) throw new IsdAsError(`AS ${asn} is not in 1–2^48-1`);
  return `${isd}-${formatAsn(asn)}` as IsdAs;
}

/** The 64-bit number of the address header: ISD in the upper 16 bits. */
export function isdAsToBigint(ia: IsdAs): bigint {
  return (BigInt(isdOf(ia)) << 48n) | asnOf(ia);
}

/** Reverse of `isdAsToBigint`. Throws IsdAsError for wildcards and for numbers beyond 64 bits. */
export function bigintToIsdAs(value: bigint): IsdAs {
  return formatIsdAs(Number(value >> 48n), value & MAX_AS);
}

/** ISD number of a parsed ISD-AS. */
export function isdOf(ia: IsdAs): number {
  return parseIsd(ia.slice(0, ia.indexOf('-')));
}

/** AS number of a parsed ISD-AS. */
export function asnOf(ia: IsdAs): bigint {
  return parseAsn(ia.slice(ia.indexOf('-') + 1));
}

/** Order by ISD, then AS, both as numbers: for `sort`. */
export function compareIsdAs(a: IsdAs, b: IsdAs): number {
  const x = isdAsToBigint(a);
  const y = isdAsToBigint(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function parseIsd(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new IsdAsError(`ISD "${text}" is not a decimal number`);
  return Number(text);
}

function parseAsn(text: string): bigint {
  const groups = text.split(':');
  if (groups.length === 1) return parseBgpAsn(text);
  if (groups.length !== 3) throw new IsdAsError(`AS "${text}" has ${groups.length} groups where three are needed`);
  return groups.reduce((asn, group) => (asn << 16n) | parseGroup(group), 0n);
}

function parseBgpAsn(text: string): bigint {
  if (!/^[0-9]+$/.test(text)) throw new IsdAsError(`AS "${text}" is neither decimal nor three hexadecimal groups`);
  const asn = BigInt(text);
  if (asn > MAX_BGP_AS) throw new IsdAsError(`AS ${text} is above 2^32-1 and must be written in hexadecimal groups`);
  return asn;
}

function parseGroup(text: string): bigint {
  if (!/^[0-9a-f]{1,4}$/i.test(text)) {
    throw new IsdAsError(`AS group "${text}" is not one to four hexadecimal digits (0–9, a–f)`);
  }
  return BigInt(`0x${text}`);
}

function formatAsn(asn: bigint): string {
  if (asn <= MAX_BGP_AS) return asn.toString();
  return [asn >> 32n, (asn >> 16n) & 0xffffn, asn & 0xffffn].map((group) => group.toString(16)).join(':');
}
