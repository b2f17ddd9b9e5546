import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Ended } from './cilion.ts';
import { Machine } from './machine.ts';
import type { MachinePhoto } from './machine-photo.ts';

let machine: Machine;
let bare: MachinePhoto;

before(async () => {
  machine = await Machine.start();
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
  bare = await machine.photograph();
});

after(() => machine.end());

async function succeeds(...args: string[]): Promise<Ended> {
  const ended = await machine.cilion(...args);
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
  return ended;
}

function up(id: string): Promise<Ended> {
  return succeeds('up', 'scenarios/tiny.yaml', '--id', id, '--transport', 'ip');
}

interface Line {
  readonly id: string;
  readonly state: string;
  readonly pid: number | null;
  readonly ageSeconds: number;
  readonly memoryBytes: number;
  readonly command: string;
}

async function labs(): Promise<Line[]> {
  return JSON.parse((await succeeds('ls', '--json')).stdout) as Line[];
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

const DAMAGE: Readonly<Record<string, (journal: string) => string>> = {
  'without its last line’s end': (journal) => journal.slice(0, -20),
  'that is empty': () => '',
  'that is no JSON': (journal) => journal.replaceAll('{', '<'),
  'that names what is not the lab’s': () => '{"kind":"bpffs","path":"/"}\n{"kind":"namespace","name":"../../etc"}\n',
};

for (const [how, damage] of Object.entries(DAMAGE)) {
  test(`with a journal ${how}, destroy undoes what it can and names the rest, which --force undoes`, async () => {
    await up('one');
    const file = join(machine.disk, 'run/cilion/one/journal.ndjson');
    const journal = readFileSync(file, 'utf8');
    writeFileSync(file, damage(journal));
    const { code, stderr } = await machine.cilion('destroy', 'one');
    assert.equal(code, 3, stderr);
    assert.match(
      stderr,
      /lab one is damaged: .*journal[^\n]*\n {0,2}left, as nothing says that they are its: .*cil-one-/,
    );
    assert.match(stderr, /cilion destroy one --force/);
    const rest = (await machine.run(['ip', 'netns', 'list'])).stdout.trim().split('\n');
    const named = damage(journal)
      .split('\n')
      .slice(0, -1)
      .filter((line) => /"name":"cil-one-/.test(line));
    assert.equal(rest.length, journal.split('"namespace"').length - 1 - named.length);
    assert.equal((await labs())[0]?.id, 'one');
    await succeeds('destroy', 'one', '--force');
    await machine.assertUnchanged(bare, how);
  });
}

test('a lab without its owner file or with a damaged one is left over, and can be taken down', async () => {
  await up('one');
  writeFileSync(join(machine.disk, 'run/cilion/one/owner.json'), '{"pid":');
  assert.equal((await labs())[0]?.state, 'left over');
  await succeeds('destroy', 'one');
  await machine.assertUnchanged(bare, 'owner file');
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

test('ls tells a lab that is being built from one that runs and one whose command was killed', async () => {
  const run = machine.launchCilion('run', 'scenarios/tiny.yaml', '--results', '/tmp/results');
  const pid = await machine.programPid(run);
  await machine.appears('run/cilion/*/owner.json');
  process.kill(pid, 'SIGSTOP');
  const [building] = await labs();
  assert.equal(building?.state, 'building');
  process.kill(pid, 'SIGCONT');
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

/** As it counts itself: the last of the pids that proc_pid_status(5) shows, one for each pid namespace. */
function pidInMachine(pid: number): number {
  return Number(/^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
