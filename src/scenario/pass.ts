/** One pass: a transport attached, the timeline replayed under the workloads, everything measured, all put back. */
import type { Lab } from '../emulator/lab.ts';
import { prepareHttp } from '../measure/http.ts';
import { prepareTcp } from '../measure/tcp.ts';
import { prepareUdp } from '../measure/udp.ts';
import type { Outcome, Place, Prepared, Window } from '../measure/workload.ts';
import type { HttpSample, Pass, PathRecord, TcpSample, TimelineRecord, UdpSample } from '../results/bundle.ts';
import type { BundleWriter } from '../results/bundle-writer.ts';
import type { PassData, WorkloadSamples } from '../results/pass-data.ts';
import type { Attached, Transport } from '../transports/transport.ts';
import { observeCaptures, startCaptures } from './captures.ts';
import { actionsOf } from './events.ts';
import type { Scenario, Workload } from './model.ts';
import { podPlace } from './places.ts';
import { playTimeline, timelineFaults } from './play-timeline.ts';
import { requireReachability } from './reachability.ts';
import { recordRoutes } from './routes.ts';
import { sampleWires } from './wire-sampler.ts';

/** From starting the clients to t = 0: connections are made and caches warm by then; it is not measured. */
const LEAD_MS = 1000;
/** Ports of the workloads' servers: the first is iperf3's own. */
const FIRST_PORT = 5201;

export interface PassContext {
  readonly lab: Lab;
  readonly scenario: Scenario;
  readonly bundle: BundleWriter;
  readonly signal: AbortSignal;
  /** Live figures for whoever watches. */
  readonly detail: (text: string) => void;
}

export interface PassResult {
  readonly data: PassData;
  readonly paths: readonly PathRecord[];
  readonly drops: Readonly<Record<string, number>>;
  /** Why it cannot be trusted; empty when it can. */
  readonly faults: readonly string[];
}

export async function runPass(context: PassContext, transport: Transport, repetition: number): Promise<PassResult> {
  const attached = await transport.attach(context.lab);
  try {
    return await measure(context, transport, attached, repetition);
  } finally {
    await attached.detach();
  }
}

async function measure(
  context: PassContext,
  transport: Transport,
  attached: Attached,
  repetition: number,
): Promise<PassResult> {
  const { lab, scenario, bundle, signal, detail } = context;
  const id = `${transport.name}-${repetition}`;
  const [workloads] = await Promise.all([
    prepareWorkloads(scenario, lab, signal),
    requireReachability(lab, transport, attached, signal),
  ]);
  const captures = await startCaptures(scenario, lab, bundle, id);
  const t0 = performance.now() + LEAD_MS;
  const window: Window = {
    t0Ns: process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n,
    durationNs: scenario.durationNs,
  };
  const pass: Pass = { id, transport: transport.name, repetition, startedAt: Date.now() + LEAD_MS };
  const faultsBefore = lab.faults.length;
  try {
    const [events, outcomes, wires, paths] = await Promise.all([
      playTimeline(id, actionsOf(scenario, lab), t0, signal),
      Promise.all(workloads.map(({ prepared }) => prepared.run(window))),
      sampleWires(lab, scenario, t0, signal, detail),
      recordRoutes(scenario, lab, attached, id, t0, signal),
    ]);
    const captureFaults = await captures.stop();
    const drops = attached.drops();
    const observed = await observeCaptures(scenario, lab, captures, BigInt(pass.startedAt) * 1_000_000n);
    const samples = workloads.map(({ workload }, index) => named(workload, outcomes[index]!));
    await writeSamples(bundle, id, samples, events);
    await bundle.appendWires(id, wires);
    if (observed !== null) await bundle.appendObserved(id, observed);
    const data: PassData = {
      pass,
      durationSeconds: scenario.durationNs / 1e9,
      workloads: samples,
      events,
      wires,
      observed,
    };
    const faults = [
      ...timelineFaults(events),
      ...outcomes.flatMap((outcome) => outcome.faults.map((fault) => `${id}: ${fault}`)),
      ...captureFaults.map((fault) => `${id}: ${fault}`),
      ...lab.faults.slice(faultsBefore).map((fault) => `${id}: ${fault}`),
    ];
    return { data, paths, drops, faults };
  } finally {
    await captures.stop();
    await Promise.all(workloads.map(({ prepared }) => prepared.stop()));
    await Promise.all([lab.bgp.reset(), lab.wires.restore()]);
  }
}

type AnySample = TcpSample | UdpSample | HttpSample;

interface PreparedWorkload {
  readonly workload: Workload;
  readonly prepared: Prepared<AnySample>;
}

async function prepareWorkloads(scenario: Scenario, lab: Lab, signal: AbortSignal): Promise<PreparedWorkload[]> {
  return Promise.all(
    scenario.workloads.map(async (workload, index) => {
      const from = podPlace(lab.plan, workload.from);
      const to = podPlace(lab.plan, workload.to);
      const place: Place = {
        clientNetns: lab.netns(from.pod.namespace),
        serverNetns: lab.netns(to.pod.namespace),
        serverAddress: to.pod.address,
        port: FIRST_PORT + index,
        directory: lab.directory.path('work'),
      };
      return { workload, prepared: await prepare(workload, place, signal) };
    }),
  );
}

function prepare(workload: Workload, place: Place, signal: AbortSignal): Promise<Prepared<AnySample>> {
  switch (workload.kind) {
    case 'tcp':
      return prepareTcp(workload, place, signal);
    case 'udp':
      return prepareUdp(workload, place, signal);
    case 'http':
      return prepareHttp(workload, place, signal);
  }
}

/** The outcome of a workload under its name; which kind of sample it holds follows from the workload's kind. */
function named(workload: Workload, outcome: Outcome<AnySample>): WorkloadSamples {
  return { kind: workload.kind, name: workload.name, samples: outcome.samples } as WorkloadSamples;
}

async function writeSamples(
  bundle: BundleWriter,
  pass: string,
  workloads: readonly WorkloadSamples[],
  events: readonly TimelineRecord[],
): Promise<void> {
  await bundle.appendEvents(events);
  for (const { name, samples } of workloads) await bundle.appendSamples(pass, name, samples);
}
