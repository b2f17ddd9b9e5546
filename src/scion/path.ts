/** The standard path of the SCION header: meta header, info fields, hop fields (specification, "Path Type: SCION"). */
import { checkLength, FormatError, viewOf } from './format-error.ts';
import { decodeHopField, encodeHopField, HOP_FIELD_LENGTH, type HopField } from './hop-field.ts';
import { decodeInfoField, encodeInfoField, INFO_FIELD_LENGTH, type InfoField } from './info-field.ts';

export const PATH_META_LENGTH = 4;
export const MAX_SEGMENTS = 3;
/** CurrHF has six bits. */
export const MAX_HOP_FIELDS = 64;
/** A segment's length has six bits too, so one segment cannot hold all 64. */
const MAX_SEGMENT_LENGTH = 63;
/** 796 bytes. */
export const MAX_PATH_LENGTH = PATH_META_LENGTH + MAX_SEGMENTS * INFO_FIELD_LENGTH + MAX_HOP_FIELDS * HOP_FIELD_LENGTH;

/** What the meta header says, with the counts that follow from it. */
export interface PathMeta {
  readonly currInf: number;
  readonly currHf: number;
  /** Hop fields of each segment, one to three numbers, none of them 0. */
  readonly segmentLengths: readonly number[];
}

export interface ScionPath extends PathMeta {
  /** One a segment. */
  readonly infos: readonly InfoField[];
  /** Of all segments, in the order of travel. */
  readonly hops: readonly HopField[];
}

/** Hop fields in all. */
export function hopCount(meta: PathMeta): number {
  return meta.segmentLengths.reduce((sum, length) => sum + length, 0);
}

/** Bytes of the whole path. */
export function pathLength(meta: PathMeta): number {
  return PATH_META_LENGTH + meta.segmentLengths.length * INFO_FIELD_LENGTH + hopCount(meta) * HOP_FIELD_LENGTH;
}

/** Offset of info field `index` from the start of the path, bytes. */
export function infoFieldOffset(index: number): number {
  return PATH_META_LENGTH + index * INFO_FIELD_LENGTH;
}

/** Offset of hop field `index` (over all segments) from the start of the path, bytes. */
export function hopFieldOffset(meta: PathMeta, index: number): number {
  return infoFieldOffset(meta.segmentLengths.length) + index * HOP_FIELD_LENGTH;
}

/** Index of the segment that hop field `hopIndex` belongs to; the last segment when the index is beyond all of them. */
export function segmentOf(meta: PathMeta, hopIndex: number): number {
  let end = 0;
  for (const [segment, length] of meta.segmentLengths.entries()) {
    end += length;
    if (hopIndex < end) return segment;
  }
  return meta.segmentLengths.length - 1;
}

/** The 4 bytes of the meta header. Throws FormatError when a value does not fit. */
export function encodePathMeta(meta: PathMeta): Uint8Array {
  checkMeta(meta);
  const [first = 0, second = 0, third = 0] = meta.segmentLengths;
  const bytes = new Uint8Array(PATH_META_LENGTH);
  const line = meta.currInf * 2 ** 30 + meta.currHf * 2 ** 24 + (first << 12) + (second << 6) + third;
  viewOf(bytes).setUint32(0, line);
  return bytes;
}

/**
 * Reads the meta header. Throws FormatError for no segment, a gap between segments, or more than 64 hop fields. The
 * pointers are not checked here: that they agree is a router's own check.
 */
export function decodePathMeta(bytes: Uint8Array): PathMeta {
  checkLength('path meta header', bytes, PATH_META_LENGTH);
  const line = viewOf(bytes).getUint32(0);
  const lengths = [(line >>> 12) & 63, (line >>> 6) & 63, line & 63];
  const segments = lengths.findLastIndex((length) => length > 0) + 1;
  const meta = { currInf: line >>> 30, currHf: (line >>> 24) & 63, segmentLengths: lengths.slice(0, segments) };
  checkLengths(meta.segmentLengths);
  return meta;
}

/** Dataplane bytes of a path. Throws FormatError when a value does not fit or the counts disagree. */
export function encodePath(path: ScionPath): Uint8Array {
  const bytes = new Uint8Array(pathLength(path));
  bytes.set(encodePathMeta(path), 0);
  if (path.infos.length !== path.segmentLengths.length || path.hops.length !== hopCount(path)) {
    throw new FormatError(
      `path has ${path.infos.length} info and ${path.hops.length} hop fields for segment lengths ${path.segmentLengths}`,
    );
  }
  for (const [index, info] of path.infos.entries()) bytes.set(encodeInfoField(info), infoFieldOffset(index));
  for (const [index, hop] of path.hops.entries()) bytes.set(encodeHopField(hop), hopFieldOffset(path, index));
  return bytes;
}

/** Reads a path from the start of `bytes`; what follows it is left alone. Throws FormatError. */
export function decodePath(bytes: Uint8Array): ScionPath {
  const meta = decodePathMeta(bytes);
  checkLength('path', bytes, pathLength(meta));
  const infos = meta.segmentLengths.map((_, index) => decodeInfoField(bytes.subarray(infoFieldOffset(index))));
  const hops = Array.from({ length: hopCount(meta) }, (_, index) =>
    decodeHopField(bytes.subarray(hopFieldOffset(meta, index))),
  );
  return { ...meta, infos, hops };
}

/**
 * The way back over the same interfaces. Of a path as it arrived, the result is ready for the reply: SegIDs stand where
 * the last router left them. Of a path that has not been travelled, the SegIDs are those of the wrong end.
 */
export function reversePath(path: ScionPath): ScionPath {
  return {
    currInf: path.infos.length - 1 - path.currInf,
    currHf: path.hops.length - 1 - path.currHf,
    segmentLengths: path.segmentLengths.toReversed(),
    infos: path.infos.toReversed().map((info) => ({ ...info, consDir: !info.consDir })),
    hops: path.hops.toReversed(),
  };
}

function checkMeta(meta: PathMeta): void {
  checkLengths(meta.segmentLengths);
  if (!isIndex(meta.currInf, meta.segmentLengths.length)) {
    throw new FormatError(`CurrINF ${meta.currInf} in a path of ${meta.segmentLengths.length} segments`);
  }
  if (!isIndex(meta.currHf, hopCount(meta))) {
    throw new FormatError(`CurrHF ${meta.currHf} in a path of ${hopCount(meta)} hop fields`);
  }
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}

function checkLengths(lengths: readonly number[]): void {
  if (lengths.length === 0) throw new FormatError('path has no segment');
  if (lengths.length > MAX_SEGMENTS) throw new FormatError(`path has ${lengths.length} segments, more than three`);
  for (const length of lengths) {
    if (length === 0) throw new FormatError(`path has an empty segment before a full one (lengths ${lengths})`);
    if (!isIndex(length, MAX_SEGMENT_LENGTH + 1))
      throw new FormatError(`segment of ${length} hop fields, more than 63`);
  }
  const hops = lengths.reduce((sum, length) => sum + length, 0);
  if (hops > MAX_HOP_FIELDS) throw new FormatError(`path has ${hops} hop fields, more than ${MAX_HOP_FIELDS}`);
}
