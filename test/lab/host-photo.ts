/** What a lab could leave behind on the host: taken before and after, the two must be equal. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
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
  return {
    namespaces: list('/run/netns').filter((name) => name.startsWith('cil-')),
    devices: lines((await run(['ip', '-br', 'link'])).stdout),
    routes: lines((await run(['ip', 'route', 'show', 'table', 'all'])).stdout),
    mounts: lines(readFileSync('/proc/mounts', 'utf8')).filter((mount) => mount.includes('/run/cilion')),
    state: list('/run/cilion'),
    processes: labProcesses(),
  };
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
