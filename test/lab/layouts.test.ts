import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { generateLayouts } from '../../src/dataplane/generate-layouts.ts';

before(() => buildAll());

test('layouts.gen.ts is what the generator makes of the headers', async () => {
  const committed = readFileSync(new URL('../../src/dataplane/layouts.gen.ts', import.meta.url), 'utf8');
  assert.equal(committed, await generateLayouts(), 'run: node src/dataplane/generate-layouts.ts');
});
