/** The addon against the running kernel: objects, maps, programs, attachments, namespaces, ring buffers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildAll, buildBpf } from '../../src/dataplane/build.ts';
import { u32 } from '../../src/dataplane/layout.ts';
import { type Native, type NativeObject, native } from '../../src/dataplane/native.ts';
import { run } from '../../src/process/process.ts';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const OUTPUT = path.resolve(import.meta.dirname, '../../build/test');
const LEFT = `ctnative${process.pid}l`;
const RIGHT = `ctnative${process.pid}r`;
const FRAME = new Uint8Array(64).fill(0xee);

let bpf: Native;
let left: { netns: string; ifindex: number };
let right: { netns: string; ifindex: number };
let bpffs: string;

function fixture(name: string): string {
  return path.join(OUTPUT, `${name}.bpf.o`);
}

function loaded(): NativeObject {
  const object = bpf.openObject(fixture('native'));
  object.load();
  return object;
}

function u64(value: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([value]).buffer);
}

function frameCount(object: NativeObject): bigint {
  return new BigUint64Array(object.map('frames').lookup(u32(0))!.slice().buffer)[0]!;
}

/** The receiving half of a veth runs in a softirq of its own, so a count may still be on its way. */
async function eventually(condition: () => boolean, what: () => string): Promise<void> {
  for (const end = performance.now() + 2000; !condition(); await delay(1)) {
    if (performance.now() > end) assert.fail(what());
  }
}

before(async () => {
  await buildAll();
  for (const name of ['native', 'rejected', 'types']) {
    await buildBpf(path.join(FIXTURES, `${name}.bpf.c`), fixture(name));
  }
  bpf = native();
  for (const name of [LEFT, RIGHT]) await run(['ip', 'netns', 'add', name]);
  await run(['ip', 'link', 'add', 'l', 'netns', LEFT, 'type', 'veth', 'peer', 'name', 'r', 'netns', RIGHT]);
  await run(['ip', '-n', LEFT, 'link', 'set', 'l', 'up']);
  await run(['ip', '-n', RIGHT, 'link', 'set', 'r', 'up']);
  left = { netns: `/run/netns/${LEFT}`, ifindex: bpf.ifindex('l', `/run/netns/${LEFT}`) };
  right = { netns: `/run/netns/${RIGHT}`, ifindex: bpf.ifindex('r', `/run/netns/${RIGHT}`) };
  bpffs = mkdtempSync(path.join(os.tmpdir(), 'ctnative'));
  bpf.mountBpffs(bpffs);
});

after(async () => {
  bpf.unmount(bpffs);
  rmdirSync(bpffs);
  for (const name of [LEFT, RIGHT]) await run(['ip', 'netns', 'del', name]);
});

test('a run returns the verdict, the grown packet and the context, with globals set before the load', () => {
  const object = bpf.openObject(fixture('native'));
  object.setGlobal('verdict', u32(3));
  object.load();
  const grow = object.program('grow');
  const data = new Uint8Array(20).fill(7);
  // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
  const ctx = new Uint8Array(new Uint32Array([0, data.length, 0, left.ifindex, 0, 0]).buffer);
  const result = grow.run({ data, ctx, netns: left.netns });
  assert.equal(result.retval, 3);
  assert.deepEqual(result.data, Uint8Array.from([0xc1, 0x10, ...data]));
  assert.equal(new Uint32Array(result.ctx.slice().buffer)[1], data.length + 2);
  assert.ok(grow.info.id > 0 && grow.info.jitedBytes > 0 && grow.info.verifiedInstructions > 0);

  const seen = new BigUint64Array(object.map('.bss').lookup(u32(0))!.slice().buffer);
  assert.equal(seen[0], BigInt(left.ifindex), 'the ingress resolves inside the namespace');
  object.close();
});

test('a tc run takes and returns a __sk_buff context', () => {
  const object = loaded();
  const ctx = new Uint8Array(192);
  new DataView(ctx.buffer).setUint32(8, 41, true); // mark
  const result = object.program('count_and_accept').run({ data: FRAME, ctx });
  assert.equal(result.retval, 0);
  assert.equal(new DataView(result.ctx.buffer).getUint32(8, true), 42);
  object.close();
});

