/** Where the fields of a YAML document stand in its text. */
import { type Alias, type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { FieldPath } from './yaml.ts';

interface Child {
  readonly key?: unknown;
  readonly value: unknown;
}

export class Places {
  readonly #document: Document;
  readonly #aliases = new WeakMap<Alias, unknown>();
  /** A file may have as many faults as fields, and each is looked up. */
  readonly #fields = new WeakMap<YAMLMap, ReadonlyMap<string, Child>>();

  constructor(document: Document) {
    this.#document = document;
  }

  /**
   * Index into the text at which the value at `path` begins, or the name of its field; for a field that is not there, at
   * which the thing that lacks it begins.
   */
  offsetOf(path: FieldPath, part: 'key' | 'value'): number {
    let node: unknown = this.#document.contents;
    let value = startOf(node) ?? 0;
    let key = value;
    for (const step of path) {
      if (isAlias(node)) node = this.#resolve(node);
      const next = this.#child(node, step);
      if (next === undefined) return value;
      key = startOf(next.key) ?? value;
      value = startOf(next.value) ?? key;
      node = next.value;
    }
    return part === 'key' ? key : value;
  }

  #resolve(alias: Alias): unknown {
    if (!this.#aliases.has(alias)) this.#aliases.set(alias, alias.resolve(this.#document));
    return this.#aliases.get(alias);
  }

  #child(node: unknown, step: string | number): Child | undefined {
    if (isSeq(node) && typeof step === 'number') {
      const value: unknown = node.items[step];
      return value === undefined ? undefined : { value };
    }
    return isMap(node) ? this.#fieldsOf(node).get(String(step)) : undefined;
  }

  #fieldsOf(map: YAMLMap): ReadonlyMap<string, Child> {
    const known = this.#fields.get(map);
    if (known !== undefined) return known;
    const pairs = map.items.filter((pair) => isPair(pair) && isScalar(pair.key));
    const fields = new Map(pairs.map((pair) => [String((pair.key as { value: unknown }).value), pair]));
    this.#fields.set(map, fields);
    return fields;
  }
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
