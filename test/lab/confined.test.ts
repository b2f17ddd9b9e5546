import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LabError } from '../../src/errors.ts';
import { type Output, run, start } from '../../src/process/process.ts';

const NAME = `ctconfined${process.pid}`;
const NETNS = `/run/netns/${NAME}`;

before(async () => {
  await run(['ip', 'netns', 'add', NAME]);
  await inNamespace(['ip', 'link', 'set', 'lo', 'up']);
});

after(() => run(['ip', 'netns', 'del', NAME]));

function inNamespace(argv: readonly string[]): Promise<Output> {
  return run(argv, { netns: NETNS });
}

function confined(argv: readonly string[], extra: object = {}): Promise<Output> {
  return run(argv, { netns: NETNS, confined: true, ...extra });
}

test('a confined command changes addresses, routes, queues and sysctls of its network namespace', async () => {
  await confined(['ip', 'addr', 'add', '192.0.2.9/32', 'dev', 'lo']);
  await confined(['ip', 'route', 'add', 'blackhole', '198.51.100.0/24']);
  await confined(['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', 'rate', '1mbit', 'burst', '10kb', 'latency', '1s']);
  await confined(['sysctl', '-q', '-w', 'net.ipv4.ip_default_ttl=33']);
  assert.match((await inNamespace(['ip', '-br', 'addr'])).stdout, /192\.0\.2\.9\/32/);
  assert.match((await inNamespace(['ip', 'route'])).stdout, /blackhole 198\.51\.100\.0\/24/);
  assert.match((await inNamespace(['tc', 'qdisc', 'show', 'dev', 'lo'])).stdout, /tbf/);
  assert.match((await inNamespace(['sysctl', 'net.ipv4.ip_default_ttl'])).stdout, /33/);
});

test('a confined command sends and receives with raw sockets', async () => {
  assert.match((await confined(['ping', '-n', '-c', '1', '127.0.0.1'])).stdout, / 0% packet loss/);
});

test('a confined command holds no capability but those of its network, and can gain none', async () => {
  const { stdout } = await confined(['cat', '/proc/self/status']);
  // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW: bits 10, 12, 13.
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) assert.match(stdout, new RegExp(`^Cap${set}:\t0+3400$`, 'm'));
  assert.match(stdout, /^NoNewPrivs:\t1$/m);
  assert.match(stdout, /^Uid:\t65534\t65534\t65534\t65534$/m);
  assert.match(stdout, /^Groups:\t\s*$/m);
});

test('a confined command sees no process but its own', async () => {
  const { stdout } = await confined(['find', '/proc', '-maxdepth', '1', '-name', '[0-9]*']);
  const pids = stdout.trim().split('\n');
  assert.ok(pids.length <= 3, `the sandbox's reaper and the command, not ${pids.join(', ')}`);
  await assert.rejects(confined(['kill', '-0', String(process.pid)]), /exit code 1|No such process/);
});

test('a confined command writes no file of the host', async () => {
  const inTmp = join(tmpdir(), `${NAME}-open`);
  writeFileSync(inTmp, '', { mode: 0o666 });
  try {
    for (const path of [
      `/etc/${NAME}`,
      `/usr/${NAME}`,
      join(process.cwd(), NAME),
      `/dev/${NAME}`,
      `/dev/shm/${NAME}`,
      `/${NAME}`,
    ]) {
      // A checkout in a scratch folder is not even there.
      await assert.rejects(confined(['touch', path]), /Read-only|Permission denied|No such file/, path);
      assert.equal(existsSync(path), false);
    }
    await assert.rejects(confined(['test', '-e', inTmp]), /exit code 1/, 'another folder than the host’s');
  } finally {
    rmSync(inTmp);
  }
});

test('what a confined command writes to its scratch folders is gone with it', async () => {
  for (const folder of ['/tmp', '/var/tmp']) {
    assert.equal((await confined(['find', folder, '-mindepth', '1'])).stdout, '', 'it begins empty');
    await confined(['touch', `${folder}/${NAME}`]);
    assert.equal(existsSync(`${folder}/${NAME}`), false);
    await assert.rejects(confined(['test', '-e', `${folder}/${NAME}`]), /exit code 1/);
  }
});

