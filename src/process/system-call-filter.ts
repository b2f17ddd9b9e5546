/**
 * The system calls that a confined command may not make, as a classic BPF program for seccomp(2) that bubblewrap installs.
 *
 * Network namespaces hold back IP, but not every kind of socket: vsock, for one, reaches the host of a virtual machine from
 * any of them. So only the kinds that are of use in a lab exist; io_uring, which makes sockets without asking, does not. And
 * a user namespace of its own would give the command all capabilities over again, in parts of the kernel that it has no
 * business with.
 */

/** linux/seccomp.h: offsets in struct seccomp_data; the low half of an argument first on the machines below. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

/** linux/bpf_common.h. */
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff_0000;
const FAIL = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET. */
const FAMILIES = [1, 2, 10, 16, 17];
const CLONE_NEWUSER = 0x1000_0000;

interface Machine {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly architecture: number;
  readonly socket: readonly number[];
  readonly clone: number;
  /** io_uring_setup, unshare, setns, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd. */
  readonly refused: readonly number[];
}

/** Its arguments are behind a pointer, so it is said not to exist: the C library then calls clone(2). */
const CLONE3 = 435;
/** x86-64 has a second set of numbers (x32) from here on. */
const X32 = 0x4000_0000;

const MACHINES: Readonly<Partial<Record<NodeJS.Architecture, Machine>>> = {
  x64: {
    architecture: 0xc000_003e,
    socket: [41, 53],
    clone: 56,
    refused: [425, 272, 308, 248, 249, 250, 321, 298, 323],
  },
  arm64: {
    architecture: 0xc000_00b7,
    socket: [198, 199],
    clone: 220,
    refused: [425, 97, 268, 217, 218, 219, 280, 241, 282],
  },
};

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];

/** @throws RangeError on a machine whose system calls are not known here */
export function systemCallFilter(machine: NodeJS.Architecture = process.arch): Uint8Array {
  const known = MACHINES[machine];
  if (known === undefined) throw new RangeError(`confined commands need x86-64 or arm64, not ${machine}`);
  return encode([
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    // A 32-bit program has other numbers.
    ...unless(JUMP_EQUAL, known.architecture, EPERM),
    [LOAD_WORD, 0, 0, NUMBER],
    ...when(JUMP_AT_LEAST, X32, EPERM),
    ...when(JUMP_EQUAL, CLONE3, ENOSYS),
    ...known.refused.flatMap((number) => when(JUMP_EQUAL, number, EPERM)),
    ...known.socket.flatMap((number) => forCall(number, familyCheck())),
    ...forCall(known.clone, [[LOAD_WORD, 0, 0, FIRST_ARGUMENT], ...when(JUMP_ANY_BIT, CLONE_NEWUSER, EPERM), permit()]),
    permit(),
  ]);
}

/** Ends with one answer or the other. */
function familyCheck(): Instruction[] {
  const left = (index: number) => FAMILIES.length - 1 - index;
  return [
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT],
    ...FAMILIES.map((family, index): Instruction => [JUMP_EQUAL, left(index) + 1, 0, family]),
    [RETURN, 0, 0, FAIL | EAFNOSUPPORT],
    permit(),
  ];
}

function permit(): Instruction {
  return [RETURN, 0, 0, ALLOW];
}

function when(jump: number, k: number, error: number): Instruction[] {
  return [
    [jump, 0, 1, k],
    [RETURN, 0, 0, FAIL | error],
  ];
}

function unless(jump: number, k: number, error: number): Instruction[] {
  return [
    [jump, 1, 0, k],
    [RETURN, 0, 0, FAIL | error],
  ];
}

/** Instructions for one system call, which end with an answer; others jump over them. */
function forCall(number: number, body: readonly Instruction[]): Instruction[] {
  return [[JUMP_EQUAL, 0, body.length, number], ...body];
}

/** struct sock_filter, little-endian. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, ifTrue, ifFalse, k], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, ifTrue);
    bytes.setUint8(index * 8 + 3, ifFalse);
    bytes.setUint32(index * 8 + 4, k, true);
  });
  return new Uint8Array(bytes.buffer);
}
