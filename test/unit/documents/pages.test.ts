import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { exampleOf, FORMATS, type Format, groups, written } from '../../../src/documents/formats.ts';
import { PAUSE_LIMIT_S, SENT_LIMIT } from '../../../src/measure/starvation.ts';
import { LATENESS_LIMIT_MS } from '../../../src/scenario/play-timeline.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pages = globSync(['README.md', 'docs/**/*.md'], { cwd: root }).sort();
const shipped = globSync('scenarios/*.yaml', { cwd: root }).sort();

const read = (page: string): Promise<string> => readFile(join(root, page), 'utf8');

function formatNamed(schema: Format['schema']): Format {
  const found = FORMATS.find((format) => format.schema === schema);
  assert.ok(found !== undefined);
  return found;
}

/** What a block of YAML in a page is, by its fields: a whole file, or fields to put into the example file. */
async function problemsOf(block: string): Promise<readonly { message: string }[]> {
  const documents = parseAllDocuments(block).map((document) => document.toJS() as Record<string, unknown>);
  const [first = {}] = documents;
  if ('apiVersion' in first) return formatNamed('manifest.schema.json').problems(block);
  const scenario = formatNamed('scenario.schema.json');
  const topology = formatNamed('topology.schema.json');
  const [fields] = groups(scenario);
  const isScenario = Object.keys(first).every((key) => fields?.fields.some(({ name }) => name === key));
  const format = isScenario ? scenario : topology;
  const whole = 'topology' in first || 'ases' in first;
  return format.problems(whole ? block : written({ ...((await exampleOf(format)) as object), ...first }));
}

for (const page of pages) {
  test(`every YAML block in ${page} loads`, async () => {
    for (const [, block = ''] of (await read(page)).matchAll(/^```yaml\n(.*?)^```$/gms)) {
      assert.deepEqual(await problemsOf(block), [], block);
    }
  });

  test(`every file that ${page} links to or names exists`, async () => {
    const text = await read(page);
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, path = '']) =>
      join(dirname(page), path),
    );
    const named = [...text.matchAll(/`((?:src|bpf|native|scenarios|schemas|testbed|test|docs)\/[\w./-]+\.\w+)`/g)];
    const missing = [...links, ...named.map(([, path = '']) => path)].filter((path) => !existsSync(join(root, path)));
    assert.deepEqual(missing, []);
  });

  test(`every heading that ${page} links to exists`, async () => {
    const text = await read(page);
    for (const [, path = '', anchor = ''] of text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)]+)\)/g)) {
      const target = path === '' ? text : await read(join(dirname(page), path));
      assert.ok(anchors(target).has(anchor), `${path}#${anchor}`);
    }
  });
}

/** As GitHub names headings. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every command of ours that a page shows is one that there is', async () => {
  const { COMMANDS } = await import('../../../src/cli/commands.ts');
  const names = new Set(COMMANDS.map(({ name }) => name));
  for (const page of pages) {
    for (const [, name = ''] of (await read(page)).matchAll(/\.\/cilion ([a-z]+)/g)) {
      assert.ok(names.has(name), `${page}: ./cilion ${name}`);
    }
  }
});

test('docs/install.md names every package that testbed/setup.sh would install', async () => {
  const [, needs = ''] = /^needs=\(\n(.*?)^\)/ms.exec(await read('testbed/setup.sh')) ?? [];
  const packages = needs
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' ')[1] ?? '');
  assert.ok(packages.length > 10);
  const page = await read('docs/install.md');
  for (const name of packages) assert.ok(page.includes(`\`${name}\``), name);
});

test('the limits that docs/measuring.md names are those of the code', async () => {
  const page = await read('docs/measuring.md');
  const limitOf = (what: string) =>
    page
      .split('\n')
      .find((line) => line.startsWith(`| ${what} `))
      ?.split(' | ')[1];
  assert.equal(limitOf('an event of the timeline was late'), `${LATENESS_LIMIT_MS} ms`);
  assert.equal(limitOf('a generator stood still'), `its interval + ${PAUSE_LIMIT_S * 1000} ms`);
  assert.equal(limitOf('a generator sent less'), `${SENT_LIMIT * 100} %`);
});

test('every shipped scenario has a page that says what it asks, what was found and what it does not show', async () => {
  for (const file of shipped) {
    const name = file.replace(/^scenarios\/|\.yaml$/g, '');
    const page = await read(`docs/scenarios/${name}.md`);
    for (const part of ['The question', 'The set-up', 'What to look at', 'What was found', 'What it does not show']) {
      assert.match(page, new RegExp(`^## ${part}$`, 'm'), `${name}: ${part}`);
    }
    assert.ok(page.includes(`./cilion run scenarios/${name}.yaml`), `${name}: the command`);
    assert.match(page, /!\[[^\]]+\]\([\w-]+\.(svg|png)\)/, `${name}: a picture`);
  }
});
