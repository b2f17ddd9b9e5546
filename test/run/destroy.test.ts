import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Ended } from './cilion.ts';
import { type LabLine, labsIn, succeed, upIn } from './lab-machine.ts';
import { Machine } from './machine.ts';
import type { MachinePhoto } from './machine-photo.ts';

const ENTRY = fileURLToPath(new URL('../../cilion', import.meta.url));

let machine: Machine;
let bare: MachinePhoto;
let bpf: MachinePhoto;

before(async () => {
  machine = await Machine.start();
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
  bare = await machine.photograph();
  bpf = await machine.photographBpf();
});

// What a failed test left would be in the way of all that follow.
afterEach(async () => {
  if (existsSync(join(machine.disk, 'run/cilion'))) await machine.cilion('destroy', '--all', '--force');
});

after(() => machine.end());

function succeeds(...args: string[]): Promise<Ended> {
  return succeed(machine, ...args);
}

function up(id: string): Promise<Ended> {
  return upIn(machine, id);
}

function labs(): Promise<LabLine[]> {
  return labsIn(machine);
}

test('a lab is taken down when its scenario and topology are gone', async () => {
  await machine.run(['cp', '-r', 'scenarios', '/tmp/scenarios']);
  await succeeds('up', '/tmp/scenarios/tiny.yaml', '--id', 'one');
  await machine.run(['rm', '-r', '/tmp/scenarios']);
  await succeeds('destroy', 'one');
  await machine.assertUnchanged(bare, 'files gone');
});

test('two labs of one scenario are built and run side by side, and taking one down leaves the other', async () => {
  await Promise.all([up('one'), up('two')]);
  await succeeds('destroy', 'one');
  assert.deepEqual(
    (await labs()).map(({ id, state }) => [id, state]),
    [['two', 'running']],
  );
  assert.equal((await machine.run(['ip', '-n', 'cil-two-node-a-a1', 'route', 'get', '10.2.0.1'])).code, 0);
  await succeeds('destroy', 'two');
  await machine.assertUnchanged(bare, 'two labs');
});

test('an id that is taken is refused with who has it, and the lab that has it goes on', async () => {
  await up('one');
  const second = await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one');
  assert.equal(second.code, 2);
  assert.match(second.stderr, /there is a lab "one" already: running, made by `cilion up .*--id one.*` \(pid \d+\)/);
  assert.equal((await labs())[0]?.state, 'running');
  await succeeds('destroy', 'one');
});

test('what cannot be an id is refused before anything is made', async () => {
  for (const id of ['../one', '/etc', '-x', 'a-b', 'UPPER', '', 'x'.repeat(9)]) {
    const { code, stderr } = await machine.cilion('up', 'scenarios/tiny.yaml', `--id=${id}`);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /cannot be a lab's id/);
  }
  await machine.assertUnchanged(bare, 'bad ids');
});

test('a namespace name that is taken is an error that says by whom; neither the failure nor destroy touches it', async () => {
  const foreign = 'cil-one-as-1-ff00_0_110';
  await machine.run(['ip', 'netns', 'add', foreign]);
  const guest = machine.launch(['nsenter', `--net=/run/netns/${foreign}`, 'sleep', '600']);
  const pid = await machine.programPid(guest);
  const { code, stderr } = await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one');
  assert.equal(code, 3);
  assert.match(stderr, /there is a network namespace cil-one-as-1-ff00_0_110 already.*in it run sleep 600 \(pid \d+\)/);
  assert.equal((await machine.run(['ip', 'netns', 'list'])).stdout.trim(), foreign);
  assert.deepEqual(await labs(), []);
  process.kill(pid, 0);
  process.kill(pid);
  await guest.ended;
  await machine.run(['ip', 'netns', 'del', foreign]);
  await machine.assertUnchanged(bare, 'taken name');
});

