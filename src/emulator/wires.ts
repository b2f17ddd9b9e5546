/** The wires of a lab as the rest of the testbed sees them: reshape, count, capture; what each is shaped like now. */
import type { Running } from '../process/process.ts';
import type { Shape } from '../topology/model.ts';
import type { LabDirectory } from './lab-directory.ts';
import { WIRES_NAMESPACE } from './namespace-names.ts';
import type { Plan, WirePlan } from './plan.ts';
import type { CaptureFiles, CaptureRequest } from './wire/capture.ts';
import { type CaptureReport, DIRECTIONS, type Direction, type LinkCounters } from './wire/delay-line.ts';
import { startWireProcess, WireControl } from './wire/wire-control.ts';

/** For all captures of a lab together. */
const CAPTURE_RING_BYTES = 16 * 1024 * 1024;

export class Wires {
  /** Absent where another process started it, or where the lab has no wire with a middle. */
  readonly process: Running | undefined;
  readonly #plans: readonly WirePlan[];
  readonly #control: WireControl | undefined;
  readonly #shapes = new Map<string, Readonly<Record<Direction, Shape>>>();

  private constructor(plans: readonly WirePlan[], process: Running | undefined, control: WireControl | undefined) {
    this.#plans = plans;
    this.process = process;
    this.#control = control;
  }

  static async start(plan: Plan, lab: LabDirectory): Promise<Wires> {
    if (plan.wires.length === 0) return new Wires([], undefined, undefined);
    const config = {
      netns: lab.netns(WIRES_NAMESPACE),
      pins: lab.path('bpf', 'wires'),
      wires: plan.wires,
      captureBytes: CAPTURE_RING_BYTES,
      socket: lab.path('wires', 'control'),
    };
    const files = { config: lab.path('wires', 'config.json'), log: lab.path('wires', 'log') };
    const { running, control } = await startWireProcess(config, files);
    return new Wires(plan.wires, running, control);
  }

  /** Of a lab that another process built. */
  static async attach(plan: Plan, lab: LabDirectory): Promise<Wires> {
    const control = plan.wires.length === 0 ? undefined : await WireControl.connect(lab.path('wires', 'control'));
    return new Wires(plan.wires, undefined, control);
  }

  /** Changes both directions of a link's wire; what `change` leaves out stays. Holds for the next frame. */
  async reshape(link: string, change: Partial<Shape>): Promise<void> {
    const { ab, ba } = this.#shapeOf(link);
    await this.#become(link, { ab: { ...ab, ...change }, ba: { ...ba, ...change } });
  }

  /** Every wire as the topology has it. */
  async restore(): Promise<void> {
    for (const link of [...this.#shapes.keys()]) await this.#become(link, this.#planOf(link));
    this.#shapes.clear();
  }

  /** Link id → counters of both directions since the lab was built. */
  async counters(): Promise<Readonly<Record<string, LinkCounters>>> {
    return (await this.#control?.counters()) ?? {};
  }

  startCapture(request: CaptureRequest): Promise<CaptureFiles> {
    this.#planOf(request.link);
    return this.#required().startCapture(request);
  }

  stopCapture(link: string): Promise<Record<Direction, CaptureReport>> {
    return this.#required().stopCapture(link);
  }

  close(): void {
    this.#control?.close();
  }

  async #become(link: string, shapes: Readonly<Record<Direction, Shape>>): Promise<void> {
    const control = this.#required();
    await Promise.all(DIRECTIONS.map((direction) => control.setShape(link, direction, shapes[direction])));
    this.#shapes.set(link, { ab: shapes.ab, ba: shapes.ba });
  }

  #shapeOf(link: string): Readonly<Record<Direction, Shape>> {
    return this.#shapes.get(link) ?? this.#planOf(link);
  }

  #planOf(link: string): WirePlan {
    const plan = this.#plans.find((candidate) => candidate.link === link);
    // The planner gives a middle to every link that the timeline or a capture names.
    if (plan === undefined) throw new RangeError(`link ${link} has no middle`);
    return plan;
  }

  #required(): WireControl {
    if (this.#control === undefined) throw new RangeError('this lab has no wire with a middle');
    return this.#control;
  }
}
