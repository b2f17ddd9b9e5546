/** What the command line makes of files that are wrong: the message, exit code 2 and nothing else, on a machine of its own. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BASE } from '../fixtures/bad-input/read-cases.ts';
import { Machine } from './machine.ts';

let machine: Machine;

before(async () => {
  machine = await Machine.start();
  // Builds what is stale.
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
});

after(() => machine.end());

/** The base scenario in a folder of the machine's /tmp, with changes; returns the scenario's path there. */
function lay(name: string, changes: Readonly<Record<string, (text: string) => string>>): string {
  const folder = join(machine.disk, 'tmp', name);
  cpSync(BASE, folder, { recursive: true });
  for (const [file, change] of Object.entries(changes)) {
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));
  }
  return `/tmp/${name}/scenario.yaml`;
}

/** Without the file's name in front. */
const CASES: Readonly<Record<string, { readonly lay: () => string; readonly message: string }>> = {
  'a scenario with a mistyped field': {
    lay: () => lay('field', { 'scenario.yaml': (text) => text.replace('transports:', 'transport:') }),
    message: [
      'scenario.yaml:1:1: transports: is missing (expected a list)',
      '/tmp/field/scenario.yaml:9:1: transport: there is no such field here (did you mean "transports"?)',
    ].join('\n'),
  },
  'a topology with a link to nowhere': {
    lay: () => lay('link', { 'topology.yaml': (text) => text.replace('b: 1-ff00:0:112#2', 'b: 1-ff00:0:113#2') }),
    message: 'topology.yaml:10:28: links[2].b: no AS 1-ff00:0:113 is defined (did you mean "1-ff00:0:110"?)',
  },
  'a manifest with a field that cannot be honoured': {
    lay: () =>
      lay('pods', { 'pods.yaml': (text) => text.replace('  replicas: 2\n', '  replicas: 2\n  paused: true\n') }),
    message:
      'pods.yaml:11:3: spec.paused: cannot be honoured: pods are made once, when the lab is built (expected one of replicas, selector, template)',
  },
  'an event beyond the end': {
    lay: () => lay('event', { 'scenario.yaml': (text) => text.replace('at: 6s', 'at: 60s') }),
    message: 'scenario.yaml:18:10: timeline[4].at: is not before the end of the pass (10s) (expected an earlier time)',
  },
  'a scenario of 100 MB': {
    lay: () => {
      const file = lay('huge', {});
      truncateSync(join(machine.disk, file), 100_000_000);
      return file;
    },
    message: 'scenario.yaml: has 100000000 bytes (expected at most 1 MiB)',
  },
  'a manifest that never ends': {
    lay: () => {
      const file = lay('device', { 'scenario.yaml': (text) => text.replace('[pods.yaml]', '[zero.yaml]') });
      symlinkSync('/dev/zero', join(machine.disk, 'tmp/device/zero.yaml'));
      return file;
    },
    message: 'scenario.yaml:7:45: clusters[0].manifests[0]: zero.yaml: is not a regular file',
  },
};

for (const [name, { lay: layCase, message }] of Object.entries(CASES)) {
  test(`${name} is refused by run, up and plan, and no lab, no results and no other thing is left`, async () => {
    const file = layCase();
    const bare = await machine.photograph();
    for (const args of [
      ['run', file, '--results', '/tmp/results'],
      ['up', file],
      ['plan', file],
    ]) {
      const { code, stdout, stderr } = await machine.cilion(...args);
      const expected = `cilion: ${file.slice(0, file.lastIndexOf('/'))}/${message}\n`;
      assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: expected }, args.join(' '));
    }
    assert.equal(machine.count('tmp/results*'), 0);
    await machine.assertUnchanged(bare, name);
  });
}

test('what is no file at all is refused by its name', async () => {
  const bare = await machine.photograph();
  const names = {
    '/tmp': 'is a folder (expected a file)',
    '/dev/zero': 'is not a regular file',
    '/tmp/no.yaml': 'there is no such file',
  };
  for (const [file, message] of Object.entries(names)) {
    const { code, stderr } = await machine.cilion('run', file, '--results', '/tmp/results');
    assert.deepEqual({ code, stderr }, { code: 2, stderr: `cilion: ${file}: ${message}\n` });
  }
  await machine.assertUnchanged(bare, 'names');
});
