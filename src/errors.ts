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

/** A file is wrong. Thrown before anything has been created. */
export class InputError extends CilionError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'), { exitCode: 2 });
    this.problems = problems;
  }
}

/** The lab could not be built, or something in it broke while it ran. */
export class LabError extends CilionError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { exitCode: 3, ...options });
  }
}

/** `file:line:column: field: message (expected …)`, the form editors make clickable. */
export function formatProblem(problem: Problem): string {
  const position =
    problem.line === undefined
      ? problem.file
      : `${problem.file}:${problem.line}${problem.column === undefined ? '' : `:${problem.column}`}`;
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `${position}: ${field}${problem.message}${formatExpected(problem.expected)}`;
}

function formatExpected(expected: string | undefined): string {
  if (expected === undefined) return '';
  return expected.startsWith('did you mean') ? ` (${expected})` : ` (expected ${expected})`;
}
