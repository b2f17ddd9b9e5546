/** The file formats that the reference describes: schema, a file that uses every field, and the real loader. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { InputError, type Problem } from '../errors.ts';
import { jsonSchemaOf, type SchemaFile } from '../input/generate-schemas.ts';
import { loadManifests } from '../k8s/manifests.ts';
import { loadScenario } from '../scenario/load.ts';
import { parseTopology } from '../topology/load.ts';
import { type Group, groupsOf, type JsonSchema } from './fields.ts';

export const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url));

export interface Format {
  readonly schema: SchemaFile;
  /** File in docs/examples that uses every field. */
  readonly example: string;
  /** What the loader says of a text in the place of that file; nothing when it is right. */
  problems(text: string): Promise<readonly Problem[]>;
}

export const FORMATS: readonly Format[] = [
  { schema: 'scenario.schema.json', example: 'scenario.yaml', problems: scenarioProblems },
  {
    schema: 'topology.schema.json',
    example: 'topology.yaml',
    problems: (text) => problemsOf(() => parseTopology('topology.yaml', text)),
  },
  {
    schema: 'manifest.schema.json',
    example: 'shop.yaml',
    problems: (text) => problemsOf(() => loadManifests([{ path: 'shop.yaml', text }], ['b1'])),
  },
];

/** The groups of a format's fields. */
export function groups({ schema }: Format): Group[] {
  return groupsOf(jsonSchemaOf(schema) as JsonSchema);
}

/** The documents of an example file, as one list for a file of several. */
export async function exampleOf({ example }: Format): Promise<unknown> {
  const documents = parseAllDocuments(await readFile(join(EXAMPLES, example), 'utf8')).map((each) => each.toJS());
  return documents.length === 1 ? documents[0] : documents;
}

/** As a file of the format: a list becomes several documents. */
export function written(document: unknown): string {
  const documents = Array.isArray(document) ? document : [document];
  return documents.map((each) => stringify(each)).join('---\n');
}

let folder: string | undefined;

/** A copy of the examples' folder, so that what a scenario names is there; gone when the process ends. */
function scratch(): string {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(join(tmpdir(), 'cilion-documents-'));
  process.once('exit', () => rmSync(made, { recursive: true }));
  cpSync(EXAMPLES, made, { recursive: true });
  folder = made;
  return made;
}

async function scenarioProblems(text: string): Promise<readonly Problem[]> {
  const file = join(scratch(), 'scenario.yaml');
  await writeFile(file, text);
  return problemsOf(() => loadScenario(file));
}

async function problemsOf(load: () => unknown): Promise<readonly Problem[]> {
  try {
    await load();
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
}
