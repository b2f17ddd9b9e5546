/** `cilion ls` and `cilion destroy`: the labs on this machine, from their folders alone. */
import { destroyLab, endCommandOf, removeEmptyState } from '../emulator/destroy.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import type { LabState } from '../emulator/lab-owner.ts';
import { namespaceFiles, processesIn } from '../emulator/namespace-processes.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import type { Command } from './command.ts';

const MIB = 1024 * 1024;

/** One lab as `cilion ls --json` prints it. */
interface LabLine {
  readonly id: string;
  readonly state: LabState;
  readonly ageSeconds: number | null;
  /** Of the command that is at it; null when none is. */
  readonly pid: number | null;
  /** Resident memory of its processes, bytes; null where only root may look. */
  readonly memoryBytes: number | null;
  readonly processes: number;
  readonly topology: string | null;
  readonly command: string | null;
}

export const ls: Command = {
  name: 'ls',
  summary: 'list the labs on this machine: building, running, or left over by a command that died',
  arguments: [],
  options: [{ flags: '--json', description: 'one JSON value instead of a table' }],
  needsRoot: false,
  needsBuild: false,
  async run(_args, options): Promise<ExitCode> {
    const labs = LabDirectory.all().map(describe);
    process.stdout.write(options['json'] === true ? `${JSON.stringify(labs, null, 2)}\n` : table(labs));
    return 0;
  },
};

function describe(lab: LabDirectory): LabLine {
  const owner = lab.owner();
  const state = lab.state();
  const names = namespaceFiles().filter((name) => name.startsWith(lab.namespacePrefix));
  const processes = processesIn(names);
  return {
    id: lab.id,
    state,
    ageSeconds: owner === undefined ? null : Math.max(0, Math.round((Date.now() - owner.since) / 1000)),
    pid: owner === undefined || owner.phase === 'left' || state === 'left over' ? null : owner.pid,
    memoryBytes: process.getuid?.() === 0 ? processes.reduce((sum, each) => sum + each.residentBytes, 0) : null,
    processes: processes.length,
    topology: topologyOf(lab),
    command: owner?.command ?? null,
  };
}

/** Null for a lab whose command was killed before it had a plan, or whose plan is damaged. */
function topologyOf(lab: LabDirectory): string | null {
  if (!lab.isPlanned()) return null;
  try {
    const { topology, ases, namespaces } = lab.plan();
    return `${topology}, ${ases.length} ASes, ${namespaces.length} namespaces`;
  } catch {
    return null;
  }
}

function table(labs: readonly LabLine[]): string {
  if (labs.length === 0) return 'no labs\n';
  const rows = labs.map((lab) => [
    lab.id,
    lab.state,
    lab.ageSeconds === null ? '-' : duration(lab.ageSeconds),
    lab.pid === null ? '-' : String(lab.pid),
    lab.memoryBytes === null ? '-' : `${Math.round(lab.memoryBytes / MIB)} MiB`,
    lab.topology ?? 'no plan yet',
    lab.command ?? '-',
  ]);
  const all = [['LAB', 'STATE', 'AGE', 'PID', 'MEMORY', 'TOPOLOGY', 'COMMAND'], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(width(column)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

export const destroy: Command = {
  name: 'destroy',
  summary: 'take a lab down, also one whose command crashed',
  arguments: [{ name: '[lab]', description: 'its id, as `cilion ls` shows it; ends its command, if one is at work' }],
  options: [
    { flags: '--all', description: 'every lab on this machine that no command is at work on' },
    { flags: '--force', description: "also what carries the lab's id, where a damaged journal does not name it" },
  ],
  needsRoot: true,
  needsBuild: false,
  async run([id], options): Promise<ExitCode> {
    if ((id === undefined) === (options['all'] !== true)) {
      throw new CilionError('name one lab, or --all', { exitCode: 2, hint: '`cilion ls` lists them' });
    }
    const force = options['force'] === true;
    if (id !== undefined) {
      const lab = LabDirectory.open(id);
      await endCommandOf(lab);
      await takeDown(lab, force);
      return 0;
    }
    return destroyAll(force);
  },
};

/** One lab that cannot be taken down keeps none of the others. */
async function destroyAll(force: boolean): Promise<ExitCode> {
  const failures: CilionError[] = [];
  for (const lab of LabDirectory.all()) {
    const { pid } = describe(lab);
    if (pid !== null) {
      process.stdout.write(`${lab.id} stays: pid ${pid} is at work on it (cilion destroy ${lab.id} ends it)\n`);
      continue;
    }
    await takeDown(lab, force).catch((error: unknown) => {
      if (!(error instanceof CilionError)) throw error;
      failures.push(error);
    });
  }
  removeEmptyState();
  if (failures.length === 0) return 0;
  const hints = failures.flatMap(({ hint }) => (hint === undefined ? [] : [hint]));
  throw new CilionError(failures.map(({ message }) => message).join('\n'), { exitCode: 3, hint: hints.join('\n  ') });
}

async function takeDown(lab: LabDirectory, force: boolean): Promise<void> {
  await destroyLab(lab, { force });
  process.stdout.write(`${lab.id} is gone\n`);
}
