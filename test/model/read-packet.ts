/** What a router reads before it judges: headers, path and extensions, each as long as it says. */
import { FormatError } from '../../src/scion/format-error.ts';
import {
  decodePacket,
  PATH_EMPTY,
  PATH_EPIC,
  PATH_ONE_HOP,
  PATH_SCION,
  PROTOCOL_BFD,
  PROTOCOL_END_TO_END,
  PROTOCOL_HOP_BY_HOP,
  type ScionPacket,
} from '../../src/scion/header.ts';
import { hostLength } from '../../src/scion/host.ts';
import { decodePath, type ScionPath } from '../../src/scion/path.ts';
import { drop, type Refusal, slow } from './outcome.ts';

/** Why nobody can make sense of a packet, wherever on its path it stands. */
export function refuseUnreadable(bytes: Uint8Array): Refusal | undefined {
  const read = readPacket(bytes);
  return 'path' in read ? undefined : read;
}

/** The packet and its path; what is on no standard path is refused. */
export function readPacket(bytes: Uint8Array): { readonly packet: ScionPacket; readonly path: ScionPath } | Refusal {
  const refused = refuseHeader(bytes);
  if (refused !== undefined) return refused;
  const packet = decodePacket(bytes);
  // Extensions of what is not on a standard path are the slow path's to judge.
  const otherwise = otherPathType(packet);
  if (otherwise !== undefined) return otherwise;
  const path = pathOf(packet);
  if (path === undefined) return drop('MALFORMED_PATH');
  return refuseExtensions(packet) ?? { packet, path };
}

function refuseHeader(bytes: Uint8Array): Refusal | undefined {
  if (bytes.length < 36) return drop('TRUNCATED');
  if (bytes[0]! >> 4 !== 0) return slow('UNKNOWN_VERSION');
  const headerLength = bytes[5]! * 4;
  const types = bytes[9]!;
  if (headerLength > bytes.length) return drop('TRUNCATED');
  if (headerLength < 28 + hostLength(types >> 4) + hostLength(types & 15)) return drop('MALFORMED_PATH');
  return undefined;
}

/** At most one hop-by-hop and then one end-to-end extension, each as long as it says (extension-header.rst). */
function refuseExtensions({ header, payload }: ScionPacket): Refusal | undefined {
  let next = header.nextHeader;
  let rest = payload;
  for (const [protocol, refused] of [
    [PROTOCOL_HOP_BY_HOP, [PROTOCOL_HOP_BY_HOP]],
    [PROTOCOL_END_TO_END, [PROTOCOL_HOP_BY_HOP, PROTOCOL_END_TO_END]],
  ] as const) {
    if (next !== protocol) continue;
    const length = 4 * ((rest[1] ?? 0) + 1);
    if (rest.length < 2 || rest.length < length) return drop('BAD_EXTENSION');
    next = rest[0]!;
    if (refused.some((other) => other === next)) return drop('BAD_EXTENSION');
    rest = rest.subarray(length);
  }
  return undefined;
}

function otherPathType({ header }: ScionPacket): Refusal | undefined {
  switch (header.pathType) {
    case PATH_SCION:
      return undefined;
    case PATH_EMPTY:
      return header.nextHeader === PROTOCOL_BFD && header.path.length === 0 ? slow('BFD') : drop('UNSUPPORTED_PATH');
    case PATH_ONE_HOP:
      return header.nextHeader === PROTOCOL_BFD ? slow('BFD') : slow('ONE_HOP_PATH');
    case PATH_EPIC:
      return slow('EPIC_PATH');
    default:
      return drop('UNSUPPORTED_PATH');
  }
}

function pathOf({ header }: ScionPacket): ScionPath | undefined {
  try {
    return decodePath(header.path);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
