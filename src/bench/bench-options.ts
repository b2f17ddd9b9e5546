/** Options of `cilion bench`, checked. */
import { CilionError } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { type BenchCase, parseCase } from './cases.ts';
import { SUBJECT_NAMES, type SubjectName } from './subjects.ts';

export type BenchOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** @throws CilionError (exit code 2) unless it is a whole number in range */
export function wholeNumber(
  options: BenchOptions,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = options[name];
  return text === undefined ? fallback : numberIn(name, text, least, most);
}

/** A list of them, separated by commas: each once, in ascending order. */
export function wholeNumbers(
  options: BenchOptions,
  name: string,
  fallback: readonly number[],
  least: number,
  most: number,
): number[] {
  const values = list(options, name)?.map((text) => numberIn(name, text, least, most)) ?? fallback;
  return [...new Set(values)].sort((a, b) => a - b);
}

function numberIn(name: string, text: BenchOptions[string], least: number, most: number): number {
  const value = Number(text);
  if (typeof text !== 'string' || !/^\d+$/.test(text) || value < least || value > most) {
    throw new CilionError(`--${flag(name)}: "${text}" is out of range or no whole number`, {
      exitCode: 2,
      hint: `from ${least} to ${most}`,
    });
  }
  return value;
}

/** As it is typed: `slow-runs` for `slowRuns`. */
function flag(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws CilionError (exit code 2) for a name that is no case */
export function casesOf(options: BenchOptions, fallback: readonly string[]): BenchCase[] {
  return [...new Set(list(options, 'cases') ?? fallback)].map(parseCase);
}

export function subjectsOf(options: BenchOptions): SubjectName[] {
  const wanted = list(options, 'subjects');
  if (wanted === undefined) return [...SUBJECT_NAMES];
  return SUBJECT_NAMES.filter((name) => checked(wanted).includes(name));
}

function checked(wanted: readonly string[]): readonly string[] {
  for (const name of wanted) {
    if (!(SUBJECT_NAMES as readonly string[]).includes(name)) {
      throw new CilionError(`--subjects: there is no "${name}"`, {
        exitCode: 2,
        hint: suggestion(name, SUBJECT_NAMES),
      });
    }
  }
  return wanted;
}

export function list(options: BenchOptions, name: string): string[] | undefined {
  const text = options[name];
  return typeof text === 'string' ? text.split(',').map((part) => part.trim()) : undefined;
}