test('destroy ends what others run in a namespace of the lab: another user, and root with all rights', async () => {
  await up('one');
  const inPod = ['nsenter', '--net=/run/netns/cil-one-pod-a-client-1', '--'];
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  const guests = [machine.launch([...inPod, 'sleep', '600']), machine.launch([...inPod, ...nobody, 'sleep', '600'])];
  await Promise.all(guests.map((guest) => machine.programPid(guest)));
  await succeeds('destroy', 'one');
  await Promise.all(guests.map(({ ended }) => ended));
  await machine.assertUnchanged(bare, 'guests');
});

test('addresses that a lab has are no obstacle where the machine has them too, and the machine keeps them', async () => {
  const addresses = ['10.1.0.1/16', '172.16.0.0/31'];
  for (const address of addresses) await machine.run(['ip', 'addr', 'add', address, 'dev', 'lo']);
  const used = await machine.photograph();
  await up('one');
  assert.match((await machine.run(['ip', '-n', 'cil-one-as-1-ff00_0_110', '-o', 'addr'])).stdout, /172\.16\.0\.0\/31/);
  await succeeds('destroy', 'one');
  await machine.assertUnchanged(used, 'the same addresses');
  for (const address of addresses) await machine.run(['ip', 'addr', 'del', address, 'dev', 'lo']);
  await machine.assertUnchanged(bare, 'addresses removed');
});

test('an id that no lab has is refused with those that labs have', async () => {
  await up('one');
  for (const id of ['two', '../one', '', '/']) {
    const { code, stderr } = await machine.cilion('destroy', id);
    assert.equal(code, 2);
    assert.match(stderr, /there is no lab ".*"\n {2}labs: one;/);
  }
  await succeeds('destroy', 'one');
});

/** Stands before ip(8) in PATH and lets it begin once the gate is open: until then nothing is built. */
const GATED_IP = `#!/bin/sh
while [ ! -e /tmp/gated/open ]; do sleep 0.05; done
PATH=\${PATH#*:}
exec ip "$@"
`;

test('ls tells a lab that is being built from one that runs and one whose command was killed', async () => {
  const gated = join(machine.disk, 'tmp/gated');
  mkdirSync(gated);
  writeFileSync(join(gated, 'ip'), GATED_IP, { mode: 0o755 });
  const path = `PATH=/tmp/gated:${process.env['PATH']}`;
  const run = machine.launch(['env', path, ENTRY, 'run', 'scenarios/tiny.yaml', '--results', '/tmp/results']);
  const pid = await machine.programPid(run);
  await machine.appears('run/cilion/*/owner.json');
  const [building] = await labs();
  assert.equal(building?.state, 'building');
  writeFileSync(join(gated, 'open'), '');
  await run.printed(/build the lab/);
  const [running] = await labs();
  assert.equal(running?.state, 'running');
  assert.equal(running.pid, pidInMachine(pid));
  assert.equal(running.command, 'cilion run scenarios/tiny.yaml --results /tmp/results');
  assert.ok(running.ageSeconds < 600);
  assert.ok(running.memoryBytes > 1024 * 1024, 'the BIRDs alone need more');
  const all = await succeeds('destroy', '--all');
  assert.match(all.stdout, /stays: pid \d+ is at work on it/);
  process.kill(pid, 'SIGKILL');
  await run.ended;
  const [dead] = await labs();
  assert.deepEqual([dead?.state, dead?.pid], ['left over', null]);
  await succeeds('destroy', '--all');
  rmSync(gated, { recursive: true });
  await machine.assertUnchanged(bare, 'left over');
});

test('destroy of a lab that a command is at work on ends the command, which takes it down', async () => {
  const run = machine.launchCilion('run', 'scenarios/tiny.yaml', '--results', '/tmp/results');
  await run.printed(/build the lab/);
  await succeeds('destroy', (await labs())[0]?.id ?? '');
  const { code, stderr } = await run.ended;
  assert.equal(code, 3);
  assert.match(stderr, /ended by SIGTERM/);
  await machine.assertUnchanged(bare, 'ended by destroy');
});

test('no BPF program, map or link is left of all these labs', () => machine.assertNoBpfLeft(bpf));

/** As it counts itself: the last of the pids that proc_pid_status(5) shows, one for each pid namespace. */
function pidInMachine(pid: number): number {
  return Number(/^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
