import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generateSchemas } from '../../../src/input/generate-schemas.ts';

const schemas = new URL('../../../schemas/', import.meta.url);
const scenarios = new URL('../../../scenarios/', import.meta.url);

test('the committed JSON Schemas are what the loaders accept today', async () => {
  for (const [file, text] of generateSchemas()) {
    assert.equal(await readFile(new URL(file, schemas), 'utf8'), text, `${file}: run src/input/generate-schemas.ts`);
  }
});

test('every field that an editor can offer has a description', () => {
  for (const [file, text] of generateSchemas()) {
    assert.deepEqual(undescribed(JSON.parse(text), file), []);
  }
});

test('no default in a schema is a value that the loaders would refuse', () => {
  for (const [, text] of generateSchemas()) assert.doesNotMatch(text, /"default": \d{4,}/);
});

test('every shipped YAML file of ours names its schema in its first line', async () => {
  for (const [folder, up, schema] of [
    ['', '..', 'scenario'],
    ['topologies/', '../..', 'topology'],
    ['manifests/', '../..', 'manifest'],
  ] as const) {
    const files = (await readdir(new URL(folder, scenarios))).filter((file) => file.endsWith('.yaml'));
    assert.ok(files.length > 0);
    for (const file of files) {
      const [first] = (await readFile(new URL(`${folder}${file}`, scenarios), 'utf8')).split('\n');
      assert.equal(first, `# yaml-language-server: $schema=${up}/schemas/${schema}.schema.json`, file);
    }
  }
});

/** Paths of properties without a description. */
function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'properties' in node && typeof node.properties === 'object' ? Object.entries(node.properties ?? {}) : [];
  const missing = own.flatMap(([name, field]) => ('description' in Object(field) ? [] : [`${path}.${name}`]));
  return [...missing, ...Object.entries(node).flatMap(([key, child]) => undescribed(child, `${path}.${key}`))];
}
