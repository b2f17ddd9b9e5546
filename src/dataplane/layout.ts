/**
 * Structs of the BPF programs as JavaScript values. A layout says where each field lies (it comes from BTF, see
 * layouts.gen.ts); a codec reads and writes bytes by it.
 *
 * Integers up to 4 bytes are numbers, of 8 bytes bigints; u8 arrays and unions are Uint8Arrays; structs are objects and
 * other arrays are arrays. Integers are little-endian (every machine that this runs on is), but big-endian where C
 * declares them `__be16`, `__be32` or `__be64`. Fields named `pad` or `reserved` (or `_pad`, `pad2` …) are left out: they stay zero.
 */
import type { BtfField, BtfStruct } from '../native.ts';

declare const valueType: unique symbol;

export interface IntField {
  readonly kind: 'int';
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes in all; of an array, of all its elements. */
  readonly size: number;
  /** Elements, of an array. */
  readonly count?: number;
  readonly signed?: true;
  readonly bigEndian?: true;
}

export interface BytesField {
  readonly kind: 'bytes';
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

export interface StructField {
  readonly kind: 'struct';
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly count?: number;
  readonly layout: Layout<object>;
}

export type Field = IntField | BytesField | StructField;

/** `T` is the interface of the struct's values. */
export interface Layout<T extends object> {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly Field[];
  readonly [valueType]?: T;
}

export interface StructCodec<T extends object> {
  readonly size: number;
  /**
   * Writes into `into` at `offset`, or into new bytes.
   * @throws TypeError when a field is missing, unknown, of the wrong type or out of range
   */
  encode(values: T, into?: Uint8Array, offset?: number): Uint8Array;
  /** @throws TypeError when there are fewer bytes than the struct has */
  decode(bytes: Uint8Array, offset?: number): T;
}

export function structCodec<T extends object>(layout: Layout<T>): StructCodec<T> {
  return {
    size: layout.size,
    encode(values, into = new Uint8Array(layout.size), offset = 0) {
      checkRoom(layout, into, offset);
      into.fill(0, offset, offset + layout.size);
      encodeStruct(layout, values, viewOf(into), offset, layout.name);
      return into;
    },
    decode(bytes, offset = 0) {
      checkRoom(layout, bytes, offset);
      return decodeStruct(layout, viewOf(bytes), offset) as T;
    },
  };
}

/** A __u32 as map key or value. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeInt(viewOf(bytes), 0, { kind: 'int', name: 'u32', offset: 0, size: 4 }, 4, value, 'u32');
  return bytes;
}

/**
 * The layout of one struct of an object's BTF.
 * @throws TypeError when the BTF lacks it, or it has a field with no JavaScript form (bit field, pointer, float,
 *   anonymous struct or union)
 */
export function layoutFromBtf(structs: readonly BtfStruct[], name: string): Layout<Record<string, unknown>> {
  const found = structs.find((struct) => struct.name === name);
  if (found === undefined) throw new TypeError(`no struct ${name} in the BTF`);
  const fields = found.fields
    .filter((field) => !isPadding(field.name))
    .map((field) => fieldFromBtf(structs, name, field));
  return { name, size: found.size, fields };
}

function fieldFromBtf(structs: readonly BtfStruct[], struct: string, field: BtfField): Field {
  const { name, offset, size, count } = field;
  const place = count === undefined ? { name, offset, size } : { name, offset, size, count };
  if (name === '' || field.kind === 'opaque') {
    const what = name === '' ? `anonymous member at byte ${offset}` : `field ${name}`;
    throw new TypeError(
      `struct ${struct}: ${what} has no JavaScript form (bit field, pointer, float or anonymous type)`,
    );
  }
  if (field.kind === 'bytes') return { kind: 'bytes', name, offset, size };
  if (field.kind === 'struct') return { kind: 'struct', ...place, layout: layoutFromBtf(structs, field.type ?? '') };
  return {
    kind: 'int',
    ...place,
    ...(field.signed === true ? { signed: true } : {}),
    ...(field.typeName?.startsWith('__be') ? { bigEndian: true } : {}),
  };
}

function isPadding(name: string): boolean {
  return /^_*(pad|reserved)\d*$/.test(name);
}

function checkRoom(layout: Layout<object>, bytes: Uint8Array, offset: number): void {
  if (offset + layout.size > bytes.length) {
    throw new TypeError(`${layout.name} has ${layout.size} bytes, but there are ${Math.max(0, bytes.length - offset)}`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function encodeStruct(layout: Layout<object>, values: unknown, view: DataView, offset: number, where: string): void {
  if (typeof values !== 'object' || values === null) throw new TypeError(`${where} must be an object`);
  const given = values as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (!layout.fields.some((field) => field.name === name)) throw new TypeError(`${where} has no field ${name}`);
  }
  for (const field of layout.fields) {
    const place = `${where}.${field.name}`;
    const value = given[field.name];
    if (value === undefined) throw new TypeError(`${place} is missing`);
    if (field.kind === 'bytes') writeBytes(view, offset + field.offset, field.size, value, place);
    else encodeElements(field, value, view, offset + field.offset, place);
  }
}

function encodeElements(
  field: IntField | StructField,
  value: unknown,
  view: DataView,
  offset: number,
  where: string,
): void {
  if (field.count === undefined) {
    encodeElement(field, value, view, offset, field.size, where);
    return;
  }
  if (!Array.isArray(value) || value.length !== field.count) {
    throw new TypeError(`${where} must be an array of ${field.count}`);
  }
  const size = field.size / field.count;
  value.forEach((element, i) => {
    encodeElement(field, element, view, offset + i * size, size, `${where}[${i}]`);
  });
}

function encodeElement(
  field: IntField | StructField,
  value: unknown,
  view: DataView,
  offset: number,
  size: number,
  where: string,
): void {
  if (field.kind === 'struct') encodeStruct(field.layout, value, view, offset, where);
  else writeInt(view, offset, field, size, value, where);
}

function writeBytes(view: DataView, offset: number, size: number, value: unknown, where: string): void {
  if (!(value instanceof Uint8Array) || value.length !== size) {
    throw new TypeError(`${where} must be a Uint8Array of ${size} bytes`);
  }
  new Uint8Array(view.buffer, view.byteOffset + offset, size).set(value);
}

function writeInt(view: DataView, offset: number, field: IntField, size: number, value: unknown, where: string): void {
  const isWhole = size === 8 ? typeof value === 'bigint' : Number.isInteger(value);
  if (!isWhole)
    throw new TypeError(`${where} must be a ${size === 8 ? 'bigint' : 'whole number'}, not ${String(value)}`);
  const whole = BigInt(value as number | bigint);
  const bits = BigInt(size * 8);
  const fits = field.signed === true ? BigInt.asIntN(Number(bits), whole) : BigInt.asUintN(Number(bits), whole);
  if (fits !== whole)
    throw new TypeError(
      `${where}: ${whole} does not fit ${field.signed ? 'a signed' : 'an unsigned'} ${bits}-bit integer`,
    );
  const little = field.bigEndian !== true;
  // Two's complement: the unsigned setters write signed values as well.
  if (size === 1) view.setUint8(offset, Number(whole));
  else if (size === 2) view.setUint16(offset, Number(whole), little);
  else if (size === 4) view.setUint32(offset, Number(whole), little);
  else view.setBigUint64(offset, whole, little);
}

function decodeStruct(layout: Layout<object>, view: DataView, offset: number): Record<string, unknown> {
  return Object.fromEntries(
    layout.fields.map((field) => [field.name, decodeField(field, view, offset + field.offset)]),
  );
}

function decodeField(field: Field, view: DataView, offset: number): unknown {
  if (field.kind === 'bytes') return new Uint8Array(view.buffer, view.byteOffset + offset, field.size).slice();
  if (field.count === undefined) return decodeElement(field, view, offset, field.size);
  const size = field.size / field.count;
  return Array.from({ length: field.count }, (_, i) => decodeElement(field, view, offset + i * size, size));
}

function decodeElement(field: IntField | StructField, view: DataView, offset: number, size: number): unknown {
  return field.kind === 'struct' ? decodeStruct(field.layout, view, offset) : readInt(view, offset, field, size);
}

function readInt(view: DataView, offset: number, field: IntField, size: number): number | bigint {
  const little = field.bigEndian !== true;
  if (size === 1) return field.signed ? view.getInt8(offset) : view.getUint8(offset);
  if (size === 2) return field.signed ? view.getInt16(offset, little) : view.getUint16(offset, little);
  if (size === 4) return field.signed ? view.getInt32(offset, little) : view.getUint32(offset, little);
  return field.signed ? view.getBigInt64(offset, little) : view.getBigUint64(offset, little);
}
