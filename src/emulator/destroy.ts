/** Takes a lab down from its journal alone: after a crash, with the scenario file gone, any number of times. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from '../errors.ts';
import { run } from '../process/process.ts';
import { processesInGroup, removeGroup } from './control-group.ts';
import { Journal } from './journal.ts';
import type { JournalEntry } from './journal-entry.ts';
import { restoreSettings } from './kernel-settings.ts';
import { DATA_ROOT, LabDirectory, STATE_ROOT } from './lab-directory.ts';
import { isAtWork, madeBeforeBoot } from './lab-owner.ts';
import { isNamespace, NETNS_ROOT, namespaceFiles, processesIn } from './namespace-processes.ts';

const GRACE_MS = 1000;
/** After SIGKILL only the kernel can keep a process, in a system call that hangs. */
const KILL_MS = 10_000;
/** A command takes its own lab down in a second or two. */
const COMMAND_MS = 20_000;
const POLL_MS = 20;

export interface DestroyOptions {
  /** Also what carries the lab's id without standing in its journal, which is damaged. */
  readonly force?: boolean;
}

/**
 * Undoes everything in the journal; what is gone already is no error. Mounts are undone by their place: whatever is
 * mounted in the lab's own folder is the lab's.
 *
 * @throws LabError that names what is left because a damaged journal does not say whose it is; the folder stays then.
 */
export async function destroyLab(lab: LabDirectory, options: DestroyOptions = {}): Promise<void> {
  const { entries, damage } = new Journal(lab).read();
  const owner = lab.owner();
  const named = entries.flatMap((entry) => (entry.kind === 'namespace' ? [entry.name] : []));
  const present = namespaceFiles().filter((name) => name.startsWith(lab.namespacePrefix));
  // No namespace survives a restart of the machine. What is there has been made since, under a name that was free.
  const rebooted = owner !== undefined && madeBeforeBoot(owner);
  const ours = present.filter(
    (name) => (named.includes(name) || options.force === true) && !(rebooted && isNamespace(name)),
  );
  for (const entry of entries) if (entry.kind === 'containers' && !rebooted) await endContainers(entry, ours);
  await removeNamespaces(ours);
  if (!rebooted) restoreSettings(entries, Journal.ofOthers(lab));
  for (const path of mountsIn(lab.root)) await run(['umount', '--', path]);
  for (const entry of entries) {
    if (entry.kind === 'file') removeFile(entry.path);
    if (entry.kind === 'folder') removeFolder(entry.path);
  }
  const rest = present.filter((name) => !ours.includes(name) && !named.includes(name));
  const unclear = entries.length === 0 ? ['its journal names nothing', ...damage] : damage;
  // With a sound journal, they are somebody else's and no matter of this lab.
  if (unclear.length > 0 && rest.length > 0) throw leftovers(lab, unclear, rest);
  rmSync(lab.root, { recursive: true, force: true });
  removeEmptyState();
}

/** The folder of all labs is there before the first lab is, and a command can be killed in between. */
export function removeEmptyState(): void {
  removeOrphanedData();
  removeIfEmpty(STATE_ROOT);
}

/** Ends the command that still builds or runs the lab, and waits: it takes the lab down itself. Else there is nothing to do. */
export async function endCommandOf(lab: LabDirectory): Promise<void> {
  const owner = lab.owner();
  if (owner === undefined || owner.phase === 'left' || owner.pid === process.pid || !isAtWork(owner)) return;
  signal(owner.pid, 'SIGTERM');
  if (await within(COMMAND_MS, () => !isAtWork(owner))) return;
  signal(owner.pid, 'SIGKILL');
  if (!(await within(KILL_MS, () => !isAtWork(owner)))) throw new LabError(`pid ${owner.pid} does not end`);
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  await endProcessesIn(names);
  const input = names.map((name) => `netns del ${name}\n`).join('');
  // Another command may be at it at the same time; what counts is that they are gone.
  const failure = await run(['ip', '-force', '-batch', '-'], { input }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined && names.some((name) => existsSync(`${NETNS_ROOT}/${name}`))) throw failure;
}

/**
 * First the daemon, which would start them again, with all that runs beside it; then every process of a container. None is
 * asked: an orderly end of a cluster takes half a minute, and nothing of it is kept.
 */
async function endContainers(
  { cgroup, daemon }: Extract<JournalEntry, { kind: 'containers' }>,
  ours: readonly string[],
): Promise<void> {
  const daemons = () => (ours.includes(daemon) ? processesIn([daemon]).map(({ pid }) => pid) : []);
  for (const pids of [daemons, () => processesInGroup(cgroup)]) {
    const ended = await within(KILL_MS, () => {
      for (const pid of pids()) signal(pid, 'SIGKILL');
      return pids().length === 0;
    });
    if (!ended) throw new LabError(`SIGKILL does not end ${pids().join(', ')}`, { hint: 'see dmesg' });
  }
  if (!(await within(KILL_MS, () => removeGroup(cgroup)))) throw new LabError(`control group ${cgroup} stays in use`);
}

/** By pid, those that ignore SIGTERM by SIGKILL. */
async function endProcessesIn(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const none = () => processesIn(names).length === 0;
  for (const { pid } of processesIn(names)) signal(pid, 'SIGTERM');
  if (await within(GRACE_MS, none)) return;
  const ended = await within(KILL_MS, () => {
    for (const { pid } of processesIn(names)) signal(pid, 'SIGKILL');
    return none();
  });
  if (ended) return;
  const stuck = processesIn(names).map(({ pid, command }) => `${pid} (${command})`);
  throw new LabError(`SIGKILL does not end ${stuck.join(', ')}`, { hint: 'the kernel holds on to them: see dmesg' });
}

async function within(ms: number, condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + ms; !condition(); await delay(POLL_MS)) {
    if (performance.now() > end) return false;
  }
  return true;
}

/** Innermost first. */
function mountsIn(folder: string): string[] {
  return (
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      // proc_pid_mountinfo(5): field 5 is the mount point.
      .map((line) => line.split(' ')[4] ?? '')
      .filter((point) => point.startsWith(`${folder}/`))
      .reverse()
  );
}

function leftovers(lab: LabDirectory, damage: readonly string[], names: readonly string[]): LabError {
  const running = processesIn(names).map(({ pid, command }) => `\n  pid ${pid}: ${command}`);
  const what = `left, as nothing says that they are its: ${names.join(', ')}${running.join('')}`;
  return new LabError(`lab ${lab.id} is damaged: ${damage.join('; ')}\n${what}`, {
    hint: `if nobody else makes such names: cilion destroy ${lab.id} --force`,
  });
}

function removeFile(path: string): void {
  rmSync(path, { force: true });
  removeIfEmpty(dirname(path));
}

/** A lab's folder is made before its data and removed after them; but where it is in memory, a restart takes it away. */
function removeOrphanedData(): void {
  if (!existsSync(DATA_ROOT)) return;
  const labs = LabDirectory.list();
  for (const id of readdirSync(DATA_ROOT)) if (!labs.includes(id)) removeFolder(`${DATA_ROOT}/${id}`);
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  removeIfEmpty(dirname(path));
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
