/** YAML that remembers where everything stood, so that every problem found later can point at its line. */
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { InputError, type Problem } from '../errors.ts';
import { problemsOf } from './schema-problems.ts';
import { Places } from './yaml-places.ts';
import { MAX_ALIASES, structureFaults } from './yaml-structure.ts';

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

/**
 * Reads a text that holds exactly one YAML document.
 *
 * @throws InputError with every problem found, syntax first (then nothing else can be judged)
 */
export function loadYaml<T>(file: string, text: string, schema: z.ZodType<T>): YamlFile<T> {
  const lines = new LineCounter();
  const [first, second] = parseDocuments(file, text, lines);
  if (first === undefined)
    throw new InputError([{ file, line: 1, column: 1, field: '', message: 'the file is empty' }]);
  if (second !== undefined) {
    const report = problemMaker(file, second.document, lines);
    throw new InputError([report([], 'a second document begins here', 'one document a file')]);
  }
  return validate(file, [first], lines, schema)[0]!;
}

/**
 * Reads a text of any number of YAML documents; empty ones are left out.
 *
 * @throws InputError with every problem found in all documents
 */
export function loadYamlDocuments<T>(file: string, text: string, schema: z.ZodType<T>): YamlFile<T>[] {
  const lines = new LineCounter();
  return validate(file, parseDocuments(file, text, lines), lines, schema);
}

function validate<T>(
  file: string,
  sources: readonly Source[],
  lines: LineCounter,
  schema: z.ZodType<T>,
): YamlFile<T>[] {
  const problems: Problem[] = [];
  const loaded: YamlFile<T>[] = [];
  for (const { document, value } of sources) {
    const problem = problemMaker(file, document, lines);
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      loaded.push({ file, value: parsed.data, problem });
      continue;
    }
    for (const fault of problemsOf(parsed.error, schema, value)) {
      problems.push(problem(fault.path, fault.message, fault.expected, fault.part));
    }
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
    const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
    for (const document of 'empty' in documents ? [] : documents) {
      for (const fault of faultsOf(file, document, lineCounter)) problems.push(fault);
      if (problems.length > 0) continue;
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null) sources.push({ document, value });
    }
  } catch (error) {
    problems.push({ file, field: '', message: `cannot be read as YAML: ${reason(error)}` });
  }
  if (problems.length > 0) throw new InputError(problems);
  return sources;
}

/**
 * The first thing that the YAML library found (what it finds behind that follows from it); where it found nothing, what is
 * wrong with the document as a whole.
 */
function faultsOf(file: string, document: Document, lines: LineCounter): Problem[] {
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, field: '' };
  };
  const syntax = [...document.errors, ...document.warnings];
  // Where depends on how much of the stack is left.
  if (syntax.some(isTooDeep)) throw new Error(TOO_DEEP);
  const [first] = syntax.sort((x, y) => x.pos[0] - y.pos[0]);
  if (first !== undefined) return [{ ...at(first.pos[0]), message: reason(first) }];
  return structureFaults(document, lines).map(({ offset, ...fault }) => ({ ...at(offset), ...fault }));
}

const TOO_DEEP = 'it is nested too deeply';

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // These the library says with words that say nothing of the file.
  if (isTooDeep(error)) return TOO_DEEP;
  if (/alias count/.test(message)) return 'its aliases expand to too much';
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1)}`;
}

function isTooDeep(error: unknown): boolean {
  return error instanceof Error && /call stack/.test(error.message);
}

function problemMaker(file: string, document: Document, lines: LineCounter): YamlFile<unknown>['problem'] {
  const places = new Places(document);
  return (path, message, expected, part = 'value') => {
    const field = formatPath(path);
    const { line, col } = lines.linePos(places.offsetOf(path, part));
    return { file, line, column: col, field, message, ...(expected === undefined ? {} : { expected }) };
  };
}

/** `links[3].a`; keys that are no plain word stand in quotes: `ases["1-ff00:0:110"].mtu`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
