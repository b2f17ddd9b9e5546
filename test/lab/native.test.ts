/** The addon's objects, maps, programs, pins, ring buffers and BTF against the running kernel. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { u32 } from '../../src/dataplane/layout.ts';
import { type Native, native } from '../../src/native.ts';
import { buildFixtures, FRAME, fixture, loaded, readU64, u64 } from './fixtures/native.ts';

let bpf: Native;
const bpffs = mkdtempSync(path.join(os.tmpdir(), 'ctnative'));

before(async () => {
  await buildFixtures();
  bpf = native();
  bpf.mountBpffs(bpffs);
});

after(() => {
  bpf?.unmount(bpffs);
  rmdirSync(bpffs);
});

test('a run returns the verdict, the grown packet and the context, with globals set before the load', () => {
  const object = bpf.openObject(fixture('native'));
  object.setGlobal('verdict', u32(3));
  object.load();
  const grow = object.program('grow');
  const loopback = bpf.ifindex('lo');
  const data = new Uint8Array(20).fill(7);
  // struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
  const ctx = new Uint8Array(new Uint32Array([0, data.length, 0, loopback, 0, 0]).buffer);
  const result = grow.run({ data, ctx });
  assert.equal(result.retval, 3);
  assert.deepEqual(result.data, Uint8Array.from([0xc1, 0x10, ...data]));
  assert.equal(new Uint32Array(result.ctx.slice().buffer)[1], data.length + 2);
  assert.ok(grow.info.id > 0 && grow.info.jitedBytes > 0 && grow.info.verifiedInstructions > 0);

  assert.equal(readU64(object.map('.bss').lookup(u32(0))), BigInt(loopback), 'the program saw the context');
  object.close();
});

test('many packets run in one call, each as it would alone', () => {
  const object = loaded();
  const grow = object.program('grow');
  const packets = [20, 64, 21].map((length) => FRAME.slice(0, length));
  const lengths = Uint32Array.from(packets, ({ length }) => length);
  const results = grow.runEach({ data: Buffer.concat(packets), lengths });
  const alone = packets.map((data) => grow.run({ data }));
  assert.deepEqual(
    [...results.retvals],
    alone.map(({ retval }) => retval),
  );
  assert.deepEqual(
    [...results.lengths],
    alone.map(({ data }) => data.length),
  );
  assert.deepEqual(Buffer.from(results.data), Buffer.concat(alone.map(({ data }) => data)));
  assert.throws(() => grow.runEach({ data: FRAME, lengths }), { name: 'TypeError', message: /add up/ });
  const short = Uint32Array.of(60, 4);
  assert.throws(() => grow.runEach({ data: FRAME, lengths: short }), { code: 'EINVAL', message: /packet 1/ });
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
    message: /load BPF object .*rejected\.bpf\.o(?:.|\n)*invalid access to packet/,
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

/** Numbers as keys, and as values, of `table` one behind another. */
const keysOf = (...numbers: number[]) => Uint8Array.from(numbers.flatMap((n) => [...u32(n)]));
const valuesOf = (...numbers: bigint[]) => Uint8Array.from(numbers.flatMap((n) => [...u64(n)]));

test('a batch writes all its entries, an empty one none', () => {
  const object = loaded();
  const table = object.map('table');
  table.updateBatch(keysOf(1, 2, 3), valuesOf(10n, 20n, 30n), 3);
  assert.deepEqual(table.lookup(u32(3)), u64(30n));
  table.updateBatch(keysOf(), valuesOf(), 0);
  assert.equal(table.keys().length, 3);
  object.close();
});

test('a batch that the map has no room for tells how many entries are written', () => {
  const object = loaded();
  const table = object.map('table');
  table.updateBatch(keysOf(1, 2, 3), valuesOf(10n, 20n, 30n), 3);
  assert.throws(() => table.updateBatch(keysOf(3, 4, 5, 6), valuesOf(31n, 40n, 50n, 60n), 4), {
    code: 'E2BIG',
    message: 'update map table, 2 of 4 entries written: Argument list too long (E2BIG)',
  });
  assert.deepEqual(table.keys(), [u32(1), u32(2), u32(3), u32(4)]);
  assert.deepEqual([table.lookup(u32(3)), table.lookup(u32(4))], [u64(31n), u64(40n)]);
  assert.throws(() => table.updateBatch(keysOf(5), valuesOf(50n), 1), { message: /0 of 1 entries written/ });
  object.close();
});

test('a batch of keys is deleted, and those that are not there are passed over', () => {
  const object = loaded();
  const table = object.map('table');
  table.updateBatch(keysOf(1, 2, 3, 4), valuesOf(10n, 20n, 30n, 40n), 4);
  assert.equal(table.deleteBatch(keysOf(9, 1, 8, 8, 3, 7), 6), 2);
  assert.deepEqual(table.keys(), [u32(2), u32(4)]);
  assert.equal(table.deleteBatch(keysOf(), 0), 0);
  assert.equal(table.deleteBatch(keysOf(2, 4), 2), 2);
  assert.equal(table.deleteBatch(keysOf(2, 4), 2), 0);
  assert.throws(() => object.map('frames').deleteBatch(u32(0), 1), {
    code: 'EINVAL',
    message: 'delete from map frames, 0 of 1 entries gone: Invalid argument (EINVAL)',
  });
  object.close();
});

test('a batch of a length that is not its count’s is refused, and nothing of it is done', () => {
  const object = loaded();
  const table = object.map('table');
  const wrong = { name: 'TypeError', message: /has \d+ bytes, expected \d+/ };
  assert.throws(() => table.updateBatch(keysOf(1, 2, 3), valuesOf(10n, 20n), 2), wrong);
  assert.throws(() => table.updateBatch(keysOf(1, 2), valuesOf(10n, 20n, 30n), 2), wrong);
  assert.throws(() => table.updateBatch(keysOf(1, 2), valuesOf(10n, 20n), 3), wrong);
  assert.throws(() => table.deleteBatch(keysOf(1, 2), 1), wrong);
  assert.throws(() => table.deleteBatch(keysOf(1), -1), { name: 'TypeError', message: /count must be/ });
  assert.deepEqual(table.keys(), []);
  table.close();
  assert.throws(() => table.deleteBatch(keysOf(1), 1), {
    code: 'EBADF',
    message: 'map table is closed: Bad file descriptor (EBADF)',
  });
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

test('a ring buffer delivers each record once, in order', () => {
  const object = loaded();
  const lengths: number[] = [];
  const ring = bpf.openRing(object.map('events'), (record) =>
    lengths.push(new DataView(record.buffer).getUint32(0, true)),
  );
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

test('a record callback that closes its ring is refused', () => {
  const object = loaded();
  const ring = bpf.openRing(object.map('events'), () => ring.close());
  object.program('report_length').run({ data: FRAME });
  assert.throws(() => ring.poll(), { code: 'EBUSY' });
  ring.close();
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