test('a confined command reads no secret of root, of the environment or of the lab', async () => {
  await assert.rejects(confined(['cat', '/etc/shadow']), /Permission denied/);
  assert.equal((await confined(['cat', '/etc/passwd'])).stdout, readFileSync('/etc/passwd', 'utf8'), 'it is no secret');
  const { stdout } = await confined(['env'], { env: { CT_SECRET: 'swordfish' } });
  assert.doesNotMatch(stdout, /swordfish/);
  assert.equal((await confined(['find', '/run', '/sys', '-mindepth', '1'])).stdout, '');
});

test('a confined command cannot mount, enter another namespace, load BPF or change the machine', async () => {
  for (const argv of [
    ['mount', '-t', 'tmpfs', 'none', '/tmp'],
    ['nsenter', '--net=/proc/1/ns/net', 'true'],
    ['unshare', '--net', 'true'],
    ['unshare', '--user', 'true'],
    ['unshare', '--user', '--map-root-user', '--net', 'true'],
    ['bpftool', 'prog', 'list'],
    ['hostname', 'other'],
    ['sysctl', '-w', 'kernel.panic=1'],
    ['date', '-s', '2020-01-01'],
    ['ip', 'netns', 'add', NAME],
    ['mknod', '/tmp/disk', 'b', '254', '0'],
  ]) {
    await assert.rejects(confined(argv), LabError, argv.join(' '));
  }
});

/** Perl's is the only program of every Debian that makes a socket of any kind. */
const MAKE_SOCKET = 'socket(my $socket, $ARGV[0], $ARGV[1], 0) or die "$!\\n"';

test('a confined command makes no kind of socket but those that a lab has a use for', async () => {
  // AF_VSOCK, AF_XDP.
  for (const [family, type] of [
    ['40', '1'],
    ['44', '3'],
  ] as const) {
    const made = confined(['perl', '-e', MAKE_SOCKET, family, type]);
    await assert.rejects(made, /Address family not supported by protocol/, family);
  }
  // AF_UNIX, AF_INET, AF_NETLINK.
  for (const family of ['1', '2', '16']) await confined(['perl', '-e', MAKE_SOCKET, family, '2']);
  // Not for want of them in the kernel.
  await inNamespace(['perl', '-e', MAKE_SOCKET, '44', '3']);
});

test('what a confined command leaves in the background ends with it', async () => {
  const seconds = 7_000_000 + process.pid;
  await confined(['sh', '-c', `setsid sleep ${seconds} >/dev/null 2>&1 & true`]);
  assert.deepEqual(await processesOf(seconds), []);
});

test('a confined command that takes too long is ended with everything that it started', async () => {
  const seconds = 8_000_000 + process.pid;
  await assert.rejects(confined(['sh', '-c', `sleep ${seconds} & sleep ${seconds}`], { timeoutMs: 500 }), /timed out/);
  for (const end = performance.now() + 20_000; (await processesOf(seconds)).length > 0; ) {
    assert.ok(performance.now() < end, 'they are still there');
    await start(['sleep', '0.05']).exited;
  }
});

test('a command whose name begins with a dash is a command, never an option of what confines it', async () => {
  await assert.rejects(confined(['--help']), /--help: exit code/);
  await assert.rejects(confined(['-V', 'x']), /-V x: exit code/);
});

test('a confined command that fails is named as its writer wrote it', async () => {
  await assert.rejects(confined(['ip', 'link', 'del', 'none0']), /^LabError: ip link del none0: exit code 1\n/);
  await assert.rejects(confined(['no-such-program', 'x']), /^LabError: no-such-program x: exit code 127\n/);
});

async function processesOf(seconds: number): Promise<string[]> {
  const { stdout } = await run(['ps', '-eo', 'args']);
  return stdout.split('\n').filter((line) => line.startsWith(`sleep ${seconds}`));
}
