/**
 * Settings of the whole machine that a kubelet changes wherever it runs (pkg/kubelet/cm, setupKernelTunables): noted before
 * the first one starts, put back when the last lab with one ends.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { JournalEntry } from './journal-entry.ts';

type Setting = Extract<JournalEntry, { kind: 'setting' }>;

const NAMES: readonly string[] = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Nothing else is ever written back, whatever a journal says. */
export function isSettingOfKubelet(name: string, value: string): boolean {
  return NAMES.includes(name) && /^-?\d{1,10}$/.test(value);
}

/** @param others Entries of other labs: where one has noted a setting, what stands in the kernel is its kubelet's. */
export function settingsOfKubelet(others: readonly JournalEntry[]): Setting[] {
  return NAMES.filter((name) => existsSync(`/proc/sys/${name}`)).map((name) => {
    const noted = others.find((entry) => entry.kind === 'setting' && entry.name === name) as Setting | undefined;
    return { kind: 'setting', name, value: noted?.value ?? readFileSync(`/proc/sys/${name}`, 'utf8').trim() };
  });
}

/** @param others Entries of other labs: while one has a kubelet, its settings stay. */
export function restoreSettings(own: readonly JournalEntry[], others: readonly JournalEntry[]): void {
  for (const entry of own) {
    if (entry.kind !== 'setting') continue;
    if (others.some((other) => other.kind === 'setting' && other.name === entry.name)) continue;
    const path = `/proc/sys/${entry.name}`;
    if (existsSync(path) && readFileSync(path, 'utf8').trim() !== entry.value) writeFileSync(path, entry.value);
  }
}
