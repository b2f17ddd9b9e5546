import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Machine } from './machine.ts';
import type { MachinePhoto } from './machine-photo.ts';

let machine: Machine;
let bare: MachinePhoto;
let bpf: MachinePhoto;

before(async () => {
  machine = await Machine.start();
  assert.equal((await machine.cilion('destroy', '--all')).code, 0);
  bare = await machine.photograph();
  bpf = await machine.photographBpf();
});

after(() => machine.end());

const RUN = ['run', 'scenarios/tiny.yaml', '--results', '/tmp/results'];

test('the photograph sees a namespace, a device, a route, a rule, a sysctl, a mount, a process and a file', async () => {
  const marks: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['named network namespaces', ['ip', 'netns', 'add', 'mark'], ['ip', 'netns', 'del', 'mark']],
    ['devices', ['ip', 'link', 'add', 'mark', 'type', 'veth'], ['ip', 'link', 'del', 'mark']],
    [
      'addresses',
      ['ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo'],
      ['ip', 'addr', 'del', '192.0.2.1/32', 'dev', 'lo'],
    ],
    ['routes', ['ip', 'route', 'add', '192.0.2.0/24', 'dev', 'lo'], ['ip', 'route', 'del', '192.0.2.0/24']],
    ['rules', ['ip', 'rule', 'add', 'prio', '9', 'table', '9'], ['ip', 'rule', 'del', 'prio', '9']],
    ['nftables', ['nft', 'add', 'table', 'ip', 'seen'], ['nft', 'delete', 'table', 'ip', 'seen']],
    ['qdiscs', ['tc', 'qdisc', 'add', 'dev', 'lo', 'clsact'], ['tc', 'qdisc', 'del', 'dev', 'lo', 'clsact']],
    ['sysctls', ['sysctl', '-w', 'net.ipv4.ip_forward=1'], ['sysctl', '-w', 'net.ipv4.ip_forward=0']],
    ['mounts', ['mount', '-t', 'tmpfs', 'none', '/mnt'], ['umount', '/mnt']],
    ['files', ['touch', '/etc/mark'], ['rm', '/etc/mark']],
  ];
  for (const [list, make, undo] of marks) {
    // Whoever has no such program could not have used it either.
    if (bare[list]?.[0]?.endsWith('is not installed') === true) continue;
    assert.equal((await machine.run(make)).code, 0, make.join(' '));
    assert.notDeepEqual((await machine.photograph())[list], bare[list], list);
    assert.equal((await machine.run(undo)).code, 0, undo.join(' '));
  }
  const sleeping = machine.launch(['sleep', '600']);
  const pid = await machine.programPid(sleeping);
  assert.notDeepEqual((await machine.photograph())['processes'], bare['processes']);
  process.kill(pid);
  await sleeping.ended;
  await machine.assertUnchanged(bare, 'all marks undone');
});

test('a run leaves its bundle and nothing else', async () => {
  const { code, stderr } = await machine.cilion(...RUN);
  assert.ok(code === 0 || code === 3, stderr);
  await machine.assertUnchanged(bare, 'a run');
});

test('a lab that is built, looked into and taken down leaves nothing', async () => {
  assert.equal((await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one')).code, 0);
  const during = await machine.photographBpf();
  for (const list of ['BPF programs', 'BPF maps']) assert.notDeepEqual(during[list], bpf[list], list);
  assert.equal((await machine.cilion('paths', 'one', 'a', 'b')).code, 0);
  assert.equal((await machine.cilion('drops', 'one')).code, 0);
  assert.equal((await machine.cilion('destroy', 'one')).code, 0);
  await machine.assertUnchanged(bare, 'up and destroy');
});

test('what cannot be used as a scenario leaves nothing', async () => {
  assert.equal((await machine.cilion('run', 'README.md')).code, 2);
  await machine.assertUnchanged(bare, 'bad input');
});

for (const stage of ['build the lab', 'BGP converges', 'measure the wires']) {
  test(`Ctrl-C after the stage "${stage}" takes everything down and ends with exit code 3`, async () => {
    const run = machine.launchCilion(...RUN);
    const pid = await machine.programPid(run);
    await run.printed(new RegExp(stage));
    process.kill(pid, 'SIGINT');
    const { code, stderr } = await run.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /ended by SIGINT/);
    await machine.assertUnchanged(bare, stage);
  });
}

test('Ctrl-C while the lab is being built takes down what is there, also when it is pressed again and again', async () => {
  const run = machine.launchCilion('up', 'scenarios/bgp-hijack.yaml', '--control-plane', 'computed', '--id', 'two');
  const pid = await machine.programPid(run);
  await machine.appears('run/cilion/two/journal.ndjson');
  for (let presses = 0; presses < 5; presses += 1) process.kill(pid, 'SIGINT');
  const { code, stderr } = await run.ended;
  assert.equal(code, 3, stderr);
  await machine.assertUnchanged(bare, 'while building');
});

test('no BPF program, map or link is left of all this', () => machine.assertNoBpfLeft(bpf));
