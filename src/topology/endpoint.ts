/** One end of a link as both file formats write it: `1-ff00:0:110#41`, `1-ff00:0:120-A#6`, `1-ff00:0:110`. */
import { parsedText } from '../input/fields.ts';
import { quoted } from '../input/nearest.ts';
import { parseIsdAs } from '../scion/isd-as.ts';
import type { InterfaceId, IsdAs } from './model.ts';

export interface Endpoint {
  readonly ia: IsdAs;
  /** Label of the border router. */
  readonly router?: string;
  /** Absent: the loader assigns one. */
  readonly ifid?: InterfaceId;
}

export const MAX_INTERFACE_ID = 65_535;

/** As the reference's generator takes it; a router's label ends up in file names. */
const ROUTER_LABEL = /^\w{1,32}$/;

const EXPECTED = 'ISD-AS#interface such as 1-ff00:0:110#1';
const PATTERN = '^\\d+-[0-9a-fA-F:]+(-\\w+)?(#\\d+)?$';

/** Throws an Error that says what is wrong. */
export function parseEndpoint(text: string): Endpoint {
  const [left = '', interfaceText, ...rest] = text.split('#');
  if (rest.length > 0) throw new Error(`${quoted(text)} has more than one #`);
  const [isd = '', asn = '', router, ...labels] = left.split('-');
  if (labels.length > 0 || (router !== undefined && !ROUTER_LABEL.test(router)))
    throw new Error(`${quoted(text)} has a router label that cannot be read`);
  return {
    ia: parseIsdAs(`${isd}-${asn}`),
    ...(router === undefined ? {} : { router }),
    ...(interfaceText === undefined ? {} : { ifid: parseInterfaceId(interfaceText) }),
  };
}

function parseInterfaceId(text: string): InterfaceId {
  const ifid = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (ifid < 1 || ifid > MAX_INTERFACE_ID)
    throw new Error(`${quoted(text)} is no interface number (1–${MAX_INTERFACE_ID})`);
  return ifid;
}

/** Schema field of an endpoint. */
export const endpoint = parsedText(parseEndpoint, EXPECTED, PATTERN, ['1-ff00:0:110#1']);

/** Schema field of an ISD-AS. */
export const isdAs = parsedText(parseIsdAs, 'an ISD-AS such as 1-ff00:0:110', '^\\d+-[0-9a-fA-F:]+$', ['1-ff00:0:110']);
