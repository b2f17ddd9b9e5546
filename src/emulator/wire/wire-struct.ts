/** Structs of bpf/wire.h as the object's BTF lays them out. */

import { LabError } from '../../errors.ts';
import { type BtfField, type BtfStruct, native } from '../../native.ts';

/** One named struct: where its integer fields stand, nested ones as `entry.head`. */
export class WireStruct {
  readonly size: number;
  /** Bytes from one element to the next in a BPF array. */
  readonly stride: number;
  readonly #name: string;
  readonly #fields: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;

  constructor(structs: readonly BtfStruct[], name: string) {
    const struct = find(structs, name);
    this.#name = name;
    this.size = struct.size;
    this.stride = Math.ceil(struct.size / 8) * 8;
    this.#fields = new Map(struct.fields.flatMap((field) => flatten(structs, field, '', 0)));
  }

  /** Writes the given fields of the element that starts at `at`; 8-byte fields whole, as one store each. */
  write(memory: ArrayBuffer, at: number, values: Readonly<Record<string, number | bigint>>): void {
    for (const [name, value] of Object.entries(values)) {
      const { offset, size } = this.#field(name);
      if (size === 8) new BigUint64Array(memory, at + offset, 1)[0] = BigInt(value);
      else new Uint32Array(memory, at + offset, 1)[0] = Number(value);
    }
  }

  /** A counter; exact up to 2^53. */
  read(memory: ArrayBuffer, at: number, name: string): number {
    const { offset, size } = this.#field(name);
    return size === 8
      ? Number(new BigUint64Array(memory, at + offset, 1)[0])
      : (new Uint32Array(memory, at + offset, 1)[0] ?? 0);
  }

  #field(name: string): { readonly offset: number; readonly size: number } {
    const field = this.#fields.get(name);
    if (field === undefined) throw new LabError(`struct ${this.#name} has no field ${name}`);
    return field;
  }
}

export function readStructs(objectPath: string): readonly BtfStruct[] {
  return native().readBtf(objectPath).structs;
}

function find(structs: readonly BtfStruct[], name: string): BtfStruct {
  const struct = structs.find((candidate) => candidate.name === name);
  if (struct === undefined) throw new LabError(`the wire object has no struct ${name}`, { hint: 'build again' });
  return struct;
}

function flatten(
  structs: readonly BtfStruct[],
  field: BtfField,
  prefix: string,
  base: number,
): [string, { offset: number; size: number }][] {
  const offset = base + field.offset;
  if (field.kind !== 'struct') return [[prefix + field.name, { offset, size: field.size }]];
  const inner = find(structs, field.type ?? '');
  return inner.fields.flatMap((part) => flatten(structs, part, `${prefix}${field.name}.`, offset));
}
