/** The addon across network namespaces: entry and return, attachments, DEVMAPs, live frames. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { u32 } from '../../src/dataplane/layout.ts';
import { type Native, native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import { buildFixtures, FRAME, frameCount, loaded } from './fixtures/native.ts';

const LEFT = `ctnative${process.pid}l`;
const RIGHT = `ctnative${process.pid}r`;

/** Says so when it begins, and ends after 200 signals: it must not outlive the test. */
const SEND_SIGNALS = `
  let left = 200;
  console.log('begins');
  const timer = setInterval(() => {
    process.kill(Number(process.argv[1]), 'SIGWINCH');
    if (--left === 0) clearInterval(timer);
  }, 1);`;

let bpf: Native;
let left: { netns: string; ifindex: number };
let right: { netns: string; ifindex: number };

/** The receiving half of a veth runs in a softirq of its own, so a count may still be on its way. */
async function eventually(condition: () => boolean, what: () => string): Promise<void> {
  for (const end = performance.now() + 2000; !condition(); await delay(1)) {
    if (performance.now() > end) assert.fail(what());
  }
}

before(async () => {
  await buildFixtures();
  bpf = native();
  for (const name of [LEFT, RIGHT]) {
    await run(['ip', 'netns', 'add', name]);
    // Else the kernel's own neighbour discovery would be counted as well.
    bpf.inNetns(`/run/netns/${name}`, () => writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1'));
  }
  await run(['ip', '-n', LEFT, 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right', 'netns', RIGHT]);
  await run(['ip', '-n', LEFT, 'link', 'set', 'left', 'up']);
  await run(['ip', '-n', RIGHT, 'link', 'set', 'right', 'up']);
  left = { netns: `/run/netns/${LEFT}`, ifindex: bpf.ifindex('left', `/run/netns/${LEFT}`) };
  right = { netns: `/run/netns/${RIGHT}`, ifindex: bpf.ifindex('right', `/run/netns/${RIGHT}`) };
});

after(async () => {
  for (const name of [LEFT, RIGHT]) await run(['ip', 'netns', 'del', name]);
});

test('the thread is back in its namespace after a body that returns, throws or is asynchronous', () => {
  const where = () => readlinkSync('/proc/thread-self/ns/net');
  const home = where();
  assert.notEqual(bpf.inNetns(left.netns, where), home);
  assert.equal(where(), home);
  const failure = new Error('from the body');
  assert.throws(
    () =>
      bpf.inNetns(left.netns, () => {
        throw failure;
      }),
    failure,
  );
  assert.equal(where(), home);
  assert.throws(() => bpf.inNetns(left.netns, async () => {}), /must be synchronous/);
  assert.equal(where(), home);
  assert.throws(() => bpf.ifindex('right', left.netns), {
    code: 'ENODEV',
    message: new RegExp(`find device right in ${left.netns}`),
  });
  assert.throws(() => bpf.ifindex('left', '/run/netns/absent'), { code: 'ENOENT' });
});

test('a batch on a map type without batches is written entry by entry', () => {
  const object = loaded();
  bpf.inNetns(left.netns, () => object.map('ports').updateBatch(u32(0), u32(left.ifindex), 1));
  assert.deepEqual(object.map('ports').lookup(u32(0)), u32(left.ifindex));
  object.close();
});

test('live frames leave by the device of a DEVMAP and are counted at the far end of the veth', async () => {
  const object = loaded();
  assert.throws(() => object.map('ports').update(u32(0), u32(right.ifindex + 1000), 'any', left.netns), {
    code: 'EINVAL',
  });
  object.map('ports').update(u32(0), u32(left.ifindex), 'any', left.netns);
  object.program('count_and_drop').attachXdp(right.ifindex, right.netns);
  const result = object.program('send_out').run({
    data: FRAME,
    repeat: 128,
    batchSize: 64,
    liveFrames: true,
    netns: left.netns,
  });
  assert.deepEqual([result.data.length, result.ctx.length], [0, 0]);
  await eventually(
    () => frameCount(object) === 128n,
    () => `${frameCount(object)} of 128 frames arrived`,
  );
  bpf.detachXdp(right.ifindex, right.netns);
  object.close();
});

test('signals neither shorten a live run nor fail it', { timeout: 30_000 }, async () => {
  const object = loaded();
  let signals = 0;
  const onSignal = () => {
    signals++;
  };
  process.on('SIGWINCH', onSignal);
  const sender = spawn(process.execPath, ['-e', SEND_SIGNALS, String(process.pid)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(sender, 'exit');
  await once(sender.stdout, 'data');
  const repeat = 2_000_000;
  object.program('count_and_drop').run({ data: FRAME, repeat, liveFrames: true });
  assert.equal(frameCount(object), BigInt(repeat));
  await ended;
  process.off('SIGWINCH', onSignal);
  assert.ok(signals > 0, 'no signal arrived');
  object.close();
});

test('an XDP attachment replaces the one before it, shows in ip(8) and is gone after the detachment', async () => {
  const object = loaded();
  const attached = async () => {
    const [link] = JSON.parse((await run(['ip', '-n', RIGHT, '-j', 'link', 'show', 'right'])).stdout);
    return link.xdp?.prog.id;
  };
  object.program('pass').attachXdp(right.ifindex, right.netns);
  assert.equal(await attached(), object.program('pass').info.id);
  object.program('count_and_drop').attachXdp(right.ifindex, right.netns);
  assert.equal(await attached(), object.program('count_and_drop').info.id);
  bpf.detachXdp(right.ifindex, right.netns);
  assert.equal(await attached(), undefined);
  assert.throws(() => object.program('count_and_accept').attachXdp(right.ifindex, right.netns), { code: 'EINVAL' });
  assert.throws(() => object.program('pass').attachXdp(right.ifindex + 1000, right.netns), { code: 'ENODEV' });
  object.close();
});

test('a tc program sees the frames of its direction until it is detached', async () => {
  const object = loaded();
  object.map('ports').update(u32(0), u32(left.ifindex), 'any', left.netns);
  object.program('pass').attachXdp(right.ifindex, right.netns);
  const count = object.program('count_and_accept');
  count.attachTc(right.ifindex, 'ingress', right.netns);
  count.attachTc(right.ifindex, 'ingress', right.netns);
  count.attachTc(right.ifindex, 'egress', right.netns);
  const before = frameCount(object);
  object.program('send_out').run({ data: FRAME, repeat: 64, liveFrames: true, netns: left.netns });
  await eventually(
    () => frameCount(object) >= before + 64n,
    () => `${frameCount(object) - before} of 64 frames arrived`,
  );
  bpf.detachTc(right.ifindex, right.netns);
  const filters = await run(['tc', '-n', RIGHT, 'qdisc', 'show', 'dev', 'right', 'clsact']);
  assert.equal(filters.stdout, '');
  assert.throws(() => bpf.detachTc(right.ifindex, right.netns), { message: /remove clsact from device/ });
  bpf.detachXdp(right.ifindex, right.netns);
  object.close();
});
