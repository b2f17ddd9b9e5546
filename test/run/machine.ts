/**
 * A machine of a test's own on this one's kernel: processes, mounts, network and a disk that nobody else uses, so that
 * whatever is found there afterwards was left by what the test ran. Its disk is a layer over this machine's: everything
 * can be read, and all that is written is a file in `disk`. Ending it is what the power switch is to a real one.
 *
 * Shared with everybody, since the kernel has one of each: BPF programs and maps, CPU, memory, most sysctls.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/process/process.ts';
import { heldElsewhere } from './bpf-holders.ts';
import { type Ended, type Started, startProgram } from './cilion.ts';
import type { MachinePhoto } from './machine-photo.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(CHECKOUT, 'build');
/** The kernel frees some things late, on a busy machine all the more. */
const SETTLE_MS = 60_000;
const BPF_SETTLE_MS = 300_000;
const SETTLE_POLL_MS = 200;

/** Folders that are empty on a new machine, and on this one hold what others do. */
const OWN = ['run', 'tmp'] as const;

export class Machine {
  /** What the machine has written, and its /run and /tmp. */
  readonly disk: string;
  #init: ChildProcess | undefined;
  #pid = 0;

  private constructor(disk: string) {
    this.disk = disk;
  }

  static async start(): Promise<Machine> {
    const machine = new Machine(mkdtempSync(join(tmpdir(), 'cilion-machine-')));
    mkdirSync(BUILD, { recursive: true });
    for (const folder of ['written', 'overlay', 'root', ...OWN]) mkdirSync(join(machine.disk, folder));
    try {
      await machine.boot();
    } catch (error) {
      await machine.end();
      throw error;
    }
    return machine;
  }

  /** Runs a program in it to its end. */
  run(argv: readonly string[]): Promise<Ended> {
    return this.launch(argv).ended;
  }

  /** The command line of this checkout. */
  cilion(...args: string[]): Promise<Ended> {
    return this.run([join(CHECKOUT, 'cilion'), ...args]);
  }

