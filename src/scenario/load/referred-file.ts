/** Files that a scenario names, relative to it. A fault of such a name stands at the place that names the file. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { InputError } from '../../errors.ts';
import type { Collector } from '../../input/collector.ts';
import { nearestName, oneOf, quoted } from '../../input/nearest.ts';
import { NO_SUCH_FILE, readNamed } from '../../input/read-text.ts';
import type { FieldPath } from '../../input/yaml.ts';
import type { InputFile } from '../model.ts';

/**
 * The text of the file; undefined, and a problem, when there is none to be had. Nothing is opened that is not named like what
 * is wanted: a scenario of somebody else has no business with the other files of this machine.
 *
 * @param name as the scenario has it
 * @param extensions with their dots
 */
export async function readReferred(
  name: string,
  scenarioFile: string,
  extensions: readonly string[],
  path: FieldPath,
  collector: Collector,
): Promise<InputFile | undefined> {
  if (isAbsolute(name)) {
    collector.report(path, `${quoted(name)} is an absolute path`, 'a path relative to this file');
    return undefined;
  }
  if (!extensions.includes(extname(name))) {
    collector.report(path, `${quoted(name)} is not named like such a file`, `a name in ${oneOf(extensions)}`);
    return undefined;
  }
  const file = join(dirname(scenarioFile), name);
  try {
    return { path: file, text: await readNamed(file, scenarioFile) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) {
      // What is wrong inside of the file has its place there.
      if (problem.line !== undefined) collector.addAll([problem]);
      else {
        const near = problem.message === NO_SUCH_FILE ? await neighbour(file) : undefined;
        collector.report(path, `${name}: ${problem.message}`, near ?? problem.expected);
      }
    }
    return undefined;
  }
}

async function neighbour(file: string): Promise<string | undefined> {
  const names = await readdir(dirname(file)).catch(() => []);
  const near = nearestName(
    basename(file),
    names.filter((name) => extname(name) === extname(file)),
  );
  return near === undefined ? undefined : `did you mean "${near}"?`;
}
