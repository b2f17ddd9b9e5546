import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readNamed } from '../../../src/input/read-text.ts';
import { loadScenario } from '../../../src/scenario/load.ts';

const home = mkdtempSync(join(tmpdir(), 'cilion-named-'));
after(() => rmSync(home, { recursive: true }));
const scenario = join(home, 'stranger/scenario.yaml');
mkdirSync(join(home, 'stranger/parts'), { recursive: true });
mkdirSync(join(home, 'private'));
mkdirSync(join(home, 'public'));
chmodSync(join(home, 'private'), 0o700);
const SECRET = 'root:$6$swordfish:19836:0:99999:7:::\n';

function put(path: string, mode: number): string {
  writeFileSync(join(home, path), SECRET, { mode });
  chmodSync(join(home, path), mode);
  return join(home, path);
}

test('a file beneath the folder of the one that names it is read whatever its mode', async () => {
  for (const path of ['stranger/own.yaml', 'stranger/parts/own.yaml']) {
    assert.equal(await readNamed(put(path, 0o600), scenario), SECRET);
  }
});

test('a file elsewhere is read when everybody may read it, though the folders above both be private', async () => {
  assert.equal(await readNamed(put('public/shared.yaml', 0o644), scenario), SECRET);
});

test('a file elsewhere that is not for everybody is refused without a word of what it holds', async () => {
  symlinkSync(put('public/shadow', 0o640), join(home, 'stranger/link.yaml'));
  symlinkSync(join(home, 'private'), join(home, 'stranger/folder'));
  put('private/open.yaml', 0o644);
  for (const path of ['public/shadow', 'stranger/link.yaml', 'private/open.yaml', 'stranger/folder/open.yaml']) {
    const named = join(home, path);
    const expected = `${named}: lies outside the folder of ${scenario} and is not for everybody to read (expected a file in that folder or beneath it)`;
    await assert.rejects(readNamed(named, scenario), { message: expected });
  }
});

test('a scenario that names a secret as its topology or a manifest shows nothing of it', async () => {
  const secret = put('public/secret.yaml', 0o600);
  const text = (topology: string, manifest: string) => `name: x
title: x
question: x
topology: ${topology}
clusters: [{name: a, as: 1-ff00:0:111, manifests: [${manifest}]}]
transports: [ip]
workloads: [{kind: udp, name: u, from: a/x, to: a/y}]
duration: 1s
`;
  const ours = join(process.cwd(), 'scenarios/topologies/tiny.yaml');
  symlinkSync(secret, join(home, 'stranger/secret.yaml'));
  symlinkSync(ours, join(home, 'stranger/tiny.yaml'));
  symlinkSync(ours, join(home, 'stranger/none.yaml'));
  for (const [topology, manifest] of [
    ['../public/secret.yaml', 'none.yaml'],
    ['secret.yaml', 'none.yaml'],
    ['tiny.yaml', '../public/secret.yaml'],
  ] as const) {
    writeFileSync(scenario, text(topology, manifest));
    await assert.rejects(loadScenario(scenario), (error: Error) => {
      assert.match(error.message, /is not for everybody to read/);
      assert.doesNotMatch(error.message, /swordfish/);
      return true;
    });
  }
});

test('what is not there, and a link that leads to itself, are told as of any file', async () => {
  symlinkSync('loop.yaml', join(home, 'stranger/loop.yaml'));
  await assert.rejects(
    readNamed(join(home, 'stranger/nothing.yaml'), scenario),
    /nothing\.yaml: there is no such file$/,
  );
  await assert.rejects(readNamed(join(home, 'stranger/loop.yaml'), scenario), /leads back to itself$/);
});