test('an object lists its programs and maps, and what it lacks is ENOENT', () => {
  const object = loaded();
  assert.ok(object.programNames.includes('send_out') && object.mapNames.includes('per_cpu'));
  assert.throws(() => object.program('absent'), { code: 'ENOENT', message: /no program absent in .*native\.bpf\.o/ });
  assert.throws(() => object.map('absent'), { code: 'ENOENT' });
  assert.throws(() => object.setGlobal('verdict', u32(1)), { code: 'EBUSY' });
  object.close();
  assert.throws(() => object.map('table'), { code: 'EBADF', message: /closed/ });
});

test('a global of the wrong length or name is refused before the load', () => {
  const object = bpf.openObject(fixture('native'));
  assert.throws(() => object.setGlobal('verdict', new Uint8Array(3)), /verdict has 3 bytes, expected 4/);
  assert.throws(() => object.setGlobal('absent', u32(1)), { code: 'ENOENT' });
  assert.throws(() => object.program('grow'), { code: 'EBADF', message: /not loaded/ });
  object.close();
});

test("a refused program's error holds the verifier's reason", () => {
  const object = bpf.openObject(fixture('rejected'));
  assert.throws(() => object.load(), {
    code: 'EACCES',
    errno: -os.constants.errno.EACCES,
    message: /load BPF object .*rejected\.bpf\.o[^]*invalid access to packet/,
  });
  object.close();
});

test('an error holds no log of an earlier call', () => {
  const object = bpf.openObject(fixture('rejected'));
  assert.throws(() => object.load());
  assert.throws(
    () => bpf.openPinnedMap('/nowhere/map'),
    (error: Error) => error.message === 'open pinned map /nowhere/map: No such file or directory (ENOENT)',
  );
});

test('a hash map updates, looks up, lists and deletes, and honours the flags', () => {
  const object = loaded();
  const table = object.map('table');
  assert.deepEqual(
    { ...table.info, id: 0 },
    { name: 'table', id: 0, type: 1, keySize: 4, valueSize: 8, maxEntries: 4 },
  );
  table.update(u32(1), u64(10n));
  table.update(u32(2), u64(20n), 'noexist');
  assert.throws(() => table.update(u32(2), u64(21n), 'noexist'), { code: 'EEXIST', message: /update map table/ });
  assert.throws(() => table.update(u32(3), u64(30n), 'exist'), { code: 'ENOENT' });
  assert.deepEqual(table.lookup(u32(2)), u64(20n));
  assert.equal(table.lookup(u32(3)), undefined);
  assert.deepEqual(table.keys(), [u32(1), u32(2)]);
  assert.equal(table.delete(u32(1)), true);
  assert.equal(table.delete(u32(1)), false);
  assert.throws(() => table.lookup(new Uint8Array(3)), { name: 'TypeError', message: /key has 3 bytes, expected 4/ });
  table.close();
  assert.throws(() => table.keys(), { code: 'EBADF' });
  object.close();
});

test('setMaxEntries changes how much a map holds', () => {
  const object = bpf.openObject(fixture('native'));
  object.setMaxEntries('table', 9);
  object.load();
  assert.equal(object.map('table').info.maxEntries, 9);
  object.close();
});

test('a batch writes all its entries, and one that does not fit is an error', () => {
  const object = loaded();
  const table = object.map('table');
  const keys = Uint8Array.from([1, 2, 3].flatMap((n) => [...u32(n)]));
  const values = Uint8Array.from([10n, 20n, 30n].flatMap((n) => [...u64(n)]));
  table.updateBatch(keys, values, 3);
  assert.deepEqual(table.lookup(u32(3)), u64(30n));
  const more = Uint8Array.from([4, 5].flatMap((n) => [...u32(n)]));
  assert.throws(() => table.updateBatch(more, values.slice(8), 2), { code: 'E2BIG' });
  assert.throws(() => table.updateBatch(keys, values, 2), { name: 'TypeError' });
  object.close();
});

