/** Info field of a path segment (SCION header specification, "Info Field"). */
import { checkLength, checkUnsigned, viewOf } from './format-error.ts';

export const INFO_FIELD_LENGTH = 8;

export interface InfoField {
  /** The segment ends (or begins) with a hop over a peering link. */
  readonly peer: boolean;
  /** Hop fields stand in the order in which beaconing made them. */
  readonly consDir: boolean;
  /** The beta of the next MAC to be verified, 16 bits. */
  readonly segId: number;
  /** Start of the segment's validity, Unix seconds, 32 bits. */
  readonly timestamp: number;
}

/** 8 bytes. Throws FormatError when a value does not fit. */
export function encodeInfoField(info: InfoField): Uint8Array {
  checkUnsigned('SegID', info.segId, 16);
  checkUnsigned('info field timestamp', info.timestamp, 32);
  const bytes = new Uint8Array(INFO_FIELD_LENGTH);
  const view = viewOf(bytes);
  view.setUint8(0, (info.peer ? 2 : 0) | (info.consDir ? 1 : 0));
  view.setUint16(2, info.segId);
  view.setUint32(4, info.timestamp);
  return bytes;
}

/** Reads the first 8 bytes; reserved bits are ignored. Throws FormatError when there are fewer. */
export function decodeInfoField(bytes: Uint8Array): InfoField {
  checkLength('info field', bytes, INFO_FIELD_LENGTH);
  const view = viewOf(bytes);
  const flags = view.getUint8(0);
  return {
    peer: (flags & 2) !== 0,
    consDir: (flags & 1) !== 0,
    segId: view.getUint16(2),
    timestamp: view.getUint32(4),
  };
}
