import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Machine } from './machine.ts';

let machine: Machine;
let files: readonly string[] | undefined;

before(async () => {
  machine = await Machine.start();
  files = (await machine.photograph())['files'];
});

after(() => machine.end());

async function up(): Promise<void> {
  const { code, stderr } = await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one');
  assert.equal(code, 0, stderr);
}

test('after a restart of the machine a lab whose folder survived is left over, and destroy removes what there is', async () => {
  await up();
  await machine.reboot({ tmpfs: false });
  assert.match((await machine.cilion('ls')).stdout, /^one +left over +/m);
  const { code, stdout, stderr } = await machine.cilion('destroy', 'one');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'one is gone\n');
  assert.deepEqual((await machine.photograph())['files'], files);
});

test('what somebody made under a name of the lab since the restart is not touched', async () => {
  await up();
  await machine.reboot({ tmpfs: false });
  await machine.run(['rm', '/run/netns/cil-one-wires']);
  assert.equal((await machine.run(['ip', 'netns', 'add', 'cil-one-wires'])).code, 0);
  assert.equal((await machine.cilion('destroy', 'one')).code, 0);
  assert.equal((await machine.run(['ip', 'netns', 'list'])).stdout, 'cil-one-wires\n');
  await machine.run(['ip', 'netns', 'del', 'cil-one-wires']);
});

test('after a restart that emptied /run there is no lab, and its id is free again', async () => {
  await up();
  await machine.reboot({ tmpfs: true });
  assert.equal((await machine.cilion('ls')).stdout, 'no labs\n');
  const gone = await machine.cilion('destroy', 'one');
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /there is no lab "one"/);
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
  await up();
  assert.equal((await machine.cilion('destroy', 'one')).code, 0);
  assert.deepEqual((await machine.photograph())['files'], files);
});
