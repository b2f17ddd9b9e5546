/** The workloads of a pass: the servers brought up in their pods, ready to be run. */
import type { Lab } from '../emulator/lab.ts';
import { prepareHttp } from '../measure/http.ts';
import { prepareTcp } from '../measure/tcp.ts';
import { prepareUdp } from '../measure/udp.ts';
import type { Outcome, Place, Prepared } from '../measure/workload.ts';
import type { HttpSample, TcpSample, UdpSample } from '../results/bundle.ts';
import type { WorkloadSamples } from '../results/pass-data.ts';
import type { Scenario, Workload } from './model.ts';
import { podPlace } from './places.ts';

/** Ports of the workloads' servers: the first is iperf3's own. */
const FIRST_PORT = 5201;

export type AnySample = TcpSample | UdpSample | HttpSample;

export interface PreparedWorkload {
  readonly workload: Workload;
  readonly prepared: Prepared<AnySample>;
}

export async function prepareWorkloads(scenario: Scenario, lab: Lab, signal: AbortSignal): Promise<PreparedWorkload[]> {
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
        watch: lab.watch,
        lateAnswers: scenario.timeline.some(({ event }) => event === 'scion.replay'),
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
export function named(workload: Workload, outcome: Outcome<AnySample>): WorkloadSamples {
  return { kind: workload.kind, name: workload.name, samples: outcome.samples } as WorkloadSamples;
}
