import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { photographHost } from '../lab/host-photo.ts';
import { cilion } from './cilion.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cilion-cli-'));
after(() => rmSync(scratch, { recursive: true }));

test('a call without a command lists the commands', async () => {
  const { stdout, stderr, code } = await cilion([]);
  for (const name of ['run', 'report', 'plan', 'up', 'paths', 'drops', 'ls', 'destroy', 'test']) {
    assert.match(stdout + stderr, new RegExp(`^  ${name}\\b`, 'm'));
  }
  assert.equal(code, 2);
});

test('an unknown command and a missing argument are bad input', async () => {
  const unknown = await cilion(['runn']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /unknown command 'runn'[\s\S]*Did you mean run\?/);
  const missing = await cilion(['run']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /missing required argument 'scenario'/);
});

test('a scenario that is not there is bad input that names the file', async () => {
  const { code, stderr } = await cilion(['run', 'scenarios/nothing.yaml']);
  assert.equal(code, 2);
  assert.match(stderr, /scenarios\/nothing\.yaml/);
});

test('a broken scenario is refused with file, line and remedy before anything is created', async () => {
  const file = join(scratch, 'broken.yaml');
  const text = readFileSync('scenarios/tiny.yaml', 'utf8');
  writeFileSync(
    file,
    text.replace('duration: 5s', 'duraton: 5s').replace('topologies/', join(process.cwd(), 'scenarios/topologies/')),
  );
  const before = await photographHost();
  const { code, stderr } = await cilion(['run', file, '--results', join(scratch, 'results')]);
  assert.equal(code, 2);
  assert.match(stderr, /broken\.yaml:\d+:\d+: duraton: .*did you mean "duration"/);
  assert.deepEqual(await photographHost(), before);
});

test('plan prints the same JSON each time and makes nothing', async () => {
  const before = await photographHost();
  const [first, second] = [
    await cilion(['plan', 'scenarios/bgp-hijack.yaml']),
    await cilion(['plan', 'scenarios/bgp-hijack.yaml']),
  ];
  assert.equal(first.code, 0);
  assert.equal(first.stdout, second.stdout);
  assert.equal((JSON.parse(first.stdout) as { ases: unknown[] }).ases.length, 15);
  assert.deepEqual(await photographHost(), before);
});

test('a lab that does not exist is named, with where to look', async () => {
  for (const args of [
    ['paths', 'zzzzz', 'a', 'b'],
    ['drops', 'zzzzz'],
    ['destroy', 'zzzzz'],
  ]) {
    const { code, stderr } = await cilion(args);
    assert.equal(code, 2);
    assert.match(stderr, /there is no lab "zzzzz"[\s\S]*cilion ls/);
  }
});

test('a part of a scenario that it does not have is bad input', async () => {
  const transport = await cilion(['run', 'scenarios/tiny.yaml', '--transport', 'ip,vxlam']);
  assert.equal(transport.code, 2);
  assert.match(transport.stderr, /there is no transport "vxlam"[\s\S]*transports: ip, vxlan, wireguard, sig, cilion/);
  const repeat = await cilion(['run', 'scenarios/tiny.yaml', '--repeat', 'twice']);
  assert.equal(repeat.code, 2);
  assert.match(repeat.stderr, /--repeat: "twice" is no whole number/);
});
