/** Takes a lab down from its journal alone: after a crash, with the scenario file gone, any number of times. */
import { existsSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../dataplane/native.ts';
import { run } from '../process/process.ts';
import { Journal } from './journal.ts';
import type { LabDirectory } from './lab-directory.ts';

const GRACE_MS = 1000;
const POLL_MS = 20;

/** Undoes everything in the journal, newest first; what is gone already is no error. */
export async function destroyLab(lab: LabDirectory): Promise<void> {
  const entries = new Journal(lab).backwards();
  const namespaces = entries.flatMap((entry) => (entry.kind === 'namespace' ? [entry.name] : []));
  const existing = namespaces.filter((name) => existsSync(`/run/netns/${name}`));
  await endProcessesIn(existing);
  for (const entry of entries) if (entry.kind === 'bpffs') unmountIfMounted(entry.path);
  if (existing.length > 0) {
    await run(['ip', '-force', '-batch', '-'], { input: existing.map((name) => `netns del ${name}\n`).join('') });
  }
  rmSync(lab.root, { recursive: true, force: true });
}

function unmountIfMounted(path: string): void {
  if (!existsSync(path)) return;
  // A mount point is on another device than its parent.
  if (statSync(path).dev === statSync(`${path}/..`).dev) return;
  native().unmount(path);
}

/** Ends, by pid, every process whose network namespace is one of these. */
async function endProcessesIn(names: readonly string[]): Promise<void> {
  const inodes = new Set(names.map((name) => `net:[${statSync(`/run/netns/${name}`).ino}]`));
  for (const pid of processesIn(inodes)) signal(pid, 'SIGTERM');
  const deadline = performance.now() + GRACE_MS;
  while (processesIn(inodes).length > 0 && performance.now() < deadline) await delay(POLL_MS);
  for (const pid of processesIn(inodes)) signal(pid, 'SIGKILL');
  while (processesIn(inodes).length > 0) await delay(POLL_MS);
}

function processesIn(inodes: ReadonlySet<string>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => inodes.has(namespaceOf(pid)));
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    // It ended between the listing and the look.
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
