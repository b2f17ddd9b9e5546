import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/doctor/finding.ts';
import { cilion, type Ended, startProgram } from './cilion.ts';
import { Machine } from './machine.ts';

const ENTRY = fileURLToPath(new URL('../../cilion', import.meta.url));

let machine: Machine;

before(async () => {
  machine = await Machine.start();
});

after(() => machine.end());

function findings({ stdout }: Ended): { ok: boolean; findings: Finding[] } {
  return JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
}

test('doctor finds all that a run needs on a machine that the tests run on, and leaves it as it was', async () => {
  const bare = await machine.photograph();
  const { code, stdout, stderr } = await machine.cilion('doctor');
  assert.equal(code, 0, stdout + stderr);
  for (const what of ['native XDP on veth, tried', 'bird 2', 'confined commands', 'CAP|capability', 'Node 2\\d']) {
    assert.match(stdout, new RegExp(`✓ .*(${what})`));
  }
  assert.doesNotMatch(stdout, /✗/);
  assert.match(stdout, /this machine has all that a run needs/);
  await machine.assertUnchanged(bare, 'doctor');
});

test('doctor names what a killed command left over, and what takes it away', async () => {
  assert.equal((await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one', '--transport', 'ip')).code, 0);
  const labs = async () =>
    findings(await machine.cilion('doctor', '--json')).findings.filter((f) => f.group === 'Labs');
  assert.match((await labs())[0]?.what ?? '', /at work: one/);
  await machine.run(['rm', '/run/cilion/one/owner.json']);
  const [left] = await labs();
  assert.deepEqual([left?.what, left?.fix], ['left over: one', './cilion destroy --all']);
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
});

/** A folder with links to all programs of PATH but these. */
function pathWithout(...missing: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'cilion-path-'));
  const names = new Set(missing);
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of listing(place)) {
      if (names.has(name)) continue;
      names.add(name);
      symlinkSync(join(place, name), join(folder, name));
    }
  }
  return folder;
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Many a PATH names a folder that is not there.
    return [];
  }
}

test('doctor without a program in PATH says so with the package that brings it, and ends with exit code 3', async () => {
  const path = pathWithout('irtt', 'tshark');
  try {
    const ended = await startProgram(['env', `PATH=${path}`, ENTRY, 'doctor', '--json']).ended;
    assert.equal(ended.code, 3, ended.stderr);
    const { ok, findings: all } = findings(ended);
    assert.equal(ok, false);
    const wrong = all.filter(({ what }) => /irtt|tshark/.test(what));
    assert.deepEqual(
      wrong.map(({ status, what, fix }) => [status, what, fix?.replace(/ \(.*/, '')]),
      [
        ['needed', 'no irtt', 'apt-get install irtt'],
        ['optional', 'no tshark', 'apt-get install tshark'],
      ],
    );
    const text = await startProgram(['env', `PATH=${path}`, ENTRY, 'doctor']).ended;
    assert.match(text.stdout, /✗ no irtt: it runs workloads of kind udp\n {6}→ apt-get install irtt /);
  } finally {
    rmSync(path, { recursive: true });
  }
});

test('doctor without root says that root is needed, tries nothing, and ends with exit code 3', async () => {
  const argv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--', ENTRY, 'doctor', '--json'];
  const ended = await machine.run(argv);
  assert.equal(ended.code, 3, ended.stderr);
  const { findings: all } = findings(ended);
  assert.equal(all.find(({ status }) => status === 'needed')?.what, 'not root');
  assert.ok(!all.some(({ what }) => what.includes('tried')));
});

test('doctor takes no arguments', async () => {
  assert.equal((await cilion(['doctor', 'now'])).code, 2);
});
