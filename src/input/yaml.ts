/** YAML that remembers where everything stood, so that every problem found later can point at its line. */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import type { z } from 'zod';
import { InputError, type Problem } from '../errors.ts';
import { problemsOf } from './schema-problems.ts';

/** Field path from the document's root: keys and list indices. */
export type FieldPath = readonly (string | number)[];

/** A validated document that can still point into its text. */
export interface YamlFile<T> {
  readonly file: string;
  readonly value: T;
  /**
   * A problem with the value at `path` (or, when nothing stands there, with the nearest thing around it);
   * with `part` 'key', with the name of the field.
   */
  problem(path: FieldPath, message: string, expected?: string, part?: 'key' | 'value'): Problem;
}

/** What aliases may expand to. Files that people write need a handful; an "alias bomb" needs thousands. */
const MAX_ALIAS_COUNT = 100;

/**
 * Reads a text that holds exactly one YAML document.
 *
 * @throws InputError with every problem found, syntax first (then nothing else can be judged)
 */
export function loadYaml<T>(file: string, text: string, schema: z.ZodType<T>): YamlFile<T> {
  const documents = loadYamlDocuments(file, text, schema);
  const [first, second] = documents;
  if (first === undefined) throw new InputError([{ file, line: 1, field: '', message: 'the file is empty' }]);
  if (second !== undefined) {
    throw new InputError([second.problem([], 'a second document begins here', 'one document a file')]);
  }
  return first;
}

/**
 * Reads a text of any number of YAML documents; empty ones are left out.
 *
 * @throws InputError with every problem found in all documents
 */
export function loadYamlDocuments<T>(file: string, text: string, schema: z.ZodType<T>): YamlFile<T>[] {
  const lines = new LineCounter();
  const sources = parseDocuments(file, text, lines);
  const problems: Problem[] = [];
  const loaded: YamlFile<T>[] = [];
  for (const { document, value } of sources) {
    const problem = problemMaker(file, document, lines);
    const parsed = schema.safeParse(value);
    if (parsed.success) loaded.push({ file, value: parsed.data, problem });
    else
      problems.push(
        ...problemsOf(parsed.error, schema, value).map((p) => problem(p.path, p.message, p.expected, p.part)),
      );
  }
  if (problems.length > 0) throw new InputError(problems);
  return loaded;
}

interface Source {
  readonly document: Document;
  readonly value: unknown;
}

/** Parses and expands aliases. The YAML library's own complaints, of whatever class, become problems of the file. */
function parseDocuments(file: string, text: string, lineCounter: LineCounter): Source[] {
  const problems: Problem[] = [];
  const sources: Source[] = [];
  try {
    const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
    for (const document of 'empty' in documents ? [] : documents) {
      for (const fault of [...document.errors, ...document.warnings]) {
        const { line, col } = lineCounter.linePos(fault.pos[0]);
        problems.push({ file, line, column: col, field: '', message: reason(fault) });
      }
      if (problems.length > 0) continue;
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
      if (value !== null) sources.push({ document, value });
    }
  } catch (error) {
    problems.push({ file, field: '', message: `cannot be read as YAML: ${reason(error)}` });
  }
  if (problems.length > 0) throw new InputError(problems);
  return sources;
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // The library's recursion ends so; its message says nothing of the file.
  return /call stack/.test(message) ? 'it is nested too deeply' : message;
}

function problemMaker(file: string, document: Document, lines: LineCounter): YamlFile<unknown>['problem'] {
  return (path, message, expected, part = 'value') => {
    const field = formatPath(path);
    const { line, col } = lines.linePos(offsetOf(document, path, part));
    return { file, line, column: col, field, message, ...(expected === undefined ? {} : { expected }) };
  };
}

/** `links[3].a`; keys that are no plain word stand in quotes: `ases["1-ff00:0:110"].mtu`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${text}["${part}"]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** Where the value at `path` begins; for a field that is not there, where the thing that lacks it begins. */
function offsetOf(document: Document, path: FieldPath, part: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let value = startOf(node) ?? 0;
  let key = value;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    const next = child(node, step);
    if (next === undefined) return value;
    key = startOf(next.key) ?? value;
    value = startOf(next.value) ?? key;
    node = next.value;
  }
  return part === 'key' ? key : value;
}

function child(node: unknown, part: string | number): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const value: unknown = node.items[part];
    return value === undefined ? undefined : { value };
  }
  if (!isMap(node)) return undefined;
  return node.items.find((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(part));
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
