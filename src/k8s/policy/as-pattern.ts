/** An AS as policies name it: one AS of one ISD (`1-ff00:0:110`), or the AS of that number in every ISD (`ff00:0:110`). */
import { IsdAsError, isdOf, parseIsdAs } from '../../scion/isd-as.ts';
import type { IsdAs } from '../../topology/model.ts';

export interface AsPattern {
  /** Absent: in any ISD. */
  readonly isd?: number;
  /** Canonical text of the AS number. */
  readonly as: string;
  /** As a whole, canonical. */
  readonly text: string;
}

export const AS_PATTERN_EXPECTED = 'an AS such as ff00:0:110, or an ISD-AS such as 1-ff00:0:110';

/** @throws IsdAsError for what names no AS */
export function parseAsPattern(text: string): AsPattern {
  if (text.includes('-')) {
    const ia = parseIsdAs(text);
    return { isd: isdOf(ia), as: asOf(ia), text: ia };
  }
  const as = parseAs(text);
  return { as, text: as };
}

/** Canonical text of an AS number alone. @throws IsdAsError */
export function parseAs(text: string): string {
  try {
    return asOf(parseIsdAs(`1-${text}`));
  } catch (error) {
    if (!(error instanceof IsdAsError)) throw error;
    throw new IsdAsError(error.message.replaceAll(`1-${text}`, text));
  }
}

export function matchesAs({ isd, as }: AsPattern, ia: IsdAs): boolean {
  return asOf(ia) === as && (isd === undefined || isdOf(ia) === isd);
}

/** The part of an ISD-AS behind the ISD. */
export function asOf(ia: IsdAs): string {
  return ia.slice(ia.indexOf('-') + 1);
}
