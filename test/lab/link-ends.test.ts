/** Where a link ends, as a kernel knows it that has two devices. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Running, run, start } from '../../src/process/process.ts';

const [HERE, THERE] = [`ctends${process.pid}a`, `ctends${process.pid}b`];
const SCRIPT = fileURLToPath(new URL('link-ends-process.ts', import.meta.url));
const [FIRST_MAC, SECOND_MAC] = ['02:00:00:00:00:01', '02:00:00:00:00:02'];
const PATIENCE_MS = 40_000;
/** For how long a kernel believes a neighbour unasked, arp(7): half a minute and more by default. */
const CREDULITY = ['base_reachable_time_ms=500', 'delay_first_probe_time=1'];

const ip = (netns: string, ...commands: string[]) =>
  run(['ip', '-n', netns, '-batch', '-'], { input: `${commands.join('\n')}\n` });

let process_: Running;
const lines: string[] = [];
let told = Promise.withResolvers<void>();

before(async () => {
  for (const name of [HERE, THERE]) await run(['ip', 'netns', 'add', name]);
  process_ = start([process.execPath, SCRIPT, '10.9.0.2'], {
    netns: `/run/netns/${HERE}`,
    onStdoutLine: (line) => {
      lines.push(line);
      told.resolve();
    },
  });
});

after(async () => {
  await process_.stop();
  for (const name of [HERE, THERE]) await run(['ip', 'netns', 'del', name]);
});

async function nextLine(): Promise<string> {
  const late = setTimeout(() => told.reject(new Error('nothing was told')), PATIENCE_MS);
  while (lines.length === 0) {
    await told.promise;
    told = Promise.withResolvers<void>();
  }
  clearTimeout(late);
  return lines.shift() ?? '';
}

test('a link that leads nowhere says so until there is a device, and a neighbour that answers', async () => {
  assert.equal(await nextLine(), 'NoRoute');
  await ip(
    HERE,
    `link add one type veth peer name one address ${FIRST_MAC} netns ${THERE}`,
    'addr add 10.9.0.1/24 dev one',
    'link set one up',
  );
  const settings = CREDULITY.map((each) => `net.ipv4.neigh.one.${each}`);
  await run(['sysctl', '--write', ...settings], { netns: `/run/netns/${HERE}` });
  assert.equal(await nextLine(), 'NoNeighbour');
  await ip(THERE, 'addr add 10.9.0.2/24 dev one', 'link set one up');
  assert.equal(await nextLine(), `one ${FIRST_MAC}`);
});

test('a neighbour that has another hardware address is noticed, once the kernel doubts the one before', async () => {
  await ip(THERE, 'link set one down', `link set one address ${SECOND_MAC}`, 'link set one up');
  assert.equal(await nextLine(), `one ${SECOND_MAC}`);
});

test('a device in place of another is noticed', async () => {
  await ip(HERE, `link add two type veth peer name two address ${FIRST_MAC} netns ${THERE}`, 'link set two up');
  await ip(THERE, 'link set two up', 'addr add 10.9.0.2/24 dev two', 'addr del 10.9.0.2/24 dev one');
  await ip(HERE, 'addr add 10.9.0.1/24 dev two', 'addr del 10.9.0.1/24 dev one');
  assert.equal(await nextLine(), `two ${FIRST_MAC}`);
});
