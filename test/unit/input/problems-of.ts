/** What the tests of loaders look at: the problems as a user reads them. */
import assert from 'node:assert/strict';
import { formatProblem, InputError } from '../../../src/errors.ts';

/** The lines a failing load prints; fails when nothing is wrong or when anything but an InputError is thrown. */
export async function problemsOf(load: () => unknown): Promise<string[]> {
  try {
    await load();
  } catch (error) {
    assert.ok(error instanceof InputError, `threw ${error}, which is no InputError`);
    return error.problems.map(formatProblem);
  }
  assert.fail('nothing was found wrong');
}

/** Runs `load` and lets only an InputError pass: what any text whatever may lead to. */
export async function loadsOrRefuses(load: () => unknown): Promise<void> {
  try {
    await load();
  } catch (error) {
    assert.ok(error instanceof InputError, `threw ${error}, which is no InputError`);
    assert.ok(error.problems.length > 0);
  }
}
