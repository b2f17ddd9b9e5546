import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { pathOf } from '../../../src/documents/fields.ts';
import { exampleOf, FORMATS, groups, written } from '../../../src/documents/formats.ts';
import { COMMAND, SCENARIOS_PAGE, scenariosPage } from '../../../src/documents/generate.ts';
import { mentions, placed } from '../../../src/documents/place.ts';
import { WRONG_VALUES } from '../../../src/documents/wrong-values.ts';
import { METRIC_UNITS } from '../../../src/results/metrics.ts';

test('docs/scenarios.md is what the schemas and the loaders say today', async () => {
  const page = await readFile(SCENARIOS_PAGE, 'utf8');
  assert.equal(page, await scenariosPage(), `docs/scenarios.md is stale: run ${COMMAND}`);
});

for (const format of FORMATS) {
  const fields = groups(format).flatMap((group) => (group.sameAs === undefined ? group.fields : []));
  /** Fields that hold a value of their own; the others hold fields. */
  const leaves = fields.filter(
    ({ steps }) => !groups(format).some((group) => pathOf(group.steps).startsWith(pathOf(steps))),
  );

  test(`docs/examples/${format.example} is right`, async () => {
    assert.deepEqual(await format.problems(written(await exampleOf(format))), []);
  });

  test(`docs/examples/${format.example} uses every field of ${format.schema}`, async () => {
    const document = await exampleOf(format);
    const missing = fields.filter((field) => !mentions(document, field));
    assert.deepEqual(
      missing.map(({ steps }) => pathOf(steps)),
      [],
    );
  });

  test(`every field of ${format.schema} has an example, and each example loads`, async () => {
    const document = await exampleOf(format);
    for (const field of leaves) {
      const path = pathOf(field.steps);
      assert.ok(field.examples.length > 0, `${path}: add examples to its .meta() in the schema`);
      for (const example of field.examples) {
        const problems = await format.problems(written(placed(document, field, example)));
        assert.deepEqual(problems, [], `${path}: ${JSON.stringify(example)}`);
      }
    }
  });

  test(`every field of ${format.schema} has a mistake in the reference, and each is refused`, async () => {
    const document = await exampleOf(format);
    const mistakes = WRONG_VALUES[format.schema];
    const shown = new Set<string>();
    for (const field of fields) {
      const path = pathOf(field.steps);
      for (const value of mistakes[path] ?? []) {
        shown.add(path);
        const problems = await format.problems(written(placed(document, field, value)));
        assert.ok(problems.length > 0, `${path}: ${JSON.stringify(value)} is accepted`);
      }
    }
    assert.deepEqual(
      Object.keys(mistakes).filter((path) => !shown.has(path)),
      [],
      'mistakes for fields that do not exist',
    );
    assert.deepEqual(
      leaves.map(({ steps }) => pathOf(steps)).filter((path) => !shown.has(path)),
      [],
      'add what people get wrong to src/documents/wrong-values.ts',
    );
  });
}

test('the page defines every metric, in its unit', async () => {
  const page = await readFile(SCENARIOS_PAGE, 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+\.\w+)` \| ([^|]+) \|/gm)].map(([, name, unit]) => [name, unit]);
  assert.deepEqual(rows, Object.entries(METRIC_UNITS));
});
