import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const FIRST_LINE = /^# yaml-language-server: \$schema=(\S+)$/;
const files = globSync(['scenarios/**/*.yaml', 'docs/examples/*.yaml'], { cwd: root }).sort();

/** What an editor finds wrong in a file, one text a document; ajv knows nothing of our loaders. */
async function faults(schemaFile: string, text: string): Promise<string[]> {
  // `unknownField` is a word of our own, for the loader.
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, keywords: ['unknownField'] });
  const validate = ajv.compile(JSON.parse(await readFile(schemaFile, 'utf8')));
  return parseAllDocuments(text).flatMap((document) =>
    validate(document.toJS()) ? [] : [ajv.errorsText(validate.errors)],
  );
}

async function schemaOf(file: string): Promise<{ schema: string; text: string }> {
  const text = await readFile(join(root, file), 'utf8');
  const path = FIRST_LINE.exec(text.split('\n', 1)[0] ?? '')?.[1];
  assert.ok(path !== undefined, `${file} names no schema in its first line`);
  return { schema: join(root, dirname(file), path), text };
}

for (const file of files) {
  test(`${file} names a JSON Schema of ours in its first line and is valid against it`, async () => {
    const { schema, text } = await schemaOf(file);
    assert.match(relative(root, schema), /^schemas\/\w+\.schema\.json$/);
    assert.deepEqual(await faults(schema, text), []);
  });
}

test('the JSON Schemas refuse what an editor should mark', async () => {
  const { schema, text } = await schemaOf('scenarios/tiny.yaml');
  const broken: readonly (readonly [string, string])[] = [
    ['interval: 10ms', 'interval: 10'],
    ['kind: udp', 'kind: upd'],
    ['duration: 5s', 'durration: 5s'],
    ['rate: 20Mbit', 'rate: 20Mbps'],
  ];
  for (const [right, wrong] of broken) {
    assert.ok(text.includes(right), right);
    assert.notDeepEqual(await faults(schema, text.replace(right, wrong)), [], wrong);
  }
});
