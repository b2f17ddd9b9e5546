import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemCallFilter } from '../../../src/process/system-call-filter.ts';

interface Call {
  readonly architecture: number;
  readonly number: number;
  readonly argument?: number;
}

/** What the kernel would answer: seccomp(2), classic BPF of the instructions that the filter uses. */
function answer(filter: Uint8Array, { architecture, number, argument = 0 }: Call): number {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data: Readonly<Record<number, number>> = { 0: number, 4: architecture, 16: argument };
  let accumulator = 0;
  for (let at = 0; at < filter.byteLength / 8; at += 1) {
    const [code, k] = [program.getUint16(at * 8, true), program.getUint32(at * 8 + 4, true)];
    const jump = (taken: boolean) => program.getUint8(at * 8 + (taken ? 2 : 3));
    if (code === 0x20) accumulator = data[k] ?? assert.fail(`loads ${k}`);
    else if (code === 0x06) return k;
    else if (code === 0x15) at += jump(accumulator === k);
    else if (code === 0x35) at += jump(accumulator >= k);
    else if (code === 0x45) at += jump((accumulator & k) !== 0);
    else assert.fail(`instruction ${code}`);
  }
  return assert.fail('it runs off its end');
}

const ALLOWED = 0x7fff0000;
const refused = (error: number) => 0x50000 + error;

/** Numbers of asm/unistd_64.h and asm-generic/unistd.h. */
const MACHINES = {
  x64: {
    architecture: 0xc000003e,
    socket: 41,
    socketpair: 53,
    clone: 56,
    unshare: 272,
    io_uring: 425,
    bpf: 321,
    read: 0,
  },
  arm64: {
    architecture: 0xc00000b7,
    socket: 198,
    socketpair: 199,
    clone: 220,
    unshare: 97,
    io_uring: 425,
    bpf: 280,
    read: 63,
  },
} as const;

for (const name of ['x64', 'arm64'] as const) {
  const { architecture, socket, socketpair, clone, unshare, io_uring, bpf, read } = MACHINES[name];
  const filter = systemCallFilter(name);
  const call = (number: number, argument = 0) => answer(filter, { architecture, number, argument });

  test(`on ${name}, sockets of a lab's kinds are allowed and no others`, () => {
    for (let family = 0; family < 64; family += 1) {
      const expected = [1, 2, 10, 16, 17].includes(family) ? ALLOWED : refused(97);
      assert.equal(call(socket, family), expected, `family ${family}`);
      assert.equal(call(socketpair, family), expected, `family ${family}`);
    }
  });

  test(`on ${name}, user namespaces, io_uring and BPF are refused, and processes and the rest allowed`, () => {
    for (const number of [unshare, io_uring, bpf]) assert.equal(call(number), refused(1));
    assert.equal(call(clone, 0x10000000), refused(1));
    assert.equal(call(clone, 0x10000011), refused(1));
    // As C libraries make threads and processes.
    for (const flags of [0x3d0f00, 0x1200011, 17]) assert.equal(call(clone, flags), ALLOWED);
    assert.equal(call(435), refused(38));
    assert.equal(call(read), ALLOWED);
  });

  test(`on ${name}, programs of another architecture can call nothing`, () => {
    // i386, 32-bit ARM.
    for (const other of [0x40000003, 0x40000028]) {
      assert.equal(answer(filter, { architecture: other, number: read }), refused(1));
    }
    assert.equal(call(0x40000000 + 41, 2), refused(1), 'x32');
  });
}

test('a machine whose system calls are unknown is refused', () => {
  assert.throws(() => systemCallFilter('riscv64'), /x86-64 or arm64, not riscv64/);
});
