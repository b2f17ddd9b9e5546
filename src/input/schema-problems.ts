/** Turns Zod's issues into problems a person can act on: what stands there, what would be right, the nearest name. */
import { z } from 'zod';
import { describeInput } from './fields.ts';
import { suggestion } from './nearest.ts';
import type { FieldPath } from './yaml.ts';

export interface SchemaProblem {
  readonly path: FieldPath;
  readonly message: string;
  readonly expected?: string;
  /** The field's name is at fault, not its value. */
  readonly part?: 'key';
}

type Issue = z.core.$ZodIssue;

/** All problems of a failed parse, in the order of the issues. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, value: unknown): SchemaProblem[] {
  return withoutRepetition(error.issues.flatMap((issue) => explain(issue, schema, value)));
}

/** A number beyond all bounds is beyond those of its type too: of two limits in a row, the field's own is the last. */
function withoutRepetition(problems: readonly SchemaProblem[]): SchemaProblem[] {
  return problems.filter((problem, index) => {
    const next = problems[index + 1];
    return next === undefined || next.path.join() !== problem.path.join() || next.message !== problem.message;
  });
}

function explain(issue: Issue, schema: z.ZodType, root: unknown): SchemaProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const input = valueAt(root, path);
  const message = path.length === 0 ? asWhole(input) : plainly(input);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const where = schemaAt(schema, root, path);
      const names = fieldNames(where);
      const why = unknownFieldMessage(where) ?? 'there is no such field here';
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: why,
        expected: suggestion(key, names),
        part: 'key',
      }));
    }
    case 'invalid_type':
      return [{ path, message, expected: typeName(issue.expected, schemaAt(schema, root, path)) }];
    case 'invalid_value':
      return [{ path, message, expected: choice(input, issue.values.map(String)) }];
    case 'invalid_union':
      return explainUnion(issue, path, schema, root);
    case 'too_small':
      return [{ path, message: size(input), expected: bound(issue, 'at least', 'more than', issue.minimum) }];
    case 'too_big':
      return [{ path, message: size(input), expected: bound(issue, 'at most', 'less than', issue.maximum) }];
    case 'custom':
      return [{ path, message: issue.message, ...expectedOf(issue.params?.['expected']) }];
    case 'invalid_format':
      return [{ path, message: `${message}, which ${issue.message}`, ...expectedOf(formatOf(issue)) }];
    default:
      return [{ path, message: issue.message }];
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map of fields',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function typeName(expected: string, schema: z.core.$ZodType | undefined): string {
  // Of text in the place of a whole number the schema library says that it is no number.
  return TYPE_NAMES[schema instanceof z.ZodNumberFormat ? 'int' : expected] ?? expected;
}

/** A text that is no map may be any file, which somebody else's scenario names: its content is none of the message's. */
function asWhole(input: unknown): string {
  return typeof input === 'string' ? 'is text' : plainly(input);
}

/** As describeInput, for fields where a number needs no unit. */
function plainly(input: unknown): string {
  return typeof input === 'number' ? `is ${input}` : describeInput(input);
}

function choice(input: unknown, values: readonly string[]): string {
  return values.length === 1 ? `"${values[0]}"` : suggestion(typeof input === 'string' ? input : '', values);
}

/** Where the value has the shape of one branch only, that branch's problems; else what each branch wants. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: FieldPath,
  schema: z.ZodType,
  root: unknown,
): SchemaProblem[] {
  const input = valueAt(root, path);
  const message = path.length === 0 ? asWhole(input) : plainly(input);
  if ('options' in issue && Array.isArray(issue.options)) {
    return [{ path, message, expected: choice(input, issue.options.map(String)) }];
  }
  const fitting = issue.errors.filter((issues) => !issues.some((inner) => inner.path.length === 0 && isShape(inner)));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) {
    return only.flatMap((inner) => explain({ ...inner, path: [...path, ...inner.path] }, schema, root));
  }
  const wanted = issue.errors.flatMap((issues) => issues.slice(0, 1)).flatMap((inner) => explain(inner, schema, input));
  return [{ path, message, expected: [...new Set(wanted.map(({ expected }) => expected))].join(' or ') }];
}

function isShape(issue: Issue): boolean {
  return issue.code === 'invalid_type';
}

function bound(
  { origin, inclusive }: { readonly origin: string; readonly inclusive?: boolean },
  including: string,
  excluding: string,
  limit: number | bigint,
): string {
  return `${inclusive === false ? excluding : including} ${counted(origin, Number(limit))}`;
}

function counted(origin: string, count: number): string {
  if (origin === 'array') return `${count} ${count === 1 ? 'entry' : 'entries'}`;
  return origin === 'string' ? `${count} ${count === 1 ? 'character' : 'characters'}` : String(count);
}

/** What is too large or too small about it. */
function size(input: unknown): string {
  if (Array.isArray(input)) return `has ${counted('array', input.length)}`;
  return typeof input === 'string' ? `has ${counted('string', input.length)}` : plainly(input);
}

function formatOf(issue: Issue): string | undefined {
  if (issue.code !== 'invalid_format' || issue.message !== 'is no valid name') return undefined;
  return 'lower-case letters and digits, single dashes between them';
}

function expectedOf(expected: unknown): { expected?: string } {
  return typeof expected === 'string' ? { expected } : {};
}

/** The value at a path; undefined where nothing stands. */
function valueAt(root: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, root);
}

/** Follows a path through the schema, choosing a union's branch by what the data says. */
function schemaAt(schema: z.core.$ZodType, root: unknown, path: FieldPath): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = unwrap(schema, root);
  for (let depth = 0; depth < path.length && current !== undefined; depth++) {
    const part = path[depth] ?? '';
    const value = valueAt(root, path.slice(0, depth + 1));
    if (current instanceof z.ZodObject) current = current.shape[part];
    else if (current instanceof z.ZodArray) current = current.element;
    else if (current instanceof z.ZodRecord) current = current.valueType;
    else return undefined;
    if (current !== undefined) current = unwrap(current, value);
  }
  return current;
}

/** Removes what wraps a schema (optional, default, transform) and picks the branch of a union. */
function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const tag = schema.def.discriminator;
    const found = schema.options.find(
      (option) => option instanceof z.ZodObject && matches(option.shape[tag], valueAt(value, [tag])),
    );
    return found ?? schema;
  }
  if (schema instanceof z.ZodUnion) {
    const inner = schema.options.map((option) => unwrap(option, value));
    const kind = Array.isArray(value) ? z.ZodArray : z.ZodObject;
    return inner.find((option) => option instanceof kind) ?? schema;
  }
  return schema;
}

function matches(schema: unknown, value: unknown): boolean {
  return schema instanceof z.ZodType && schema.safeParse(value).success;
}

/** A schema may say better than we why a field is not taken (meta `unknownField`). */
function unknownFieldMessage(schema: z.core.$ZodType | undefined): string | undefined {
  const message = schema instanceof z.ZodType ? schema.meta()?.['unknownField'] : undefined;
  return typeof message === 'string' ? message : undefined;
}

function fieldNames(schema: z.core.$ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