test('a batch on a map type without batches is written entry by entry', () => {
  const object = loaded();
  bpf.inNetns(left.netns, () => object.map('ports').updateBatch(u32(0), u32(left.ifindex), 1));
  assert.deepEqual(object.map('ports').lookup(u32(0)), u32(left.ifindex));
  object.close();
});

test('a per-CPU map gives a value for each CPU and takes one for all', () => {
  const object = loaded();
  const map = object.map('per_cpu');
  map.update(u32(1), u32(5));
  assert.deepEqual(
    map.lookupPerCpu(u32(1)),
    Array.from({ length: bpf.possibleCpus() }, () => u32(5)),
  );
  map.updateBatch(Uint8Array.from([...u32(0), ...u32(1)]), Uint8Array.from([...u32(8), ...u32(9)]), 2);
  assert.deepEqual(map.lookupPerCpu(u32(0))![0], u32(8));
  assert.throws(() => map.lookup(u32(1)), /use lookupPerCpu/);
  assert.throws(() => object.map('table').lookupPerCpu(u32(1)), /use lookup/);
  object.close();
});

test('mapped memory and the map are the same, and the memory outlives the map', () => {
  const object = loaded();
  const map = object.map('frames');
  const words = new BigUint64Array(map.mmap());
  words[0] = 77n;
  assert.deepEqual(map.lookup(u32(0)), u64(77n));
  object.program('count_and_drop').run({ data: FRAME, repeat: 3 });
  map.close();
  object.close();
  assert.equal(words[0], 80n);
  assert.throws(() => loaded().map('table').mmap(), { message: /map into memory map table/ });
});

test('a pinned map is found again after its object is closed, and a second object can use it', () => {
  const first = loaded();
  first.program('count_and_drop').run({ data: FRAME, repeat: 5 });
  const pin = path.join(bpffs, 'frames');
  first.map('frames').pin(pin);
  assert.throws(() => first.map('frames').pin(pin), { code: 'EEXIST' });
  first.program('pass').pin(path.join(bpffs, 'pass'));
  first.close();

  const pinned = bpf.openPinnedMap(pin);
  assert.equal(pinned.info.name, 'frames');
  const second = bpf.openObject(fixture('native'));
  assert.throws(() => second.reuseMap('table', pinned), { code: 'EINVAL', message: /differs in type, key or value/ });
  second.reuseMap('frames', pinned);
  second.load();
  second.program('count_and_drop').run({ data: FRAME });
  assert.deepEqual(pinned.lookup(u32(0)), u64(6n));
  second.close();
});

test('mounting a BPF file system where one is changes nothing', () => {
  const object = loaded();
  const pin = path.join(bpffs, 'kept');
  object.map('table').pin(pin);
  bpf.mountBpffs(bpffs);
  assert.equal(bpf.openPinnedMap(pin).info.id, object.map('table').info.id);
  object.close();
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
  assert.throws(() => bpf.ifindex('r', left.netns), { code: 'ENODEV', message: new RegExp(`find device r in ${left.netns}`) });
  assert.throws(() => bpf.ifindex('l', '/run/netns/absent'), { code: 'ENOENT' });
});

test('a ring buffer delivers each record once, in order', () => {
  const object = loaded();
  const lengths: number[] = [];
  const ring = bpf.openRing(object.map('events'), (record) => lengths.push(new DataView(record.buffer).getUint32(0, true)));
  for (const size of [60, 61, 62]) object.program('report_length').run({ data: new Uint8Array(size) });
  assert.equal(ring.poll(), 3);
  assert.equal(ring.poll(), 0);
  assert.deepEqual(lengths, [60, 61, 62]);
  ring.close();
  assert.throws(() => ring.poll(), { code: 'EBADF' });
  assert.throws(() => bpf.openRing(object.map('table'), () => {}), { code: 'EINVAL' });
  object.close();
});

