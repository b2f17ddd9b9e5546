/**
 * What must hold in a YAML document before its values mean anything: each key once and a word, each alias behind its anchor,
 * nothing that YAML 1.2 does not have, and no more of anything than people write. The YAML library finds some of this too, but
 * in time that grows with the square of the file, without a place, or with a warning that nobody sees.
 */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { quoted } from './nearest.ts';

/** Files that people write need a handful of aliases; a file that expands beyond all bounds ("alias bomb") needs more. */
export const MAX_ALIASES = 100;

/** Of a list or a map: several times the ASes, or the links, that a lab has addresses for. */
const MAX_ENTRIES = 20_000;

/** Of one text, in UTF-16 units: more than a question in the report or the argument of a command needs. */
const MAX_TEXT = 4096;

/** The types of the core schema (YAML 1.2.2 section 10.3). */
const CORE_TAGS = new Set(['map', 'seq', 'str', 'null', 'bool', 'int', 'float']);
const TAG_PREFIX = 'tag:yaml.org,2002:';

/** By an escape, text may hold what no file may: what moves a terminal's cursor, half characters, what turns text round. */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u;

export interface StructureFault {
  /** Index into the text. */
  readonly offset: number;
  readonly message: string;
  readonly expected?: string;
}

/** Every fault, in the order of the text; of too many aliases, only the first. */
export function structureFaults(document: Document, lines: LineCounter): StructureFault[] {
  const walk = new Walk(lines);
  walk.checkVersion(document);
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

  /** In YAML 1.1, `yes` is true and `1:30` is ninety: a file would mean one thing here and another to its JSON Schema. */
  checkVersion({ directives, contents }: Document): void {
    const version = directives?.yaml.version ?? '1.2';
    if (version !== '1.2') this.#report(startOf(contents), `this document is in YAML ${version}`, 'YAML 1.2');
  }

  visit(node: unknown): void {
    if (isAlias(node)) this.#visitAlias(node.source, startOf(node));
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
    const { anchor } = node;
    if (anchor !== undefined) this.#openAnchors.add(anchor);
    this.#checkTag(node.tag, startOf(node));
    if (isScalar(node)) this.#checkText(node.value, startOf(node));
    else if (node.items.length > MAX_ENTRIES) {
      this.#report(startOf(node), `there are ${node.items.length} entries here`, `at most ${MAX_ENTRIES}`);
    } else if (isSeq(node)) for (const item of node.items) this.visit(item);
    else this.#visitMap(node.items);
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
      const offset = startOf(pair.key);
      if (isMap(pair.key) || isSeq(pair.key)) {
        this.#report(
          offset,
          'a map or a list stands in the place of a name',
          'text; a template has to be filled in first',
        );
      }
      if (!isScalar(pair.key)) continue;
      const key = String(pair.key.value);
      const first = seen.get(key);
      // The schema library leaves this key out without a word.
      if (key === '__proto__') this.#report(offset, 'there is no field "__proto__"');
      if (key === '<<') this.#report(offset, 'YAML 1.2 has no merge key "<<"', 'the fields themselves');
      if (first === undefined) seen.set(key, offset);
      else this.#report(offset, `${quoted(key)} stands there twice, first in line ${this.#lines.linePos(first).line}`);
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

  #checkTag(tag: string | undefined, offset: number): void {
    if (tag === undefined || !tag.startsWith(TAG_PREFIX) || CORE_TAGS.has(tag.slice(TAG_PREFIX.length))) return;
    this.#report(offset, `nothing here is of the type !!${tag.slice(TAG_PREFIX.length)}`, 'a value without a tag');
  }

  #checkText(value: unknown, offset: number): void {
    if (typeof value !== 'string') return;
    if (value.length > MAX_TEXT) {
      this.#report(offset, `this text has ${value.length} characters`, `at most ${MAX_TEXT}`);
      return;
    }
    const code = UNPRINTABLE.exec(value)?.[0].codePointAt(0);
    if (code === undefined) return;
    const name = code.toString(16).toUpperCase().padStart(4, '0');
    this.#report(offset, `there is a control character in this text (U+${name})`, 'text that can be printed');
  }

  #report(offset: number, message: string, expected?: string): void {
    this.faults.push({ offset, message, ...(expected === undefined ? {} : { expected }) });
  }
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}
