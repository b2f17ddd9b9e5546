/** Control groups of containers: which processes are in one, and its removal. Version 1 and 2. */
import { type Dirent, existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** Processes in the group and in those below it; those that have ended and wait for their parent are none. */
export function processesInGroup(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isIn(pid, name) && !isZombie(pid));
}

/** False when it is still in use: the kernel lets go of ended processes a little later. */
export function removeGroup(name: string): boolean {
  // Version 1 has a hierarchy for each controller, version 2 one for all, at the root or beside them.
  const hierarchies = [ROOT, ...subfolders(ROOT).map(({ name: each }) => join(ROOT, each))];
  const folders = hierarchies.map((each) => join(each, name)).filter((each) => existsSync(each));
  return folders.map(removeTree).every(Boolean);
}

function removeTree(folder: string): boolean {
  for (const { name } of subfolders(folder)) if (!removeTree(join(folder, name))) return false;
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

function subfolders(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** proc_pid_cgroup(5): hierarchy:controllers:path. */
function isIn(pid: number, name: string): boolean {
  const lines = read(`/proc/${pid}/cgroup`)?.split('\n') ?? [];
  const paths = lines.map((line) => line.split(':').slice(2).join(':'));
  return paths.some((path) => path === `/${name}` || path.startsWith(`/${name}/`));
}

/** proc_pid_stat(5): the state stands behind the name, which may hold spaces and parentheses. */
function isZombie(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined || stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

/** Undefined for a process that has ended. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
