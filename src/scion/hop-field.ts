/** Hop field of a path segment and its relative expiry (SCION header specification, "Hop Field"). */
import { checkLength, checkUnsigned, FormatError, viewOf } from './format-error.ts';
import type { InfoField } from './info-field.ts';

export const HOP_FIELD_LENGTH = 12;
export const MAC_LENGTH = 6;

/** A hop field lives for 1 to 256 units of this many seconds. */
const EXPIRY_UNIT_SECONDS = 86_400 / 256;

export interface HopField {
  /** The router at the ingress (construction direction) is to look at the payload. */
  readonly ingressAlert: boolean;
  /** The router at the egress (construction direction) is to look at the payload. */
  readonly egressAlert: boolean;
  /** 8 bits: the hop field is valid for (1 + expTime) · 337.5 s after the segment's timestamp. */
  readonly expTime: number;
  /** Interface towards the origin of the beacon, 0 at the first AS of a segment. */
  readonly consIngress: number;
  /** Interface towards the next AS of the beacon, 0 at the last AS of a segment. */
  readonly consEgress: number;
  /** 6 bytes. */
  readonly mac: Uint8Array;
}

/** 12 bytes. Throws FormatError when a value does not fit. */
export function encodeHopField(hop: HopField): Uint8Array {
  checkUnsigned('ExpTime', hop.expTime, 8);
  checkUnsigned('ConsIngress', hop.consIngress, 16);
  checkUnsigned('ConsEgress', hop.consEgress, 16);
  if (hop.mac.length !== MAC_LENGTH) throw new FormatError(`MAC has ${hop.mac.length} bytes instead of ${MAC_LENGTH}`);
  const bytes = new Uint8Array(HOP_FIELD_LENGTH);
  const view = viewOf(bytes);
  view.setUint8(0, (hop.ingressAlert ? 2 : 0) | (hop.egressAlert ? 1 : 0));
  view.setUint8(1, hop.expTime);
  view.setUint16(2, hop.consIngress);
  view.setUint16(4, hop.consEgress);
  bytes.set(hop.mac, 6);
  return bytes;
}

/** Reads the first 12 bytes; reserved bits are ignored. Throws FormatError when there are fewer. */
export function decodeHopField(bytes: Uint8Array): HopField {
  checkLength('hop field', bytes, HOP_FIELD_LENGTH);
  const view = viewOf(bytes);
  const flags = view.getUint8(0);
  return {
    ingressAlert: (flags & 2) !== 0,
    egressAlert: (flags & 1) !== 0,
    expTime: view.getUint8(1),
    consIngress: view.getUint16(2),
    consEgress: view.getUint16(4),
    mac: bytes.slice(6, HOP_FIELD_LENGTH),
  };
}

/** When the hop field stops being valid, Unix seconds (a multiple of one half). */
export function hopExpiry(info: Pick<InfoField, 'timestamp'>, hop: Pick<HopField, 'expTime'>): number {
  return info.timestamp + (1 + hop.expTime) * EXPIRY_UNIT_SECONDS;
}

/**
 * The largest ExpTime that does not outlive `seconds` after the timestamp. Throws FormatError outside 337.5 s…24 h,
 * which the field cannot express.
 */
export function expTimeFor(seconds: number): number {
  const expTime = Math.floor(seconds / EXPIRY_UNIT_SECONDS) - 1;
  if (!(expTime >= 0 && expTime <= 255)) {
    throw new FormatError(`a hop field cannot live for ${seconds} s (337.5 s to 24 h)`);
  }
  return expTime;
}
