/** Starting programs (src/process/process.ts, native/child.cc): what they find when they begin, and how their end is told. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { run, type StartOptions, start } from '../../src/process/process.ts';

const NETNS = `ctstart${process.pid}`;
let folder: string;

before(async () => {
  await buildAll();
  folder = mkdtempSync(join(tmpdir(), 'cilion-start-'));
  await run(['ip', 'netns', 'add', NETNS]);
});
after(async () => {
  await run(['ip', 'netns', 'del', NETNS]);
  rmSync(folder, { recursive: true });
});

/** What a command says on its standard output. */
async function said(argv: readonly string[], options: StartOptions = {}): Promise<string[]> {
  const lines: string[] = [];
  const running = start(argv, { ...options, onStdoutLine: (line) => lines.push(line) });
  const [exit] = await Promise.all([running.exited, running.silent]);
  assert.deepEqual(exit, { code: 0, signal: null });
  return lines;
}

test('the end of a program is told with its exit code or the name of the signal', async () => {
  assert.deepEqual(await start(['sh', '-c', 'exit 7']).exited, { code: 7, signal: null });
  assert.deepEqual(await start(['sh', '-c', 'kill -KILL $$']).exited, { code: null, signal: 'SIGKILL' });
});

test('a hundred programs at once all end, each with its own exit code', async () => {
  const exits = await Promise.all(Array.from({ length: 100 }, (_, n) => start(['sh', '-c', `exit ${n}`]).exited));
  assert.deepEqual(
    exits.map(({ code }) => code),
    Array.from({ length: 100 }, (_, n) => n),
  );
});

test('lines go in and come out, those of both outputs apart', async () => {
  const [output, errors]: [string[], string[]] = [[], []];
  const running = start(['sh', '-c', 'read a; read b; echo $b $a; echo $a >&2'], {
    takesLines: true,
    onStdoutLine: (line) => output.push(line),
    onStderrLine: (line) => errors.push(line),
  });
  running.send('one\ntwo');
  await running.silent;
  assert.deepEqual([output, errors], [['two one'], ['one']]);
});

test('output goes to the end of files', async () => {
  const [stdoutFile, stderrFile] = [join(folder, 'out'), join(folder, 'err')];
  for (const word of ['a', 'b']) {
    await start(['sh', '-c', `echo ${word}; echo ${word} >&2`], { stdoutFile, stderrFile }).exited;
  }
  for (const file of [stdoutFile, stderrFile]) assert.equal(readFileSync(file, 'utf8'), 'a\nb\n');
});

test('a program begins in its folder, with the environment and what is added to it', async () => {
  const options = { cwd: folder, env: { CILION_TEST: 'ä = b' } };
  const [where, added, kept] = await said(['sh', '-c', 'pwd; echo $CILION_TEST; echo $PATH'], options);
  assert.deepEqual([where, added, kept], [folder, 'ä = b', process.env['PATH']]);
});

test('a program begins in its network namespace, and this process stays in its own', async () => {
  const own = await said(['readlink', '/proc/self/ns/net']);
  const [inside] = await said(['readlink', '/proc/self/ns/net'], { netns: `/run/netns/${NETNS}` });
  assert.equal(inside, (await run(['readlink', '/proc/self/ns/net'], { netns: `/run/netns/${NETNS}` })).stdout.trim());
  assert.deepEqual(await said(['readlink', '/proc/self/ns/net']), own);
  assert.notEqual(inside, own[0]);
});

test('a program begins with no signal blocked or ignored, nothing of ours open, in a session of its own', async () => {
  const status = await said(['grep', '-E', '^Sig(Blk|Ign):', '/proc/self/status']);
  assert.deepEqual(
    status.map((line) => /\t0+$/.test(line)),
    [true, true],
  );
  // What this process has inherited goes on, and the fourth is ls's own, of the folder that it lists.
  const { stdout } = await run(['ls', '/proc/self/fd']);
  assert.deepEqual(await said(['ls', '/proc/self/fd']), stdout.trim().split('\n'));
  const [session = ''] = await said(['sh', '-c', 'cut -d" " -f1,6 /proc/$$/stat']);
  const [pid, leader] = session.split(' ');
  assert.equal(pid, leader);
});

test('what cannot be started is named with the reason', () => {
  assert.throws(() => start(['cilion-nonsuch', 'x']), {
    message: 'cilion-nonsuch x: cannot be started: execute cilion-nonsuch: No such file or directory (ENOENT)',
  });
  assert.throws(() => start([folder]), { message: /cannot be started: execute .*: Permission denied \(EACCES\)$/ });
  assert.throws(() => start(['true'], { netns: '/run/netns/ctnonsuch' }), {
    message: /cannot be started: open network namespace \/run\/netns\/ctnonsuch: No such file or directory/,
  });
  assert.throws(() => start(['true'], { cwd: join(folder, 'nonsuch') }), {
    message: /cannot be started: change to the folder of true: No such file or directory/,
  });
});

test('a program that ignores SIGTERM is killed after the grace period', async () => {
  let ready = () => {};
  const begun = new Promise<void>((resolve) => (ready = resolve));
  const running = start(['sh', '-c', 'trap "" TERM; echo; while :; do sleep 0.05; done'], { onStdoutLine: ready });
  await begun;
  assert.equal(running.stopping, false);
  await running.stop(100);
  assert.equal(running.stopping, true);
  assert.deepEqual(await running.exited, { code: null, signal: 'SIGKILL' });
  await running.stop(100);
});

test('a detached program goes on when the process that started it has ended', async () => {
  const script = `
    import { start } from ${JSON.stringify(new URL('../../src/process/process.ts', import.meta.url).href)};
    console.log(start(['sleep', '60'], { detached: true, onStdoutLine: () => {} }).pid);`;
  const { stdout } = await run([process.execPath, '--input-type=module', '-e', script], { timeoutMs: 30_000 });
  const pid = Number(stdout);
  assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'sleep\n');
  process.kill(pid);
});
