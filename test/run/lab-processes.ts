/** Finds the processes of a lab that a command started, as somebody would who looks from outside. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NETNS_ROOT } from '../../src/emulator/namespace-processes.ts';

const POLL_MS = 20;

/** Namespaces and folders that a lab has left. */
export function remainsOf(lab: string): string[] {
  const namespaces = readdirSync(NETNS_ROOT).filter((name) => name.includes(`-${lab}-`));
  return existsSync(`/run/cilion/${lab}`) ? [...namespaces, `/run/cilion/${lab}`] : namespaces;
}

/** Command line → pid of everything that runs in a namespace of the lab. */
function processesOf(lab: string): Map<string, number> {
  const inodes = new Set(
    readdirSync(NETNS_ROOT)
      .filter((name) => name.includes(`-${lab}-`))
      .map((name) => `net:[${statSync(join(NETNS_ROOT, name)).ino}]`),
  );
  const found = new Map<string, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!inodes.has(readlinkSync(`/proc/${pid}/ns/net`))) continue;
      found.set(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '), Number(pid));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The pid of the lab's first process whose command line matches. */
export function pidOf(lab: string, command: RegExp): number {
  const all = processesOf(lab);
  const found = [...all].find(([line]) => command.test(line));
  if (found === undefined) throw new Error(`lab ${lab} runs nothing like ${command}: ${[...all.keys()].join('\n')}`);
  return found[1];
}

/** Resolves when the file that a workload of the lab writes while it measures has so many lines. */
export async function measured(lab: string, workload: string, lines: number): Promise<void> {
  const work = `/run/cilion/${lab}/work`;
  for (;;) {
    const text = readdirSync(work)
      .filter((name) => name.startsWith(`${workload}-`))
      .map((name) => textOf(join(work, name, 'samples.ndjson')))
      .join('');
    if (text.split('\n').length > lines) return;
    await delay(POLL_MS);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The client has not begun.
    return '';
  }
}
