/** What the machine does between two moments: proc_stat(5), and pressure stall information where the kernel has it. */
import { readFileSync } from 'node:fs';
import type { MachineLoad } from '../results/bundle.ts';

export interface LoadReading {
  /** performance.now(), milliseconds. */
  readonly at: number;
  /** Ticks of all cores since the machine started. */
  readonly total: number;
  readonly idle: number;
  readonly steal: number;
  /** Microseconds in which some process waited for a core; null without pressure stall information. */
  readonly waitingUs: number | null;
}

export function readLoad(): LoadReading {
  const at = performance.now();
  return { at, ...parseStat(readFileSync('/proc/stat', 'utf8')), waitingUs: parsePressure(pressure()) };
}

/** Null when too little time lies between the readings to tell. */
export function loadBetween(before: LoadReading, after: LoadReading): MachineLoad | null {
  const total = after.total - before.total;
  const us = (after.at - before.at) * 1000;
  if (total <= 0 || us <= 0) return null;
  const waited = before.waitingUs === null || after.waitingUs === null ? null : after.waitingUs - before.waitingUs;
  return {
    idle: share(after.idle - before.idle, total),
    steal: share(after.steal - before.steal, total),
    waiting: waited === null ? null : share(waited, us),
  };
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal, then guests, whose time user has. */
export function parseStat(text: string): { total: number; idle: number; steal: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = text
    .slice('cpu '.length, text.indexOf('\n'))
    .trim()
    .split(/ +/)
    .map(Number);
  return {
    total: user + nice + system + idle + iowait + irq + softirq + steal,
    // A core that waits for a disk has nothing else to do.
    idle: idle + iowait,
    steal,
  };
}

/** `some … total=<µs>` of /proc/pressure/cpu; null for a text without it. */
export function parsePressure(text: string): number | null {
  const total = /^some .*\btotal=(\d+)/m.exec(text)?.[1];
  return total === undefined ? null : Number(total);
}

function pressure(): string {
  try {
    return readFileSync('/proc/pressure/cpu', 'utf8');
  } catch {
    // Compiled out, or turned off at boot: the manifest then has no figure for it.
    return '';
  }
}

function share(part: number, whole: number): number {
  return Math.round(Math.min(1, Math.max(0, part / whole)) * 1000) / 1000;
}
