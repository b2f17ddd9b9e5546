/** Files that are wrong before a word of them is read, and texts made to hurt: each with its whole message, none hangs. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../src/errors.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { loadTopology, parseTopology } from '../../src/topology/load.ts';
import { BASE } from '../fixtures/bad-input/read-cases.ts';
import { problemsOf } from './input/problems-of.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cilion-bad-files-'));
after(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

async function refusal(name: string): Promise<string> {
  const lines = await problemsOf(() => loadTopology(at(name)));
  return lines.join('\n').replaceAll(`${folder}/`, '');
}

const text = async (yaml: string) => (await problemsOf(() => parseTopology('t.yaml', yaml))).join('\n');

test('a file that is not there', async () => {
  assert.equal(await refusal('none.yaml'), 'none.yaml: there is no such file');
  writeFileSync(at('plain'), '');
  assert.equal(await refusal('plain/t.yaml'), 'plain/t.yaml: there is no such file: a folder in its path is a file');
  const long = `${'n'.repeat(300)}.yaml`;
  assert.equal(await refusal(long), `${long}: has a name that is too long`);
});

test('a folder in place of a file', async () => {
  mkdirSync(at('folder.yaml'));
  assert.equal(await refusal('folder.yaml'), 'folder.yaml: is a folder (expected a file)');
});

test('a named pipe, which would be read for ever', async () => {
  execFileSync('mkfifo', [at('pipe.yaml')]);
  assert.equal(await refusal('pipe.yaml'), 'pipe.yaml: is not a regular file');
});

test('a device, which would be read for ever', async () => {
  symlinkSync('/dev/zero', at('zero.yaml'));
  assert.equal(await refusal('zero.yaml'), 'zero.yaml: is not a regular file');
});

test('symbolic links in a circle', async () => {
  symlinkSync(at('two.yaml'), at('one.yaml'));
  symlinkSync(at('one.yaml'), at('two.yaml'));
  assert.equal(await refusal('one.yaml'), 'one.yaml: is a symbolic link that leads back to itself');
});

test('a file that this user may not read', async () => {
  writeFileSync(at('secret.yaml'), 'name: t\n');
  chmodSync(at('secret.yaml'), 0);
  const root = process.geteuid?.() === 0;
  if (root) chmodSync(folder, 0o755);
  // Root may read everything: somebody else is asked.
  if (root) process.seteuid?.('nobody');
  const message = await refusal('secret.yaml').finally(() => root && process.seteuid?.(0));
  assert.equal(message, 'secret.yaml: may not be read by this user');
});

test('a file of 100 MB is refused by its size, before it is read', async () => {
  writeFileSync(at('huge.yaml'), '');
  truncateSync(at('huge.yaml'), 100_000_000);
  assert.equal(await refusal('huge.yaml'), 'huge.yaml: has 100000000 bytes (expected at most 2 MiB)');
});

test('a file that holds nothing, or nothing but a comment', async () => {
  writeFileSync(at('empty.yaml'), '');
  assert.equal(await refusal('empty.yaml'), 'empty.yaml:1:1: the file is empty');
  assert.equal(await text('# name: t\n'), 't.yaml:1:1: the file is empty');
});

test('a file whose name says nothing of its format', async () => {
  writeFileSync(at('topology.json'), '{}');
  const message = 'topology.json: the name says nothing of the format (expected a .yaml or a .topo file)';
  assert.equal(await refusal('topology.json'), message);
});

test('bytes that are not UTF-8, at their place', async () => {
  writeFileSync(at('latin1.yaml'), Buffer.from('name: t\ntitle: Zürich\n', 'latin1'));
  assert.equal(await refusal('latin1.yaml'), 'latin1.yaml:2:9: is not UTF-8 text from here on');
  writeFileSync(at('utf16.yaml'), Buffer.from('\ufeffname: t\n', 'utf16le'));
  assert.equal(await refusal('utf16.yaml'), 'utf16.yaml:1:1: is not UTF-8 text from here on');
});

test('a NUL byte, and a control character that would reach the terminal', async () => {
  writeFileSync(at('nul.yaml'), 'name: t\nases\0: {}\n');
  assert.equal(await refusal('nul.yaml'), 'nul.yaml:2:5: there is a control character here (U+0000) (expected text)');
  writeFileSync(at('escape.yaml'), 'name: \u001b[2Jt\n');
  const message = 'escape.yaml:1:7: there is a control character here (U+001B) (expected text)';
  assert.equal(await refusal('escape.yaml'), message);
});

test('a control character by an escape is written out in the message', async () => {
  const message = 't.yaml:1:7: name: is "\\u001b[2J", which is no valid name';
  assert.equal((await text('name: "\\e[2J"\nases: {}\nlinks: []\n')).startsWith(message), true);
});

test('broken syntax, at its place', async () => {
  assert.equal(await text('name: t\n\tases: {}\n'), 't.yaml:2:1: Tabs are not allowed as indentation');
  assert.equal(await text('name: "t\n'), 't.yaml:2:1: Missing closing "quote');
  assert.equal(await text('name: !secret t\n'), 't.yaml:1:7: Unresolved tag: !secret');
});

test('two documents where one is expected', async () => {
  const message = 't.yaml:3:1: a second document begins here (expected one document a file)';
  assert.equal(await text('name: t\n---\nname: u\n'), message);
});

test('one key twice, and the line where it stood first', async () => {
  assert.equal(await text('name: t\nases: {}\nname: u\n'), 't.yaml:3:1: "name" stands there twice, first in line 1');
});

test('an alias without anchor, and one inside of what it stands for', async () => {
  assert.equal(await text('name: *x\n'), 't.yaml:1:7: *x stands for nothing (expected &x at an earlier place)');
  assert.equal(await text('ases: &x {y: *x}\n'), 't.yaml:1:14: *x stands for something that it is a part of');
});

test('a billion laughs', async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
  const bomb = await text(`l0: &l0 [ha]\n${levels.join('\n')}\n`);
  assert.equal(bomb, 't.yaml: cannot be read as YAML: its aliases expand to too much');
});

test('a hundred aliases and one more', async () => {
  const message = 't.yaml:2:409: there are too many aliases (expected at most 100)';
  assert.equal(await text(`name: &a x\nlinks: [${Array(101).fill('*a').join(', ')}]\n`), message);
});

test('brackets in brackets in brackets', async () => {
  assert.equal(await text('['.repeat(100_000)), 't.yaml: cannot be read as YAML: it is nested too deeply');
});

test('more ASes than there are addresses', async () => {
  const count = 4096;
  const ia = (n: number) => `1-1:0:${n.toString(16)}`;
  const numbers = Array.from({ length: count }, (_, n) => n);
  const ases = numbers.map((n) => `  ${ia(n)}: {${n === 0 ? 'core: true' : ''}}`);
  const links = numbers.slice(1).map((n) => `  - {a: ${ia(0)}, b: ${ia(n)}, type: child}`);
  const message =
    't.yaml:4098:14: ases["1-1:0:fff"]: no prefix of 10.0.0.0/8 is left for this AS (expected fewer ASes, or smaller prefixes)';
  assert.equal(await text(['name: t', 'ases:', ...ases, 'links:', ...links].join('\n')), message);
});

test('more nodes than the prefix of the AS has room for', async () => {
  const own = at('nodes');
  mkdirSync(own);
  for (const file of readdirSync(BASE)) writeFileSync(join(own, file), readFileSync(join(BASE, file)));
  const edit = (file: string, from: string, to: string) =>
    writeFileSync(join(own, file), readFileSync(join(own, file), 'utf8').replace(from, to));
  const links = Array.from(
    { length: 15 },
    (_, n) => `  - {a: 1-ff00:0:110#${n + 10}, b: 1-ff00:0:112#${n + 10}, type: child}`,
  );
  edit('topology.yaml', '{label: right}', '{label: right, prefix: 10.9.16.0/20}');
  writeFileSync(join(own, 'topology.yaml'), `${readFileSync(join(own, 'topology.yaml'), 'utf8')}${links.join('\n')}\n`);
  edit('scenario.yaml', 'nodes: 2', 'nodes: 15');
  const lines = await problemsOf(() => loadScenario(join(own, 'scenario.yaml')));
  const message = "clusters[1].nodes: 15 nodes are too many for the AS's prefix 10.9.16.0/20 (expected at most 14)";
  assert.deepEqual(lines, [`${join(own, 'scenario.yaml')}:8:40: ${message}`]);
});

test('a key that the schema library would pass over', async () => {
  const message = 't.yaml:2:8: there is no field "__proto__"';
  assert.equal(await text('name: t\nases: {__proto__: {core: true}}\nlinks: []\n'), message);
});

test('a file with more faults than anybody reads says how many there are', async () => {
  const lines = Array.from({ length: 150 }, (_, n) => `field-${n}: x`);
  await assert.rejects(
    async () => parseTopology('t.yaml', `name: t\nases: {}\nlinks: []\n${lines.join('\n')}\n`),
    (error) => error instanceof InputError && /\n… and 50 more$/.test(error.message) && error.problems.length === 150,
  );
});

test('the largest file that is read at all is refused within seconds, whatever is in it', async () => {
  const size = 2 * 1024 * 1024;
  const filled = (line: (n: number) => string) => {
    const lines: string[] = [];
    for (let length = 0, n = 0; length < size; n++) length += lines[lines.push(line(n)) - 1]!.length + 1;
    return lines.slice(0, -1).join('\n');
  };
  for (const line of [(n: number) => `k${n}: x`, (n: number) => `- &a${n} x`, (n: number) => `- *a${n}`]) {
    const begin = performance.now();
    await problemsOf(() => parseTopology('t.yaml', filled(line)));
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(seconds < 60, `${line(1)}: ${seconds} s`);
  }
});

test('the command line prints the message, makes nothing and ends with exit code 2', () => {
  const own = at('cli');
  mkdirSync(own);
  for (const file of readdirSync(BASE)) writeFileSync(join(own, file), readFileSync(join(BASE, file)));
  const scenario = join(own, 'scenario.yaml');
  writeFileSync(
    scenario,
    readFileSync(scenario, 'utf8').replace('from: a/client, to: b/web-1', 'from: a/cleint, to: b/web-1'),
  );
  const before = readdirSync(own);
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'plan', scenario], { encoding: 'utf8' });
  const message = 'workloads[0].from: cluster a has no pod "cleint" (did you mean "client"?)';
  assert.deepEqual([status, stdout, stderr], [2, '', `cilion: ${scenario}:11:35: ${message}\n`]);
  assert.deepEqual(readdirSync(own), before);
});

test('a manifest that is a folder, and one that is empty', async () => {
  const own = at('manifests');
  mkdirSync(join(own, 'folder'), { recursive: true });
  for (const file of readdirSync(BASE)) writeFileSync(join(own, file), readFileSync(join(BASE, file)));
  writeFileSync(join(own, 'none.yaml'), '# nothing yet\n');
  const scenario = readFileSync(join(own, 'scenario.yaml'), 'utf8');
  const lines = async (manifest: string) => {
    writeFileSync(join(own, 'scenario.yaml'), scenario.replace('[pods.yaml]', `[pods.yaml, ${manifest}]`));
    return (await problemsOf(() => loadScenario(join(own, 'scenario.yaml')))).join('\n').replaceAll(`${own}/`, '');
  };
  assert.equal(await lines('folder'), 'folder: is a folder (expected a file)');
  assert.equal(await lines('none.yaml'), 'none.yaml:1:1: the file is empty');
});
