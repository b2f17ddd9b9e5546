/** An AS as policies name it: one AS of one ISD (`1-ff00:0:110`), or the AS of that number in every ISD (`ff00:0:110`). */
import { asnOf, IsdAsError, isdOf, parseIsdAs } from '../../scion/isd-as.ts';
import type { IsdAs } from '../../topology/model.ts';

export interface AsPattern {
  /** Absent: in any ISD. */
  readonly isd?: number;
  readonly asn: bigint;
  /** As canonical text. */
  readonly text: string;
}

export const AS_PATTERN_EXPECTED = 'an AS such as ff00:0:110, or an ISD-AS such as 1-ff00:0:110';

/** @throws IsdAsError for what names no AS */
export function parseAsPattern(text: string): AsPattern {
  if (text.includes('-')) {
    const ia = parseIsdAs(text);
    return { isd: isdOf(ia), asn: asnOf(ia), text: ia };
  }
  try {
    const ia = parseIsdAs(`1-${text}`);
    return { asn: asnOf(ia), text: ia.slice('1-'.length) };
  } catch (error) {
    if (!(error instanceof IsdAsError)) throw error;
    throw new IsdAsError(error.message.replaceAll(`1-${text}`, text));
  }
}

export function matchesAs({ isd, asn }: AsPattern, ia: IsdAs): boolean {
  return asnOf(ia) === asn && (isd === undefined || isdOf(ia) === isd);
}
