/**
 * One pass: a transport attached, the timeline replayed under the workloads, everything measured, all put back. When a
 * part of the run ends that should not, the pass is broken off and keeps what it has by then.
 */
import type { Lab } from '../emulator/lab.ts';
import { loadBetween, readLoad } from '../measure/machine-load.ts';
import type { Outcome, Window } from '../measure/workload.ts';
import type { Ending } from '../process/watch.ts';
import type { MachineLoad, Pass, PathRecord, TimelineRecord } from '../results/bundle.ts';
import type { BundleWriter } from '../results/bundle-writer.ts';
import type { PassData } from '../results/pass-data.ts';
import { describeCrash } from '../scion/reference/control-plane.ts';
import type { Crash } from '../scion/reference/service.ts';
import type { Attached, Transport } from '../transports/transport.ts';
import { observeCaptures, startCaptures } from './captures.ts';
import { actionsOf } from './events.ts';
import type { Scenario } from './model.ts';
import { PassClock } from './pass-clock.ts';
import { type AnySample, named, type PreparedWorkload } from './pass-workloads.ts';
import { failures, lateEvents, playTimeline } from './play-timeline.ts';
import { requireReachability } from './reachability.ts';
import { countArrivals, Replayer } from './replay.ts';
import { recordRoutes } from './routes.ts';
import { sampleWires, type WireSamples } from './wire-sampler.ts';

/**
 * From starting the clients to t = 0, not measured: time for a few round trips over the longest way, in which connections are
 * made and caches become warm.
 */
const LEAD_MS = 600;

export interface PassContext {
  readonly lab: Lab;
  readonly scenario: Scenario;
  readonly bundle: BundleWriter;
  readonly signal: AbortSignal;
  /** Live figures for whoever watches. */
  readonly detail: (text: string) => void;
}

/** What passes need of one another, so that the next one's servers start while the last one is put back. */
export interface Workloads {
  /** Of this pass; no transport is needed to start servers. */
  readonly prepared: Promise<PreparedWorkload[]>;
  /** They have all ended, and their ports are free. */
  readonly onStopped: () => void;
}

export interface PassResult {
  readonly data: PassData;
  readonly paths: readonly PathRecord[];
  readonly drops: Readonly<Record<string, number>>;
  /** Why it cannot be trusted; empty when it can. */
  readonly faults: readonly string[];
  /** Likewise, where the reason is that the machine was too busy. */
  readonly starved: readonly string[];
}

/** What a pass brought, before anybody knows whether the lab could be put back behind it. */
interface Measured {
  readonly data: Omit<PassData, 'pass' | 'durationSeconds'>;
  readonly load: MachineLoad | null;
  readonly clock: PassClock;
  /** Wall clock at t = 0, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly paths: readonly PathRecord[];
  readonly drops: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly starved: readonly string[];
}

export async function runPass(
  context: PassContext,
  transport: Transport,
  repetition: number,
  workloads: Workloads,
): Promise<PassResult> {
  const { lab, signal } = context;
  const id = `${transport.name}-${repetition}`;
  const before = lab.watch.endings.length;
  const crashes = lab.reference?.crashes.length ?? 0;
  let measured: Measured;
  let implementation: string | undefined;
  try {
    // Should it fail, the workloads' servers end with the lab.
    const attached = await transport.attach(lab);
    implementation = attached.implementation;
    try {
      measured = await measure(context, transport, attached, workloads, id);
    } finally {
      attached.release();
      await putBack(context, `${transport.name} could not be detached`, () => attached.detach());
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(await lab.watch.hasEnding())) throw error;
    measured = nothing(context);
  }
  const endings = lab.watch.endings.slice(before);
  const restarts = (lab.reference?.crashes.slice(crashes) ?? []).filter(({ restartInMs }) => restartInMs !== undefined);
  const key = {
    transport: transport.name,
    repetition,
    id,
    ...(implementation === undefined ? {} : { implementation }),
  };
  return conclude(context, key, measured, endings, restarts.map(asEnding));
}

/** A pass that never began, because a part of the run had ended before. */
export async function missedPass(context: PassContext, transport: Transport, repetition: number): Promise<PassResult> {
  const id = `${transport.name}-${repetition}`;
  const { endings } = context.lab.watch;
  return conclude(context, { transport: transport.name, repetition, id }, nothing(context), endings);
}

async function measure(
  context: PassContext,
  transport: Transport,
  attached: Attached,
  { prepared, onStopped }: Workloads,
  id: string,
): Promise<Measured> {
  const { lab, scenario, bundle, signal, detail } = context;
  const [workloads] = await Promise.all([
    prepared,
    requireReachability(lab, transport, attached, AbortSignal.any([signal, lab.watch.signal])),
  ]);
  const arrivals = countArrivals(scenario, lab);
  const captures = await startCaptures(scenario, lab, bundle, id);
  const clock = new PassClock(performance.now() + LEAD_MS, lab.watch, signal);
  const startedAt = Date.now() + LEAD_MS;
  const window: Window = {
    t0Ns: process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n,
    durationNs: scenario.durationNs,
  };
  const replayer = arrivals && new Replayer({ lab, captures: captures.files, attached, clock, arrivals });
  const loadBefore = readLoad();
  try {
    const [events, outcomes, wires, paths] = await Promise.all([
      playTimeline(id, actionsOf(scenario, lab, { replayer, attached }), clock),
      Promise.all(workloads.map((each) => runWorkload(each, window, lab, clock))),
      part('sampling the wires', sampleWires(lab, scenario.durationNs / 1e9, clock, detail), NO_WIRES, lab, clock),
      part('following the routes', recordRoutes(scenario, lab, attached, id, clock), [], lab, clock),
    ]);
    const load = loadBetween(loadBefore, readLoad());
    const captureFaults = await captures.stop();
    const drops = attached.drops();
    const observed = await observeCaptures(scenario, lab, captures, BigInt(startedAt) * 1_000_000n);
    const samples = workloads.map(({ workload }, index) => named(workload, outcomes[index]!));
    const faults = [...outcomes.flatMap((outcome) => outcome.faults), ...captureFaults, ...(observed?.faults ?? [])];
    const starved = [...outcomes.flatMap((outcome) => outcome.starved), ...wires.starved];
    return {
      data: {
        ...{ workloads: samples, events, wires: wires.samples, observed: observed?.packets ?? null },
        ...(replayer === undefined ? {} : { replays: replayer.records }),
      },
      load,
      clock,
      startedAt,
      paths,
      drops,
      faults: [...failures(events), ...faults.map((fault) => `${id}: ${fault}`)],
      starved: [...lateEvents(events), ...starved.map((reason) => `${id}: ${reason}`)],
    };
  } finally {
    arrivals?.close();
    await captures.stop();
    await Promise.all(workloads.map((each) => each.prepared.stop()));
    onStopped();
    await putBack(context, 'the lab could not be put back', () =>
      Promise.all([lab.bgp.reset(signal), lab.wires.restore()]),
    );
  }
}

const NO_OUTCOME: Outcome<AnySample> = { samples: [], faults: [], starved: [] };
const NO_WIRES: WireSamples = { samples: [], starved: [] };

function runWorkload({ workload, prepared }: PreparedWorkload, window: Window, lab: Lab, clock: PassClock) {
  return part(`running ${workload.name}`, prepared.run(window), NO_OUTCOME, lab, clock);
}

/** A part of the pass that fails breaks it off; the others end and bring what they have. */
async function part<T>(what: string, result: Promise<T>, nothing: T, lab: Lab, clock: PassClock): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(await clock.explains())) lab.watch.report(`${what} failed: ${messageOf(error)}`);
    return nothing;
  }
}

