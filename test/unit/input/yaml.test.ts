import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { duration } from '../../../src/input/fields.ts';
import { nearestName } from '../../../src/input/nearest.ts';
import { readText } from '../../../src/input/read-text.ts';
import { formatPath, loadYaml } from '../../../src/input/yaml.ts';
import { loadsOrRefuses, problemsOf } from './problems-of.ts';

const schema = z.strictObject({
  name: z.string(),
  count: z.int().min(1).max(9).default(1),
  on: z.boolean().default(false),
  kind: z.enum(['core', 'child', 'peer']).default('core'),
  delay: duration.optional(),
  steps: z
    .array(
      z.discriminatedUnion('do', [
        z.strictObject({ do: z.literal('cut'), link: z.string() }),
        z.strictObject({ do: z.literal('wait'), time: duration }),
      ]),
    )
    .default([]),
  nodes: z.union([z.int(), z.array(z.strictObject({ label: z.string() }))]).default(1),
  tags: z.record(z.string(), z.string()).default({}),
});

const problems = (text: string) => problemsOf(() => loadYaml('f.yaml', text, schema));

test('a valid text gives the value with defaults and units applied', () => {
  const { value } = loadYaml('f.yaml', 'name: x\ndelay: 20ms\nsteps:\n  - {do: wait, time: 1s}\n', schema);
  assert.deepEqual(value, {
    ...{ name: 'x', count: 1, on: false, kind: 'core', delay: 20e6, nodes: 1, tags: {} },
    steps: [{ do: 'wait', time: 1e9 }],
  });
});

test('each problem names file, line, column, field, what is wrong and what would be right', async () => {
  const text = [
    'name: 7',
    'count: 12',
    'on: "yes"',
    'kind: chld',
    'delay: 20',
    'steps:',
    '  - {do: cut, lnk: a}',
    '  - {do: jump}',
    'nodes:',
    '  - {lable: x}',
    'tags: {a: 1}',
    'colour: red',
  ].join('\n');
  assert.deepEqual(await problems(text), [
    'f.yaml:1:7: name: is 7 (expected text)',
    'f.yaml:2:8: count: is 12 (expected at most 9)',
    'f.yaml:3:5: on: is "yes" (expected true or false)',
    'f.yaml:4:7: kind: is "chld" (did you mean "child"?)',
    'f.yaml:5:8: delay: is 20, a number without a unit (expected a duration such as 20ms, 1.5s or 100us)',
    'f.yaml:7:5: steps[0].link: is missing (expected text)',
    'f.yaml:7:15: steps[0].lnk: there is no such field here (did you mean "link"?)',
    'f.yaml:8:10: steps[1].do: is "jump" (expected one of cut, wait)',
    'f.yaml:10:5: nodes[0].label: is missing (expected text)',
    'f.yaml:10:6: nodes[0].lable: there is no such field here (did you mean "label"?)',
    'f.yaml:11:11: tags.a: is 1 (expected text)',
    'f.yaml:12:1: colour: there is no such field here (expected one of name, count, on, kind, delay, steps, nodes, tags)',
  ]);
});

test('a duplicate key is an error at its second place', async () => {
  assert.deepEqual(await problems('name: a\nname: b\n'), ['f.yaml:2:1: "name" stands there twice, first in line 1']);
});

test('broken syntax is reported with its place, and nothing else', async () => {
  const found = await problems('name: [a\ncount: 1\n');
  assert.equal(found.length, 1);
  for (const line of found) assert.match(line, /^f\.yaml:\d+:\d+: /);
});

test('an unknown tag is an error, not a warning that nobody sees', async () => {
  assert.match((await problems('name: !secret x\n'))[0] ?? '', /^f\.yaml:1:7: .*tag/);
});

test('an empty file, a second document and a scalar are refused', async () => {
  assert.deepEqual(await problems('# nothing\n'), ['f.yaml:1:1: the file is empty']);
  assert.match((await problems('name: a\n---\nname: b\n'))[0] ?? '', /^f\.yaml:3:1: a second document begins here/);
  assert.deepEqual(await problems('42'), ['f.yaml:1:1: is 42 (expected a map of fields)']);
});

test('aliases work, a problem behind one points to the anchor, and an alias bomb is refused', async () => {
  assert.equal(loadYaml('f.yaml', 'name: &n x\nsteps: [{do: cut, link: *n}]\n', schema).value.steps.length, 1);
  assert.match((await problems('name: &n 7\nsteps: [{do: cut, link: *n}]\n'))[1] ?? '', /steps\[0\]\.link: is 7/);
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`);
  const [bomb] = await problems(`l0: &l0 [x]\n${levels.join('\n')}\n`);
  assert.match(bomb ?? '', /alias/i);
});

test('nesting deeper than the stack is refused', async () => {
  assert.match((await problems('['.repeat(50_000)))[0] ?? '', /nested too deeply|Flow sequence/);
});

test('any text loads or is refused with an InputError', async () => {
  const word = fc.constantFrom(
    'name',
    'steps',
    'do',
    ':',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '20',
    '%',
    '!',
    '"',
    '#',
    '|',
    '?',
    '<<',
    '__proto__',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(word).map((words) => words.join('')),
  );
  await fc.assert(
    fc.asyncProperty(texts, (text) => loadsOrRefuses(() => loadYaml('f.yaml', text, schema))),
    { numRuns: 500 },
  );
});

test('files that are absent, folders, too large or not UTF-8 are refused', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'cilion-'));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'latin1'), Uint8Array.of(0x6e, 0xfc, 0x0a));
  await writeFile(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, 0x20));
  await writeFile(join(folder, 'bom'), '\ufeffname: x');
  const refusal = async (name: string) => (await problemsOf(() => readText(join(folder, name))))[0] ?? '';
  assert.match(await refusal('absent'), /there is no such file$/);
  assert.match(await refusal('.'), /is a folder \(expected a file\)$/);
  assert.match(await refusal('large'), /has 1048577 bytes \(expected at most 1 MiB\)$/);
  assert.match(await refusal('latin1'), /latin1:1:2: is not UTF-8 text from here on$/);
  assert.equal(await readText(join(folder, 'bom')), 'name: x');
});

test('the nearest name is found through a swap, a missing letter and wrong case, and not when far off', () => {
  const names = ['delay', 'jitter', 'loss', 'rate'];
  assert.equal(nearestName('dealy', names), 'delay');
  assert.equal(nearestName('jiter', names), 'jitter');
  assert.equal(nearestName('LOSS', names), 'loss');
  assert.equal(nearestName('bandwidth', names), undefined);
});

test('field paths quote keys that are no plain words', () => {
  assert.equal(formatPath(['ases', '1-ff00:0:110', 'mtu']), 'ases["1-ff00:0:110"].mtu');
  assert.equal(formatPath(['links', 3, 'a']), 'links[3].a');
});
