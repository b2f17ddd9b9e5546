/**
 * The libbpf addon as TypeScript sees it. Everything here is generic BPF and Linux; nothing knows SCION.
 *
 * Calls are synchronous. A failed system call throws an Error with `code` ('EINVAL'), `errno` (negative, as in Node's
 * own errors) and a message that names the call and its object, followed by libbpf's log where there is one. Wrong
 * arguments are TypeErrors. `netns` arguments are paths such as `/run/netns/x`; the calling thread enters the namespace
 * for the duration of the call and is back before it returns.
 *
 * Maps and programs hold descriptors of their own: they go on after their object is closed.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface MapInfo {
  readonly name: string;
  readonly id: number;
  readonly type: number;
  readonly keySize: number;
  /** Of one CPU's value. */
  readonly valueSize: number;
  readonly maxEntries: number;
}

export type UpdateFlag = 'any' | 'noexist' | 'exist';

export interface NativeMap {
  readonly info: MapInfo;
  lookup(key: Uint8Array): Uint8Array | undefined;
  /** One value for each possible CPU, of a per-CPU map. */
  lookupPerCpu(key: Uint8Array): Uint8Array[] | undefined;
  /**
   * In `netns` where the value holds an interface index that the kernel resolves (DEVMAP). On a per-CPU map every CPU
   * gets the value.
   */
  update(key: Uint8Array, value: Uint8Array, flag?: UpdateFlag, netns?: string): void;
  /**
   * Many entries in one system call where the kernel can (keys and values concatenated), in their order. When one is
   * refused, those before it are written, those after it are not, and the message says how many there are of each.
   */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;
  /** False when there was no such key. */
  delete(key: Uint8Array): boolean;
  /** Likewise many, as in `updateBatch`; returns how many there were. Keys that are not there are passed over. */
  deleteBatch(keys: Uint8Array, count: number): number;
  keys(): Uint8Array[];
  pin(path: string): void;
  /** Shared memory of a BPF_F_MMAPABLE array. */
  mmap(): ArrayBuffer;
  close(): void;
}

export interface RunOptions {
  readonly data: Uint8Array;
  /** Default 1. */
  readonly repeat?: number;
  /** struct xdp_md or __sk_buff as the kernel takes it (`ctx_in`). */
  readonly ctx?: Uint8Array;
  readonly netns?: string;
  /** BPF_F_TEST_XDP_LIVE_FRAMES; no output then. Signals wait for other threads or the end of the run. */
  readonly liveFrames?: boolean;
  readonly batchSize?: number;
}

export interface RunResult {
  readonly retval: number;
  /** Average, nanoseconds a run. */
  readonly durationNs: number;
  readonly data: Uint8Array;
  readonly ctx: Uint8Array;
}

/** Packets one after another, with the length of each in bytes. */
export interface Packets {
  readonly data: Uint8Array;
  readonly lengths: Uint32Array;
  /** As in RunOptions, the same for all. */
  readonly ctx?: Uint8Array;
  readonly netns?: string;
}

export interface PacketResults {
  readonly retvals: Uint32Array;
  /** The packets as they came out, in the form in which they went in. */
  readonly data: Uint8Array;
  readonly lengths: Uint32Array;
}

export interface NativeProgram {
  readonly name: string;
  /** Size after JIT, bytes; instructions the verifier walked. */
  readonly info: { readonly id: number; readonly jitedBytes: number; readonly verifiedInstructions: number };
  /** Open as long as this object lives; what a map of programs takes as its value. */
  readonly fd: number;
  run(options: RunOptions): RunResult;
  /** Each packet once, in their order: one call for many, and no `repeat`. */
  runEach(packets: Packets): PacketResults;
  /** Netlink attach, native (driver) mode: it outlives this process. Replaces a program that is there. */
  attachXdp(ifindex: number, netns?: string): void;
  /** clsact filter, direct action, priority 1 handle 1. */
  attachTc(ifindex: number, direction: 'ingress' | 'egress', netns?: string): void;
  pin(path: string): void;
}

