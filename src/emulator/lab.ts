/** A lab that runs: built from a plan, ended by destroying it. */
import { BgpPlane, type BgpSpeaker } from '../bgp/plane.ts';
import { native } from '../dataplane/native.ts';
import { Watch } from '../process/watch.ts';
import { type ControlPlane, computedControlPlane, LAB_EXPIRY_SECONDS } from '../scion/control-plane.ts';
import type { Topology } from '../topology/model.ts';
import { destroyLab } from './destroy.ts';
import { Journal } from './journal.ts';
import { LabDirectory } from './lab-directory.ts';
import { buildNetwork } from './network.ts';
import type { Plan } from './plan.ts';
import { Wires } from './wires.ts';

export interface BuildOptions {
  readonly topology: Topology;
  /** The lab goes on after this process (`cilion up`). */
  readonly detached: boolean;
  /** The lab's id, where its maker chose one. */
  readonly id?: string;
  readonly signal: AbortSignal;
}

interface Planes {
  readonly bgp: BgpPlane;
  readonly wires: Wires;
  readonly control: ControlPlane;
}

export class Lab {
  readonly directory: LabDirectory;
  readonly plan: Plan;
  readonly bgp: BgpPlane;
  readonly wires: Wires;
  readonly control: ControlPlane;
  /** Every process of the lab, and whatever else joins it; a run in which one of them ended is invalid. */
  readonly watch = new Watch();

  private constructor(directory: LabDirectory, plan: Plan, { bgp, wires, control }: Planes) {
    this.directory = directory;
    this.plan = plan;
    this.bgp = bgp;
    this.wires = wires;
    this.control = control;
    for (const [name, process] of bgp.processes) this.watch.add(`BIRD of ${name}`, process);
    if (wires.process !== undefined) this.watch.add('the delay line of the wires', wires.process);
  }

  /** Everything of the plan, or nothing: what a failure left half-made is undone. */
  static async build(plan: Plan, options: BuildOptions): Promise<Lab> {
    const directory = LabDirectory.create(options.id);
    try {
      const validity = { timestamp: Math.floor(Date.now() / 1000), expirySeconds: LAB_EXPIRY_SECONDS };
      directory.keep(plan, options.topology, validity);
      const journal = new Journal(directory);
      journal.record([{ kind: 'bpffs', path: directory.path('bpf') }]);
      native().mountBpffs(directory.path('bpf'));
      options.signal.throwIfAborted();
      await buildNetwork(plan, directory, journal);
      options.signal.throwIfAborted();
      const [wires, bgp] = await Promise.all([
        Wires.start(plan, directory),
        BgpPlane.start(speakers(plan, directory), options),
      ]);
      const control = computedControlPlane(options.topology, plan.seed, validity);
      directory.enter('running');
      return new Lab(directory, plan, { bgp, wires, control });
    } catch (error) {
      await destroyLab(directory);
      throw error;
    }
  }

  /** Nothing of this process holds on to the lab any more. */
  release(): void {
    this.watch.close();
    this.bgp.close();
    this.wires.close();
  }

  /** Lets it go on until `cilion destroy`. */
  leave(): void {
    this.directory.enter('left');
    this.release();
  }

  async destroy(): Promise<void> {
    this.release();
    await destroyLab(this.directory);
  }

  netns(namespace: string): string {
    return this.directory.netns(namespace);
  }
}

/** The plan's routers with the places where they run in this lab. */
export function speakers(plan: Plan, directory: LabDirectory): BgpSpeaker[] {
  return plan.routers.map(({ namespace, ia, bgp }) => ({
    name: namespace,
    ia,
    netns: directory.netns(namespace),
    router: bgp,
    files: directory.path('bird', namespace),
  }));
}
