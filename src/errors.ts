/**
 * The errors a person is meant to read, and the exit code each ends the command with.
 *
 * 0 every assertion held · 1 an assertion failed · 2 bad input · 3 the lab could not be built or broke.
 */

export type ExitCode = 0 | 1 | 2 | 3;

/** One fault in an input file: where it is, what stands there and what would be right. */
export interface Problem {
  readonly file: string;
  /** 1-based; absent when the file could not be parsed far enough to tell. */
  readonly line?: number;
  readonly column?: number;
  /** Path of the field, as `links[3].a`. Empty for the document itself. */
  readonly field: string;
  /** What is wrong, as a sentence without the field's name. */
  readonly message: string;
  /** What would be right, e.g. `a duration such as 20ms` or `did you mean "delay"?`. */
  readonly expected?: string;
}

/** Anything that ends a command in a way its user can act on. */
export class CilionError extends Error {
  readonly exitCode: ExitCode;
  /** What to do about it. */
  readonly hint: string | undefined;

  constructor(message: string, options: { exitCode: ExitCode; hint?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.exitCode = options.exitCode;
    this.hint = options.hint;
  }
}

/** More lines than a person reads before mending the first; also bounds what a hostile file can print. */
const MAX_LINES = 100;

/** Files are wrong. Thrown before anything has been created. */
export class InputError extends CilionError {
  /** File by file, each in the order of its lines; what two uses of one file have in common stands there once. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const ordered = inOrder(problems);
    const lines = ordered.slice(0, MAX_LINES).map(formatProblem);
    if (ordered.length > MAX_LINES) lines.push(`… and ${ordered.length - MAX_LINES} more`);
    super(lines.join('\n'), { exitCode: 2 });
    this.problems = ordered;
  }
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  const files = [...new Set(problems.map(({ file }) => file))];
  const rank = new Map(files.map((file, index) => [file, index]));
  return [...once.values()].sort(
    (x, y) =>
      (rank.get(x.file) ?? 0) - (rank.get(y.file) ?? 0) ||
      (x.line ?? 0) - (y.line ?? 0) ||
      (x.column ?? 0) - (y.column ?? 0),
  );
}

/** The lab could not be built, or something in it broke while it ran. */
export class LabError extends CilionError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { exitCode: 3, ...options });
  }
}

/** `file:line:column: field: message (expected …)` on one line, the form editors make clickable. */
export function formatProblem(problem: Problem): string {
  const position =
    problem.line === undefined
      ? printable(problem.file)
      : `${printable(problem.file)}:${problem.line}${problem.column === undefined ? '' : `:${problem.column}`}`;
  const field = problem.field === '' ? '' : `${printable(problem.field)}: `;
  return `${position}: ${field}${printable(problem.message)}${formatExpected(problem.expected)}`;
}

function formatExpected(expected: string | undefined): string {
  if (expected === undefined) return '';
  const text = printable(expected);
  return text.startsWith('did you mean') ? ` (${text})` : ` (expected ${text})`;
}

const MAX_PART_LENGTH = 400;

/** What a file says reaches a terminal here: neither its length nor its control characters may. */
function printable(text: string): string {
  const short = text.length > MAX_PART_LENGTH ? `${text.slice(0, MAX_PART_LENGTH)}…` : text;
  return visible(short);
}

/** With control characters, which a terminal would obey, written out; `\n` too. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

/** As visible, of a text of several lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}