test('what a record callback throws comes out of poll, and later records remain', () => {
  const object = loaded();
  const failure = new Error('from the callback');
  let fail = true;
  const ring = bpf.openRing(object.map('events'), () => {
    if (fail) throw failure;
  });
  object.program('report_length').run({ data: FRAME, repeat: 2 });
  assert.throws(() => ring.poll(), failure);
  fail = false;
  assert.equal(ring.poll(), 1);
  ring.close();
  object.close();
});

test('live frames leave by the device of a DEVMAP and are counted at the far end of the veth', async () => {
  const object = loaded();
  assert.throws(() => object.map('ports').update(u32(0), u32(right.ifindex + 1000), 'any', left.netns), { code: 'EINVAL' });
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

test('signals neither shorten a live run nor fail it', async () => {
  const object = loaded();
  let signals = 0;
  const onSignal = () => {
    signals++;
  };
  process.on('SIGUSR2', onSignal);
  const sender = spawn(
    process.execPath,
    ['-e', `console.log('ready'); setInterval(() => process.kill(${process.pid}, 'SIGUSR2'), 1)`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve) => sender.stdout.once('data', resolve));
  const repeat = 2_000_000;
  object.program('count_and_drop').run({ data: FRAME, repeat, liveFrames: true });
  assert.equal(frameCount(object), BigInt(repeat));
  await eventually(
    () => signals > 0,
    () => 'no signal arrived',
  );
  const ended = new Promise((resolve) => sender.once('exit', resolve));
  sender.kill('SIGKILL');
  await ended;
  process.off('SIGUSR2', onSignal);
  object.close();
});

test('an XDP attachment replaces the one before it, shows in ip(8) and is gone after the detachment', async () => {
  const object = loaded();
  const attached = async () => {
    const [link] = JSON.parse((await run(['ip', '-n', RIGHT, '-j', 'link', 'show', 'r'])).stdout);
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
  const filters = await run(['tc', '-n', RIGHT, 'qdisc', 'show', 'dev', 'r', 'clsact']);
  assert.equal(filters.stdout, '');
  assert.throws(() => bpf.detachTc(right.ifindex, right.netns), { message: /remove clsact from device/ });
  bpf.detachXdp(right.ifindex, right.netns);
  object.close();
});

test('BTF gives every field its place, kind, count, sign and typedef', () => {
  const { structs, enums } = bpf.readBtf(fixture('types'));
  const outer = structs.find((struct) => struct.name === 'outer');
  assert.deepEqual(outer?.fields, [
    { name: 'small', offset: 0, size: 1, kind: 'int', typeName: '__u8' },
    { name: 'negative', offset: 2, size: 2, kind: 'int', typeName: '__s16', signed: true },
    { name: 'address', offset: 4, size: 4, kind: 'int', typeName: '__be32' },
    { name: 'colour', offset: 8, size: 4, kind: 'int', typeName: 'enum colour' },
    { name: 'mac', offset: 12, size: 6, kind: 'bytes' },
    { name: 'list', offset: 18, size: 6, kind: 'int', count: 3, typeName: '__u16' },
    { name: 'pair', offset: 24, size: 4, kind: 'struct', count: 2, type: 'inner' },
    { name: 'wide', offset: 32, size: 8, kind: 'int', typeName: '__u64' },
    { name: 'either', offset: 40, size: 4, kind: 'bytes' },
    { name: 'low', offset: 44, size: 4, kind: 'opaque' },
    { name: 'pointer', offset: 48, size: 8, kind: 'opaque' },
  ]);
  assert.deepEqual(enums, [
    { name: 'colour', values: { RED: 1, BLUE: 7 } },
    { name: 'depth', values: { BELOW: -1, ABOVE: 1 } },
  ]);
});

test('the clock is that of BPF programs, in nanoseconds', () => {
  const first = bpf.monotonicNs();
  const second = bpf.monotonicNs();
  assert.ok(second >= first);
  assert.ok(Math.abs(Number(first) / 1e9 - os.uptime()) < 60);
});