export interface NativeObject {
  /** Before load: set a global variable of .rodata/.data/.bss by its C name. */
  setGlobal(name: string, value: Uint8Array): void;
  setMaxEntries(map: string, entries: number): void;
  /** Before load: use a map that exists (this process's or a pinned one) in place of the object's own. */
  reuseMap(name: string, map: NativeMap): void;
  /** Throws with the verifier's log in the message. */
  load(): void;
  map(name: string): NativeMap;
  program(name: string): NativeProgram;
  readonly programNames: readonly string[];
  readonly mapNames: readonly string[];
  close(): void;
}

export interface BtfField {
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes in all (for arrays: of the whole array). */
  readonly size: number;
  /** `bytes`: u8 arrays and named unions; `opaque`: bit fields, pointers, floats, anonymous structs. Enums are ints. */
  readonly kind: 'int' | 'struct' | 'bytes' | 'opaque';
  /** Elements of an array; absent for a scalar and for bytes. */
  readonly count?: number;
  /** Name of the struct type, for kind 'struct'. */
  readonly type?: string;
  /** For kind 'int': its typedef (`__be32`, `__u16`) or `enum x`; absent where C names a basic type. */
  readonly typeName?: string;
  readonly signed?: true;
}

export interface BtfStruct {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly BtfField[];
}

export interface Launch {
  readonly argv: readonly string[];
  /** `NAME=value`: its whole environment. */
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly netns?: string;
  /** Descriptors that become its standard input, output and error. */
  readonly streams: readonly [number, number, number];
  /** The event loop does not live until it has ended. */
  readonly detached: boolean;
}

export interface Native {
  openObject(path: string): NativeObject;
  openPinnedMap(path: string): NativeMap;
  openPinnedProgram(path: string): NativeProgram;
  programById(id: number): NativeProgram;
  /** All named structs and enums of an object file's BTF. */
  readBtf(path: string): { structs: BtfStruct[]; enums: { name: string; values: Record<string, number> }[] };
  /** Id of the native XDP program of a device; 0 where none is attached. */
  xdpProgramId(ifindex: number, netns?: string): number;
  detachXdp(ifindex: number, netns?: string): void;
  /**
   * Attaches the XDP program of this descriptor, in native mode, for as long as the link is open and this process lives.
   * Refused where the device has a program already.
   */
  linkXdp(program: number, ifindex: number, netns?: string): { close(): void };
  /** Removes the clsact qdisc and with it every filter on the device. */
  detachTc(ifindex: number, netns?: string): void;
  ifindex(name: string, netns?: string): number;
  /** Runs `body` with the thread inside the namespace; body must be synchronous. */
  inNetns<T>(netns: string, body: () => T): T;
  /** Calls back for each record until closed; `poll` drains what is there and returns how many. */
  openRing(map: NativeMap, onRecord: (record: Uint8Array) => void): { poll(): number; close(): void };
  /** Sets offloads by their ethtool names, in the thread's namespace; returns the names that the kernel does not know. */
  setFeatures(device: string, features: Readonly<Record<string, boolean>>): string[];
  /** Whole frames out of a device, in their order, by a packet socket; stops at the first that the device refuses. */
  sendFrames(frames: readonly Uint8Array[], ifindex: number, netns: string): void;
  /**
   * Starts a program, found as execvp(3) does, in a session of its own; calls back when it has ended.
   * @returns its pid
   * @throws Error with `code` when it cannot be executed
   */
  startProgram(options: Launch, onExit: (code: number | null, signal: number | null) => void): number;
  /** Descriptors of its two ends: to read from, to write to. Neither goes on to a program. */
  openPipe(): [number, number];
  /** Makes the folder if need be; does nothing where a BPF file system is already. */
  mountBpffs(path: string): void;
  unmount(path: string): void;
  /** CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns(), nanoseconds. */
  monotonicNs(): bigint;
  possibleCpus(): number;
}

const addonPath = fileURLToPath(new URL('../build/cilion.node', import.meta.url));

let loaded: Native | undefined;

/** The addon, loaded at first use so that the pure half of the project never needs it. */
export function native(): Native {
  loaded ??= createRequire(import.meta.url)(addonPath) as Native;
  return loaded;
}
