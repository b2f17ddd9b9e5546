/**
 * What a lab could leave behind on the host: taken before and after, the two must be equal. Labs that somebody else's
 * command is at work on at that moment are not in it.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { isAtWork } from '../../src/emulator/lab-owner.ts';
import { run } from '../../src/process/process.ts';

export interface HostPhoto {
  readonly namespaces: readonly string[];
  readonly devices: readonly string[];
  readonly routes: readonly string[];
  readonly mounts: readonly string[];
  readonly state: readonly string[];
  readonly processes: readonly string[];
}

export async function photographHost(): Promise<HostPhoto> {
  const others = LabDirectory.all().filter(isOthers);
  const isOurs = (line: string) =>
    !others.some((lab) => line.includes(lab.namespacePrefix) || line.includes(`${lab.root}/`));
  return {
    namespaces: list('/run/netns').filter((name) => name.startsWith('cil-') && isOurs(name)),
    devices: lines((await run(['ip', '-br', 'link'])).stdout),
    routes: lines((await run(['ip', 'route', 'show', 'table', 'all'])).stdout),
    mounts: lines(readFileSync('/proc/mounts', 'utf8')).filter((line) => line.includes('/run/cilion') && isOurs(line)),
    state: list('/run/cilion').filter((id) => !others.some((lab) => lab.id === id)),
    processes: labProcesses().filter(isOurs),
  };
}

/** One whose command runs, but neither is this process nor was started by it. */
function isOthers(lab: LabDirectory): boolean {
  const owner = lab.owner();
  if (owner === undefined || owner.phase === 'left' || !isAtWork(owner)) return false;
  for (let pid = owner.pid; pid > 1; pid = parentOf(pid)) if (pid === process.pid) return false;
  return true;
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    // It ended meanwhile.
    return 0;
  }
}

/** Programs that only a lab starts, outside the host's own network namespace. */
function labProcesses(): string[] {
  const own = readlinkSync('/proc/self/ns/net');
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/ns/net`) === own) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes('/run/cilion') ? [command] : [];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}
