import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { NEEDED_CAPABILITIES } from '../../src/process/capabilities.ts';
import { run } from '../../src/process/process.ts';
import { type HostPhoto, photographHost } from '../lab/host-photo.ts';
import { cilion, type Ended, startProgram } from './cilion.ts';

let bare: HostPhoto;
let id = '';

before(async () => {
  bare = await photographHost();
  const up = await cilion(['up', 'scenarios/bgp-hijack.yaml', '--control-plane', 'computed']);
  assert.equal(up.code, 0, up.stderr);
  id = /^lab (\w+) runs/.exec(up.stdout)?.[1] ?? '';
});

after(async () => {
  // Gone already, unless a test failed.
  await cilion(['destroy', id]);
});

test('ls shows the lab that up left running', async () => {
  const { stdout } = await cilion(['ls']);
  assert.match(
    stdout,
    new RegExp(
      `^${id} +running .* MiB +two-isd, 15 ASes, .*cilion up scenarios/bgp-hijack.yaml --control-plane computed$`,
      'm',
    ),
  );
});

test('paths lists ways between two clusters, the fastest of the shortest first, with latency, MTU and expiry', async () => {
  const { stdout, code } = await cilion(['paths', id, 'a', 'b']);
  assert.equal(code, 0);
  const [count, first] = stdout.split('\n');
  assert.match(count!, /^\d+ paths$/);
  assert.match(
    first!,
    /^ +12\.0 ms {2}MTU 1500 {2}until .* UTC {2}[0-9a-f]{12} {2}1-ff00:0:141 1>\d+ 1-ff00:0:111 9>9 2-ff00:0:211/,
  );
});

test('paths accepts ISD-ASes and labels, and says what there is when a name is wrong', async () => {
  const { stdout } = await cilion(['paths', id, '1-ff00:0:141', 'attacker', '--json']);
  const paths = JSON.parse(stdout) as { hops: { ia: string }[] }[];
  assert.equal(paths[0]?.hops.at(-1)?.ia, '1-ff00:0:151');
  const wrong = await cilion(['paths', id, 'a', 'atacker']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /there is no AS "atacker"\n {2}did you mean "attacker"\?/);
});

test('drops reads the counters of a lab that another process runs', async () => {
  assert.equal((await cilion(['drops', id])).stdout, 'nothing was dropped\n');
  const { stdout } = await cilion(['drops', id, '--all', '--json']);
  const rows = JSON.parse(stdout) as { place: string; reason: string; packets: number }[];
  const delivered = rows.filter(({ reason }) => reason === 'DECAPSULATED');
  assert.equal(delivered.length, 4, 'each of the four nodes was reached when the lab came up');
});

test('no namespace of a lab knows any but those of the lab, and none of its devices is on the host', async () => {
  const { stdout } = await run(['ip', 'netns', 'list']);
  const names = stdout.split('\n').flatMap((line) => line.split(' ')[0] ?? []);
  const own = names.filter((name) => name.startsWith(`cil-${id}-`));
  assert.ok(own.length > 15);
  for (const name of own) {
    const known = (await run(['ip', '-n', name, 'netns', 'list-id'])).stdout.split('\n').filter((line) => line !== '');
    assert.ok(known.length > 0, `${name} is joined to others`);
    for (const line of known) assert.match(line, new RegExp(`iproute2 netns name: cil-${id}-`), name);
  }
  assert.deepEqual((await photographHost()).devices, bare.devices);
});

test('what a command starts has the rights that are kept, and no descriptor that its caller left open', async () => {
  const inPod = (...argv: string[]) => cilionWithOpenFile(['shell', id, 'a/client-1', '--', ...argv]);
  const { stdout: status } = await inPod('cat', '/proc/self/status');
  const kept = NEEDED_CAPABILITIES.reduce((set, { bit }) => set | (1n << BigInt(bit)), 0n);
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1]}`);
  assert.equal(bounding & ~kept, 0n);
  const { stdout: open } = await inPod('ls', '-l', '/proc/self/fd');
  assert.doesNotMatch(open, /README\.md/);
});

/** Called by somebody who has a file open, as editors and other runners do. */
function cilionWithOpenFile(args: readonly string[]): Promise<Ended> {
  return startProgram(['bash', '-c', 'exec 77<README.md; exec ./cilion "$@"', 'bash', ...args]).ended;
}

test('destroy takes the lab down and leaves the host as it was', async () => {
  const { stdout, code } = await cilion(['destroy', id]);
  assert.equal(code, 0);
  assert.equal(stdout, `${id} is gone\n`);
  assert.deepEqual(await photographHost(), bare);
});
