/**
 * SCION packets as somebody on their way might change them who holds no key but his own. Each change keeps the packet
 * well-formed, so that it is the routers' checks of the path that it meets, and no check of form before them.
 */
import { decodePacket } from './header.ts';
import { encodeHopField, HOP_FIELD_LENGTH, type HopField, MAC_LENGTH } from './hop-field.ts';
import { encodeInfoField } from './info-field.ts';
import { chainSegId, hopMac } from './mac.ts';
import {
  decodePath,
  encodePathMeta,
  hopCount,
  hopFieldOffset,
  infoFieldOffset,
  type ScionPath,
  segmentOf,
} from './path.ts';

/**
 * `nothing`: as it was. `mac`: one bit of the current hop field's MAC. `interface`: the current hop field leads out by the
 * next interface, with a MAC made with the forger's key. `position`: the path stands one hop field further on.
 */
export type Alteration = 'nothing' | 'mac' | 'interface' | 'position';

/**
 * @param packet from the SCION header on, on a standard path
 * @param forgerKey 16 bytes, for `interface`
 * @throws FormatError for what is no such packet; RangeError where it stands at its last hop field already
 */
export function alterPacket(packet: Uint8Array, alteration: Alteration, forgerKey: Uint8Array): Uint8Array {
  const { header, pathOffset } = decodePacket(packet);
  const path = decodePath(header.path);
  const altered = Uint8Array.from(packet);
  const raw = altered.subarray(pathOffset);
  switch (alteration) {
    case 'nothing':
      break;
    case 'mac':
      raw[hopFieldOffset(path, path.currHf) + HOP_FIELD_LENGTH - MAC_LENGTH]! ^= 1;
      break;
    case 'interface':
      forgeHop(raw, path, forgerKey);
      break;
    case 'position':
      raw.set(encodePathMeta(furtherOn(path)), 0);
  }
  return altered;
}

function furtherOn(path: ScionPath): ScionPath {
  const currHf = path.currHf + 1;
  if (currHf >= hopCount(path)) throw new RangeError('the path ends here');
  return { ...path, currHf, currInf: segmentOf(path, currHf) };
}

/** The SegID is made to fit too: with the right key in place of the forger's, the AS would accept it. */
function forgeHop(raw: Uint8Array, path: ScionPath, key: Uint8Array): void {
  const info = path.infos[path.currInf]!;
  const hop = path.hops[path.currHf]!;
  // Against construction direction, the AS takes the MAC out of the SegID before it checks.
  const beta = info.consDir ? info.segId : chainSegId(info.segId, hop.mac);
  const redirected: HopField = info.consDir
    ? { ...hop, consEgress: (hop.consEgress + 1) & 0xffff }
    : { ...hop, consIngress: (hop.consIngress + 1) & 0xffff };
  const mac = hopMac(key, { ...info, segId: beta }, redirected);
  raw.set(encodeHopField({ ...redirected, mac }), hopFieldOffset(path, path.currHf));
  const segId = info.consDir ? beta : chainSegId(beta, mac);
  raw.set(encodeInfoField({ ...info, segId }), infoFieldOffset(path.currInf));
}
