/** A machine on which commands are killed, and `destroy` must make good for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Started } from './cilion.ts';
import { Machine } from './machine.ts';
import type { MachinePhoto } from './machine-photo.ts';

export class KillingGround {
  readonly machine: Machine;
  readonly #bare: MachinePhoto;
  readonly #bpf: MachinePhoto;
  #runs = 0;

  private constructor(machine: Machine, bare: MachinePhoto, bpf: MachinePhoto) {
    this.machine = machine;
    this.#bare = bare;
    this.#bpf = bpf;
  }

  static async start(): Promise<KillingGround> {
    const machine = await Machine.start();
    assert.equal((await machine.cilion('destroy', '--all')).code, 0);
    return new KillingGround(machine, await machine.photograph(), await machine.photographBpf());
  }

  /**
   * Starts a run and kills it, SIGKILL, when `moment` resolves. `moment` gets the folder of its bundle, within the
   * machine's disk.
   */
  async killRun(moment: (run: Started, results: string) => Promise<void>): Promise<void> {
    this.#runs += 1;
    const results = `tmp/results/${this.#runs}`;
    // So many passes that it is not over when the moment comes, however the machine's speed changes.
    const run = this.machine.launchCilion('run', 'scenarios/tiny.yaml', '--repeat', '100', '--results', `/${results}`);
    assert.ok(await this.kill(run, () => moment(run, results)), 'it was over before it could be killed');
  }

  /** Whether it still ran when the moment came. */
  async kill(command: Started, moment: () => Promise<void>): Promise<boolean> {
    const pid = await this.machine.programPid(command);
    await moment();
    const inTime = isThere(pid);
    if (inTime) endNow(pid);
    await command.ended;
    return inTime;
  }

  async destroyAll(message: string): Promise<void> {
    const { code, stderr } = await this.machine.cilion('destroy', '--all');
    assert.equal(code, 0, `${message}: ${stderr}`);
    await this.machine.assertUnchanged(this.#bare, message);
  }

  assertNoBpfLeft(): Promise<void> {
    return this.machine.assertNoBpfLeft(this.#bpf);
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Nsenter waits for its child, so a number is not dealt out again before `ended`. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
