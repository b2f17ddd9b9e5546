/**
 * What must hold in a YAML document before its values mean anything: each key once, each alias behind its anchor, and few
 * of them. The YAML library finds some of this too, but in time that grows with the square of the file, or without a place.
 */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** Files that people write need a handful of aliases; a file that expands beyond all bounds ("alias bomb") needs more. */
export const MAX_ALIASES = 100;

export interface StructureFault {
  /** Index into the text. */
  readonly offset: number;
  readonly message: string;
  readonly expected?: string;
}

/** Every fault, in the order of the text; of too many aliases, only the first. */
export function structureFaults(document: Document, lines: LineCounter): StructureFault[] {
  const walk = new Walk(lines);
  walk.visit(document.contents);
  return walk.faults;
}

class Walk {
  readonly faults: StructureFault[] = [];
  readonly #lines: LineCounter;
  readonly #closedAnchors = new Set<string>();
  readonly #openAnchors = new Set<string>();
  #aliases = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  visit(node: unknown): void {
    if (isAlias(node)) this.#visitAlias(node.source, startOf(node));
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
    const { anchor } = node;
    if (anchor !== undefined) this.#openAnchors.add(anchor);
    if (isSeq(node)) for (const item of node.items) this.visit(item);
    if (isMap(node)) this.#visitMap(node.items);
    if (anchor === undefined) return;
    this.#openAnchors.delete(anchor);
    this.#closedAnchors.add(anchor);
  }

  #visitMap(pairs: readonly unknown[]): void {
    const seen = new Map<string, number>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      this.visit(pair.key);
      this.visit(pair.value);
      if (!isScalar(pair.key)) continue;
      const key = String(pair.key.value);
      const first = seen.get(key);
      const offset = startOf(pair.key);
      // The schema library leaves this key out without a word.
      if (key === '__proto__') this.#report(offset, 'there is no field "__proto__"');
      if (first === undefined) seen.set(key, offset);
      else this.#report(offset, `"${key}" stands there twice, first in line ${this.#lines.linePos(first).line}`);
    }
  }

  #visitAlias(source: string, offset: number): void {
    this.#aliases += 1;
    if (this.#aliases === MAX_ALIASES + 1) this.#report(offset, 'there are too many aliases', `at most ${MAX_ALIASES}`);
    if (this.#openAnchors.has(source)) {
      this.#report(offset, `*${source} stands for something that it is a part of`);
    } else if (!this.#closedAnchors.has(source)) {
      this.#report(offset, `*${source} stands for nothing`, `&${source} at an earlier place`);
    }
  }

  #report(offset: number, message: string, expected?: string): void {
    this.faults.push({ offset, message, ...(expected === undefined ? {} : { expected }) });
  }
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
