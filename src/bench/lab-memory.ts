/** What a lab takes of the machine's memory. */
import { readFileSync } from 'node:fs';
import type { Lab } from '../emulator/lab.ts';
import { processesIn } from '../emulator/namespace-processes.ts';
import type { BringupMemory } from './bringup-bundle.ts';

/** Bytes that the kernel reckons programs could still have (proc_meminfo(5)). */
export function availableMemory(): number {
  return field(readFileSync('/proc/meminfo', 'utf8'), 'MemAvailable');
}

/** @param availableBefore from before the lab was built */
export function labMemory({ plan, directory }: Lab, availableBefore: number): BringupMemory {
  const processes = processesIn(plan.namespaces.map(({ id }) => directory.namespaceName(id)));
  return {
    machine: availableBefore - availableMemory(),
    processes: processes.reduce((sum, { pid }) => sum + proportionalShare(pid), 0),
    processCount: processes.length,
    testbed: process.memoryUsage.rss(),
  };
}

/** Its own pages and its part of shared ones; 0 for a process that has just ended. */
function proportionalShare(pid: number): number {
  try {
    return field(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}

/** `MemAvailable:   1234 kB` */
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
