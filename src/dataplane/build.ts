/**
 * Compiles what is not TypeScript: `build/vmlinux.h` from the running kernel, `bpf/*.bpf.c` to `build/bpf/*.bpf.o`, and
 * `native/*.cc` to `build/cilion.node`. What is up to date stays (src/dataplane/build-target.ts).
 *
 * With `CILION_AES=kernel` in the environment the BPF objects use the kernel's AES and go to `build/bpf-kernel-aes/`.
 */
import { globSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LabError } from '../errors.ts';
import { inParallel } from '../process/parallel.ts';
import { makeTarget, type Target } from './build-target.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUILD = path.join(ROOT, 'build');

/** Debian's folder of architecture-dependent headers and the name that libbpf's headers know the CPU by. */
const CPU =
  process.arch === 'arm64'
    ? { triplet: 'aarch64-linux-gnu', bpf: 'arm64' }
    : { triplet: 'x86_64-linux-gnu', bpf: 'x86' };

const BPF_FLAGS = [
  '-O2',
  '-g',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-target',
  'bpf',
  '-mcpu=v3',
  // Headers are read under several types.
  '-fno-strict-aliasing',
  `-D__TARGET_ARCH_${CPU.bpf}`,
];
const CXX_FLAGS = ['-std=c++20', '-O2', '-fPIC', '-Wall', '-Wextra', '-Werror', '-pthread', '-DNAPI_CPP_EXCEPTIONS'];
const LIBRARIES = ['-lbpf', '-lelf', '-lz', '-lpthread'];

export interface BuildOptions {
  /** Builds everything, stale or not. */
  readonly force?: boolean;
}

/** Where the BPF objects of this build stand; the environment's CILION_AES chooses. */
export function bpfDirectory(): string {
  return path.join(BUILD, usesKernelAes() ? 'bpf-kernel-aes' : 'bpf');
}

/** Path of the object compiled from `bpf/<name>.bpf.c`. */
export function bpfObject(name: string): string {
  return path.join(bpfDirectory(), `${name}.bpf.o`);
}

/**
 * Brings everything in `build/` up to date.
 * @returns paths, relative to the project, of what was made anew
 * @throws LabError with the compiler's output
 */
export async function buildAll(options: BuildOptions = {}): Promise<{ rebuilt: string[] }> {
  const rebuilt: string[] = [];
  const failures: LabError[] = [];
  const make = async (target: Target) => {
    try {
      if (await makeTarget(target, options.force ?? false)) rebuilt.push(path.relative(ROOT, target.output));
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      failures.push(error);
    }
  };
  const objects = sourcesOf('native/*.cc').map(addonObjectTarget);
  const programs = sourcesOf('bpf/*.bpf.c').map((source) =>
    bpfTarget(source, bpfObject(path.basename(source, '.bpf.c'))),
  );
  await make(vmlinuxTarget());
  await inParallel([...objects, ...programs], make, os.availableParallelism());
  if (failures.length === 0) await make(addonTarget(objects.map((object) => object.output)));
  if (failures.length > 0) throw new LabError(failures.map((failure) => failure.message).join('\n'));
  return { rebuilt };
}

/**
 * Compiles one BPF source outside `bpf/` with the project's flags and headers, e.g. a test's.
 * @throws LabError with the compiler's output
 */
export async function buildBpf(source: string, output: string): Promise<void> {
  await makeTarget(vmlinuxTarget(), false);
  await makeTarget(bpfTarget(source, output), false);
}

function sourcesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT })
    .sort()
    .map((source) => path.join(ROOT, source));
}

export function usesKernelAes(): boolean {
  const choice = process.env['CILION_AES'] ?? 'table';
  if (choice !== 'table' && choice !== 'kernel') {
    throw new LabError(`CILION_AES is "${choice}"`, { hint: 'set it to table or kernel, or leave it unset' });
  }
  return choice === 'kernel';
}

function vmlinuxTarget(): Target {
  return {
    output: path.join(BUILD, 'vmlinux.h'),
    inputs: [],
    version: `${os.release()} ${os.version()}`,
    commands: () => [['bpftool', 'btf', 'dump', 'file', '/sys/kernel/btf/vmlinux', 'format', 'c']],
    outputIsStdout: true,
  };
}

function bpfTarget(source: string, output: string): Target {
  const includes = ['-I', BUILD, '-I', path.join(ROOT, 'bpf'), '-idirafter', `/usr/include/${CPU.triplet}`];
  const aes = usesKernelAes() ? ['-DCILION_AES_KERNEL'] : [];
  return {
    output,
    inputs: [source],
    // Debug information goes, BTF stays: the loader and the layouts need that alone.
    commands: (made, dependencies) => [
      ['clang-19', ...BPF_FLAGS, ...aes, ...includes, '-MMD', '-MF', dependencies, '-c', source, '-o', made],
      ['llvm-strip-19', '-g', made],
    ],
  };
}

function addonObjectTarget(source: string): Target {
  const packages = path.join(ROOT, 'node_modules');
  const headers = [
    ...[path.join(packages, 'node-addon-api'), path.join(packages, 'node-api-headers/include')],
    // libuv's, of the Node that the addon runs in.
    path.join(packages, `node/node_modules/node-linux-${process.arch}/include/node`),
  ];
  const includes = headers.flatMap((folder) => ['-isystem', folder]);
  return {
    output: path.join(BUILD, 'native', `${path.basename(source, '.cc')}.o`),
    inputs: [source],
    commands: (made, dependencies) => [
      ['g++', ...CXX_FLAGS, ...includes, '-MMD', '-MF', dependencies, '-c', source, '-o', made],
    ],
  };
}

function addonTarget(objects: readonly string[]): Target {
  return {
    output: path.join(BUILD, 'cilion.node'),
    inputs: objects,
    commands: (made) => [['g++', '-shared', '-o', made, ...objects, ...LIBRARIES]],
  };
}

if (import.meta.main) {
  try {
    const { rebuilt } = await buildAll({ force: process.argv.includes('--force') });
    for (const file of rebuilt) console.log(file);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    console.error(error.hint === undefined ? error.message : `${error.message}\n${error.hint}`);
    process.exitCode = error.exitCode;
  }
}