/** A lab of which a part has ended is only taken down; one that cannot be put back is no place for another pass. */
async function putBack({ lab, signal }: PassContext, failure: string, action: () => Promise<unknown>): Promise<void> {
  if (lab.watch.signal.aborted || signal.aborted) return;
  try {
    await action();
  } catch (error) {
    if (!signal.aborted && !(await lab.watch.hasEnding())) lab.watch.report(`${failure}: ${messageOf(error)}`);
  }
}

/** What there is of a pass that did not come to measuring. */
function nothing({ lab, scenario, signal }: PassContext): Measured {
  const workloads = scenario.workloads.map((workload) => named(workload, NO_OUTCOME));
  return {
    data: { workloads, events: [], wires: [], observed: null },
    load: null,
    clock: new PassClock(performance.now(), lab.watch, signal),
    startedAt: Date.now(),
    paths: [],
    drops: {},
    faults: [],
    starved: [],
  };
}

/** Writes what was measured, and what ended meanwhile. */
async function conclude(
  { scenario, bundle }: PassContext,
  key: Pick<Pass, 'id' | 'transport' | 'repetition' | 'implementation'>,
  measured: Measured,
  endings: readonly Ending[],
  restarts: readonly Ending[] = [],
): Promise<PassResult> {
  const { clock, startedAt, load, paths, drops } = measured;
  const duration = scenario.durationNs / 1e9;
  const first = endings[0] === undefined ? duration : Math.max(0, clock.at(endings[0].at));
  const broken = first < duration;
  const events = [
    ...measured.data.events,
    ...endings.map((ending) => unplanned(key.id, 'process.ended', ending, clock)),
    ...restarts.map((restart) => unplanned(key.id, 'process.restarted', restart, clock)),
  ];
  const data: PassData = {
    ...measured.data,
    pass: { ...key, startedAt, ...(broken ? { brokenOffAt: first } : {}), ...(load === null ? {} : { load }) },
    durationSeconds: broken ? first : duration,
    events,
  };
  await bundle.appendEvents(events);
  for (const { name, samples } of data.workloads) await bundle.appendSamples(key.id, name, samples);
  await bundle.appendWires(key.id, data.wires);
  if (data.observed !== null) await bundle.appendObserved(key.id, data.observed);
  if (data.replays !== undefined) await bundle.appendReplays(key.id, data.replays);
  const ended = [...endings, ...restarts].map(({ at, text }) => `${key.id}, ${when(clock.at(at))}: ${text}`);
  // What is missing from a pass that was broken off is no further reason.
  return { data, paths, drops, faults: [...ended, ...measured.faults], starved: broken ? [] : measured.starved };
}

function when(t: number): string {
  return t < 0 ? `${(-t).toFixed(2)} s before it began` : `at ${t.toFixed(2)} s`;
}

function unplanned(pass: string, event: string, { at, text }: Ending, clock: PassClock): TimelineRecord {
  const t = clock.at(at);
  return { pass, event, text, planned: null, started: t, finished: t, error: null };
}

/** A service that was started again does not break the pass off, but what was measured meanwhile cannot be trusted. */
function asEnding(crash: Crash): Ending {
  return { at: crash.at, text: describeCrash(crash).replaceAll(/\s*\n\s*/g, ' · ') };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