  /** `pid` is nsenter's, which waits for the program; `programPid` finds the program's. */
  launch(argv: readonly string[]): Started {
    return startProgram([...this.#enter(), ...argv], '/');
  }

  launchCilion(...args: string[]): Started {
    return this.launch([join(CHECKOUT, 'cilion'), ...args]);
  }

  /** Pid, as this machine counts, of what `launch` started. */
  async programPid(started: Started): Promise<number> {
    for (;;) {
      const [child] = childrenOf(started.pid);
      if (child !== undefined) return child;
      await new Promise(setImmediate);
    }
  }

  /** Waits, as closely as it can, until a file of the disk exists. */
  async appears(pattern: string): Promise<void> {
    while (this.count(pattern) === 0) await new Promise(setImmediate);
  }

  /** As closely, until so few are left. */
  async dwindles(pattern: string, left: number): Promise<void> {
    while (this.count(pattern) > left) await new Promise(setImmediate);
  }

  /** Files of the disk that match. */
  count(pattern: string): number {
    return globSync(pattern, { cwd: this.disk }).length;
  }

  /**
   * All processes, mounts and namespaces are gone from one moment to the next; the disk stays.
   * @param tmpfs Whether /run was in memory, as on most machines, and is empty now.
   */
  async reboot({ tmpfs }: { readonly tmpfs: boolean }): Promise<void> {
    await this.#powerOff();
    if (tmpfs) {
      rmSync(join(this.disk, 'run'), { recursive: true });
      mkdirSync(join(this.disk, 'run'));
    }
    await this.boot();
    // The kernel is the same one, so its mark of a start has to be made.
    await this.#must(['mount', '--bind', '/tmp/boot_id', '/proc/sys/kernel/random/boot_id']);
  }

  async end(): Promise<void> {
    await this.#powerOff();
    rmSync(this.disk, { recursive: true, force: true });
  }

  async boot(): Promise<void> {
    // As its first process, bash waits for every orphan; it ends, and the machine with it, when its input does.
    const argv = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc', 'bash'];
    const init = spawn('unshare', argv, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#init = init;
    // Its answer proves that the namespaces are there.
    while (childrenOf(init.pid ?? 0).length === 0) {
      if (init.exitCode !== null) throw new Error('unshare ended');
      await new Promise(setImmediate);
    }
    this.#pid = childrenOf(init.pid ?? 0)[0] ?? 0;
    await this.#mount();
    await this.#must(['ip', 'link', 'set', 'lo', 'up']);
    // ip-netns(8) makes /run/netns a mount point at first use, and it stays one: part of any machine that uses it.
    await this.#must(['ip', 'netns', 'add', 'first']);
    await this.#must(['ip', 'netns', 'del', 'first']);
    // So does mount(8) its own folder.
    await this.#must(['mkdir', '-p', '/run/mount']);
    await this.#must(['cp', '/proc/sys/kernel/random/uuid', '/tmp/boot_id']);
  }

  async #mount(): Promise<void> {
    const root = join(this.disk, 'root');
    const layers = `lowerdir=/,upperdir=${this.disk}/written,workdir=${this.disk}/overlay`;
    const mounts = [
      ['-t', 'overlay', '-o', layers, 'none', root],
      ...OWN.map((folder) => ['--bind', join(this.disk, folder), join(root, folder)]),
      ['-t', 'proc', 'proc', `${root}/proc`],
      ['-t', 'sysfs', 'sysfs', `${root}/sys`],
      ['--rbind', '/dev', `${root}/dev`],
      ...this.#hiddenCheckout().map((folder) => ['--bind', folder, join(root, folder)]),
      // What is built is the same for all, and takes a minute.
      ['--bind', BUILD, join(root, BUILD)],
    ];
    for (const mount of mounts) await run(['nsenter', ...this.#namespaces(), 'mount', ...mount]);
  }

  /** The checkout, where it lies in a folder that the machine has one of its own of. */
  #hiddenCheckout(): string[] {
    if (!OWN.some((folder) => CHECKOUT.startsWith(`/${folder}/`))) return [];
    mkdirSync(join(this.disk, CHECKOUT), { recursive: true });
    return [CHECKOUT];
  }

  async #powerOff(): Promise<void> {
    const init = this.#init;
    if (init === undefined || init.exitCode !== null || init.signalCode !== null) return;
    const gone = once(init, 'exit');
    process.kill(this.#pid, 'SIGKILL');
    await gone;
  }

  async #must(argv: readonly string[]): Promise<void> {
    await run([...this.#enter(), ...argv]);
  }

  #enter(): string[] {
    return ['nsenter', ...this.#namespaces(), 'chroot', join(this.disk, 'root'), 'env', `--chdir=${CHECKOUT}`];
  }

  #namespaces(): string[] {
    return [`--target=${this.#pid}`, '--mount', '--net', '--pid', '--ipc', '--uts', '--'];
  }

  /** Waits until the machine is as it was, since what the kernel frees, it frees a little later. */
  async assertUnchanged(before: MachinePhoto, message: string): Promise<void> {
    for (const end = performance.now() + SETTLE_MS; ; await delay(SETTLE_POLL_MS)) {
      const found = differences(before, await this.photograph());
      if (found.length === 0) return;
      assert.ok(performance.now() < end, `${message}: another machine than before:\n${found.join('\n')}`);
    }
  }

  async photograph(): Promise<MachinePhoto> {
    return { ...(await this.#photo()), files: await this.#files() };
  }

  /** BPF programs, maps and links, of this and of all other machines: the kernel has one list of each. */
  photographBpf(): Promise<MachinePhoto> {
    return this.#photo('bpf');
  }

  /**
   * Waits until none is there that has been new since. Those that processes of others hold do not count, and what they
   * pinned or attached comes and goes with what they run.
   */
  async assertNoBpfLeft(before: MachinePhoto): Promise<void> {
    let suspects = new Set(differences(before, await this.photographBpf()));
    for (const end = performance.now() + BPF_SETTLE_MS; ; await delay(SETTLE_POLL_MS)) {
      suspects = suspects.intersection(new Set(differences(before, await this.photographBpf())));
      const others = heldElsewhere(this.#pid);
      const left = [...suspects].filter(
        (line) => line.startsWith('+') && !others.has(/^\+ (.*?\d+:)/.exec(line)?.[1] ?? ''),
      );
      if (left.length === 0) return;
      assert.ok(performance.now() < end, `BPF objects are left:\n${left.join('\n')}`);
    }
  }

  async #photo(...what: readonly string[]): Promise<MachinePhoto> {
    const argv = [process.execPath, join(CHECKOUT, 'test/run/machine-photo.ts'), ...what];
    const { stdout, stderr, code } = await this.run(argv);
    if (code !== 0) throw new Error(`no photograph: ${stderr}`);
    return JSON.parse(stdout) as MachinePhoto;
  }

  /** All that was written to its disk but bundles and what is built. */
  async #files(): Promise<string[]> {
    const { stdout } = await run(['find', 'written', ...OWN, '-printf', '%p %y %m %s\n'], { cwd: this.disk });
    return stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('tmp/results') && !isLayerOf(line))
      .sort();
  }
}

/** Writing a file makes its folders in the layer, too, which changes nothing where they exist beneath. */
function isLayerOf(line: string): boolean {
  const [path = '', type] = line.split(' ');
  return type === 'd' && path.startsWith('written') && existsSync(`/${path.slice('written/'.length)}`);
}

/** Lines that went (−) and came (+), each after its list's name. */
function differences(before: MachinePhoto, after: MachinePhoto): string[] {
  return Object.entries(after).flatMap(([name, lines]) => {
    const then = new Set(before[name]);
    const now = new Set(lines);
    const gone = [...then.difference(now)].map((line) => `− ${name}: ${line}`);
    const came = [...now.difference(then)].map((line) => `+ ${name}: ${line}`);
    return [...gone, ...came];
  });
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
