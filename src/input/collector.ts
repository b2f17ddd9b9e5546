/** Collects the problems of one file, so that its writer hears of all of them at once. */
import { InputError, type Problem } from '../errors.ts';
import type { FieldPath, YamlFile } from './yaml.ts';

/** Thrown by what looks a name up; becomes a problem at the place that used the name. */
export class FaultyValue extends Error {
  readonly expected: string | undefined;

  constructor(message: string, expected?: string) {
    super(message);
    this.name = 'FaultyValue';
    this.expected = expected;
  }
}

export class Collector {
  readonly problems: Problem[] = [];
  readonly #yaml: YamlFile<unknown>;

  constructor(yaml: YamlFile<unknown>) {
    this.#yaml = yaml;
  }

  report(path: FieldPath, message: string, expected?: string): void {
    this.problems.push(this.#yaml.problem(path, message, expected));
  }

  /** Takes over what another file's reader found. */
  addAll(problems: readonly Problem[]): void {
    for (const problem of problems) this.problems.push(problem);
  }

  /** What `body` returns; undefined when it throws a FaultyValue, which is reported at `path`. */
  attempt<T>(path: FieldPath, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof FaultyValue)) throw error;
      this.report(path, error.message, error.expected);
      return undefined;
    }
  }

  /** @throws InputError when anything has been reported */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new InputError(this.problems);
  }
}
