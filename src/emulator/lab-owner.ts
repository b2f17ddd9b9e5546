/** Who made a lab and whether they are still at it: `owner.json` in the lab's folder, its first file. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface LabOwner {
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's: a pid that was dealt again has another. */
  readonly startTicks: number;
  /** Of the machine's start during which the lab was made. */
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** What was typed, for people. */
  readonly command: string;
  /** `left`: built by `cilion up`, and meant to go on without it. */
  readonly phase: 'building' | 'running' | 'left';
}

/** `left over`: its command ended without taking it down, or the machine was started anew since. */
export type LabState = 'building' | 'running' | 'left over';

const FILE = 'owner.json';

/** This process as an owner that begins to build. */
export function thisProcess(): LabOwner {
  const { pid } = process;
  const [, script = '', ...args] = process.argv;
  // Not everybody comes by the command line: tests build labs too.
  const command = [basename(script) === 'main.ts' ? 'cilion' : basename(script), ...args].join(' ');
  return { pid, startTicks: startTicks(pid) ?? 0, bootId: bootId(), since: Date.now(), command, phase: 'building' };
}

/** Replaces the file as a whole: nobody ever reads half of it. */
export function writeOwner(folder: string, owner: LabOwner): void {
  const file = join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(owner), { flush: true });
  renameSync(`${file}.new`, file);
}

/** Undefined when its command was killed in its first moment, or the file is damaged. */
export function readOwner(folder: string): LabOwner | undefined {
  const file = join(folder, FILE);
  if (!existsSync(file)) return undefined;
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Partial<LabOwner> | null;
    return typeof owner?.pid === 'number' && typeof owner.bootId === 'string' ? (owner as LabOwner) : undefined;
  } catch {
    return undefined;
  }
}

export function stateOf(owner: LabOwner | undefined): LabState {
  if (owner === undefined || madeBeforeBoot(owner)) return 'left over';
  if (owner.phase === 'left') return 'running';
  return isAtWork(owner) ? owner.phase : 'left over';
}

/** Whether the very process that made the lab still runs. */
export function isAtWork(owner: LabOwner): boolean {
  return owner.bootId === bootId() && startTicks(owner.pid) === owner.startTicks;
}

/** Then nothing of the lab is left but files: namespaces, mounts and processes ended with the machine's last run. */
export function madeBeforeBoot(owner: LabOwner): boolean {
  return owner.bootId !== bootId();
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** proc(5), /proc/pid/stat: the name, field 2, may hold spaces and parentheses; the start is field 22. */
function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended.
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
