/** Files that are wrong before a word of them is read, or cannot be: each with its whole message, none hangs. */
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
  assert.equal(await refusal('huge.yaml'), 'huge.yaml: has 100000000 bytes (expected at most 1 MiB)');
});

test('a file that holds nothing, or nothing but a comment', async () => {
  writeFileSync(at('empty.yaml'), '');
  assert.equal(await refusal('empty.yaml'), 'empty.yaml:1:1: the file is empty');
  writeFileSync(at('empty.yaml'), '# name: t\n');
  assert.equal(await refusal('empty.yaml'), 'empty.yaml:1:1: the file is empty');
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

test('carriage returns alone, which end a line for some and not for others', async () => {
  writeFileSync(at('mac.yaml'), 'name: t\rases: {}\r');
  assert.equal(await refusal('mac.yaml'), 'mac.yaml:1:8: there is a control character here (U+000D) (expected text)');
});

test('what looks broken and is not: a byte order mark, line ends of Windows, tabs behind a value, JSON', async () => {
  const sound = 'name: t\nases:\n  1-1: {core: true}\n  1-2: {}\nlinks:\n  - {a: 1-1, b: 1-2, type: child}\n';
  const json =
    '{"name": "t", "ases": {"1-1": {"core": true}, "1-2": {}}, "links": [{"a": "1-1", "b": "1-2", "type": "child"}]}';
  const { topology } = parseTopology('t.yaml', sound);
  for (const same of [`\ufeff${sound}`, sound.replaceAll('\n', '\r\n'), sound.replaceAll('\n', ' \t\n'), json]) {
    writeFileSync(at('t.yaml'), same);
    assert.deepEqual((await loadTopology(at('t.yaml'))).topology, { ...topology, source: at('t.yaml') });
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

test('a manifest that is a folder, a pipe, empty, or a link to what nobody else is to read', async () => {
  const own = at('manifests');
  mkdirSync(join(own, 'folder.yaml'), { recursive: true });
  for (const file of readdirSync(BASE)) writeFileSync(join(own, file), readFileSync(join(BASE, file)));
  writeFileSync(join(own, 'none.yaml'), '# nothing yet\n');
  const scenario = readFileSync(join(own, 'scenario.yaml'), 'utf8');
  const lines = async (manifest: string) => {
    writeFileSync(join(own, 'scenario.yaml'), scenario.replace('[pods.yaml]', `[pods.yaml, ${manifest}]`));
    return (await problemsOf(() => loadScenario(join(own, 'scenario.yaml')))).join('\n').replaceAll(`${own}/`, '');
  };
  const place = 'scenario.yaml:7:56: clusters[0].manifests[1]';
  assert.equal(await lines('folder.yaml'), `${place}: folder.yaml: is a folder (expected a file)`);
  assert.equal(await lines('none.yaml'), 'none.yaml:1:1: the file is empty');
  execFileSync('mkfifo', [join(own, 'pipe.yaml')]);
  assert.equal(await lines('pipe.yaml'), `${place}: pipe.yaml: is not a regular file`);
  symlinkSync('/etc/passwd', join(own, 'link.yaml'));
  assert.equal(await lines('link.yaml'), 'link.yaml:1:1: is text (expected a map of fields)');
});
