import type { Running } from '../process/process.ts';
import type { Shape } from '../topology/model.ts';
import type { LabDirectory } from './lab-directory.ts';
import type { Plan, WirePlan } from './plan.ts';

export interface WireCounters {
  readonly link: string;
  readonly direction: 'ab' | 'ba';
  readonly packets: number;
  readonly bytes: number;
  readonly dropped: number;
}

export interface Wires {
  readonly process: Running | undefined;
  reshape(wire: WirePlan, change: Partial<Shape>): Promise<void>;
  restore(): Promise<void>;
  counters(): Promise<readonly WireCounters[]>;
  close(): Promise<void>;
}
export async function startWires(_plan: Plan, _lab: LabDirectory, _options: { detached: boolean }): Promise<Wires> { throw new Error('x'); }
