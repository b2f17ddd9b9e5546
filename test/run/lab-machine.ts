/** Commands about labs, given on a machine of a test's own. */
import assert from 'node:assert/strict';
import type { Ended } from './cilion.ts';
import type { Machine } from './machine.ts';

export async function succeed(machine: Machine, ...args: string[]): Promise<Ended> {
  const ended = await machine.cilion(...args);
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
  return ended;
}

export function upIn(machine: Machine, id: string): Promise<Ended> {
  return succeed(machine, 'up', 'scenarios/tiny.yaml', '--id', id, '--transport', 'ip');
}

/** What `cilion ls --json` says of a lab. */
export interface LabLine {
  readonly id: string;
  readonly state: string;
  readonly pid: number | null;
  readonly ageSeconds: number;
  readonly memoryBytes: number;
  readonly command: string;
}

export async function labsIn(machine: Machine): Promise<LabLine[]> {
  return JSON.parse((await succeed(machine, 'ls', '--json')).stdout) as LabLine[];
}
