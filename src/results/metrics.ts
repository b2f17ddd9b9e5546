/** The metrics that assertions and the summary use, each a pure function of one pass and a window of it. */
import type { MetricName } from '../scenario/model.ts';
import type { HttpSample, ObservedPacket, ReplayRecord, TcpSample, UdpSample } from './bundle.ts';
import type { PassData, WorkloadSamples } from './pass-data.ts';
import { firstDiversion, lastEnd } from './phases.ts';
import { quantile } from './statistics.ts';

/** [from, to), seconds from the start of the pass. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Unit of each metric's number. A ratio is between 0 and 1. */
export const METRIC_UNITS: Readonly<Record<MetricName, string>> = {
  'udp.sent': 'probes',
  'udp.lost': 'probes',
  'udp.lossRatio': 'ratio',
  'udp.rttP50': 'ms',
  'udp.rttP99': 'ms',
  'tcp.goodput': 'bit/s',
  'http.requests': 'requests',
  'http.failures': 'requests',
  'http.successRatio': 'ratio',
  'http.latencyP50': 'ms',
  'http.latencyP99': 'ms',
  'observer.packets': 'packets',
  'observer.bytes': 'bytes',
  'observer.readablePackets': 'packets',
  'replay.sent': 'packets',
  'replay.delivered': 'packets',
  'replay.refused': 'packets',
  'diversion.after': 'ms',
  'recovery.after': 'ms',
};

/** So many probes in a row must be answered before a path counts as recovered. */
export const STEADY_PROBES = 10;

/** How each metric of a kind of workload comes from that kind's samples in the window. */
const UDP: Readonly<Partial<Record<MetricName, (probes: readonly UdpSample[]) => number | null>>> = {
  'udp.sent': (probes) => probes.length,
  'udp.lost': (probes) => lost(probes),
  'udp.lossRatio': (probes) => ratio(lost(probes), probes.length),
  'udp.rttP50': (probes) => quantileOrNull(roundTrips(probes), 0.5),
  'udp.rttP99': (probes) => quantileOrNull(roundTrips(probes), 0.99),
};

const HTTP: Readonly<Partial<Record<MetricName, (requests: readonly HttpSample[]) => number | null>>> = {
  'http.requests': (requests) => requests.length,
  'http.failures': (requests) => requests.filter((request) => !request.ok).length,
  'http.successRatio': (requests) => ratio(requests.filter((request) => request.ok).length, requests.length),
  'http.latencyP50': (requests) => quantileOrNull(latencies(requests), 0.5),
  'http.latencyP99': (requests) => quantileOrNull(latencies(requests), 0.99),
};

const OBSERVER: Readonly<Partial<Record<MetricName, (packets: readonly ObservedPacket[]) => number>>> = {
  'observer.packets': (packets) => packets.length,
  'observer.bytes': (packets) => packets.reduce((sum, packet) => sum + packet.bytes, 0),
  'observer.readablePackets': (packets) => packets.filter((packet) => packet.readable).length,
};

const REPLAY: Readonly<Partial<Record<MetricName, (replays: readonly ReplayRecord[]) => number>>> = {
  'replay.sent': (replays) => replays.reduce((sum, { sent }) => sum + sent, 0),
  'replay.delivered': (replays) => replays.reduce((sum, { delivered }) => sum + delivered, 0),
  'replay.refused': (replays) => replays.reduce((sum, { refused }) => sum + total(refused), 0),
};

/** Metrics that one kind of workload has over a window. */
export const WINDOW_METRICS: Readonly<Record<WorkloadSamples['kind'] | 'observer', readonly MetricName[]>> = {
  tcp: ['tcp.goodput'],
  udp: Object.keys(UDP) as MetricName[],
  http: Object.keys(HTTP) as MetricName[],
  observer: Object.keys(OBSERVER) as MetricName[],
};

/**
 * The metric over the window, in the unit that METRIC_UNITS names; null where there is nothing to compute it from.
 * With `workload`, from that workload's samples; without, from all workloads of the metric's kind taken together. Of
 * metrics of the observer, `workload` leaves the packets between that workload's pods, `link` those that came over it.
 * `diversion.after` and `recovery.after` hang on events and look at the whole pass, whatever the window.
 */
export function measure(
  metric: MetricName,
  data: PassData,
  window: Window,
  workload?: string,
  link?: string,
): number | null {
  if (metric === 'diversion.after') return diversionAfter(data);
  if (metric === 'recovery.after') return recoveryAfter(data, workload);
  if (metric === 'tcp.goodput') return goodput(tcpSamples(data, workload), window);
  const udp = UDP[metric];
  if (udp !== undefined) return orNull(udp, within(udpSamples(data, workload), window));
  const http = HTTP[metric];
  if (http !== undefined) return orNull(http, within(httpSamples(data, workload), window));
  const replay = REPLAY[metric];
  if (replay !== undefined) return orNull(replay, within(data.replays ?? [], window));
  const observer = OBSERVER[metric];
  if (observer === undefined || data.observed === null) return null;
  const counting = data.observed.filter(
    (packet) =>
      (workload === undefined || packet.workloads?.includes(workload) === true) &&
      (link === undefined || packet.link === link),
  );
  return observer(within(counting, window));
}

/**
 * Bit/s that the receivers delivered in the window. A sample counts by the share of it that lies in the window.
 * Time before the first sample does not count (the workload was still connecting for the first time); time without
 * samples after it counts as nothing delivered, but for the interval that the end of the pass cut short.
 */
function goodput(samples: readonly TcpSample[], window: Window): number | null {
  const begin = samples.reduce((least, sample) => Math.min(least, sample.t - sample.interval), Infinity);
  const from = Math.max(window.from, begin);
  const last = samples.reduce((latest, sample) => (sample.t > latest.t ? sample : latest), { t: 0, interval: 0 });
  const to = window.to - last.t < last.interval ? Math.min(window.to, last.t) : window.to;
  if (!(to > from)) return null;
  let bytes = 0;
  for (const sample of samples) {
    const overlap = Math.min(sample.t, to) - Math.max(sample.t - sample.interval, from);
    if (overlap > 0) bytes += (sample.bytes * overlap) / sample.interval;
  }
  return (bytes * 8) / (to - from);
}

/**
 * Milliseconds from the actual start of the first hijack or leak to the first packet that reached the observer
 * because of it. A flow (source, destination) that already arrived there before was not diverted by it.
 */
function diversionAfter(data: PassData): number | null {
  const start = firstDiversion(data.events);
  if (start === undefined || data.observed === null) return null;
  const flow = (packet: ObservedPacket): string => `${packet.src} ${packet.dst}`;
  const usual = new Set(data.observed.filter((packet) => packet.t < start).map(flow));
  const first = data.observed.find((packet) => packet.t >= start && !usual.has(flow(packet)));
  return first === undefined ? null : (first.t - start) * 1000;
}

/**
 * Milliseconds from the last withdrawal or restore to the sending of the first probe that begins a row of
 * STEADY_PROBES answered ones. Its resolution is the probes' interval.
 */
function recoveryAfter(data: PassData, workload: string | undefined): number | null {
  const end = lastEnd(data.events);
  if (end === undefined) return null;
  let row = 0;
  let first = 0;
  for (const probe of udpSamples(data, workload)) {
    if (probe.t < end) continue;
    if (row === 0) first = probe.t;
    row = probe.rtt === null ? 0 : row + 1;
    if (row === STEADY_PROBES) return (first - end) * 1000;
  }
  return null;
}

function tcpSamples(data: PassData, name: string | undefined): readonly TcpSample[] {
  return data.workloads.flatMap((workload) =>
    workload.kind === 'tcp' && isIt(workload, name) ? workload.samples : [],
  );
}

function udpSamples(data: PassData, name: string | undefined): readonly UdpSample[] {
  return inOrder(
    data.workloads.flatMap((workload) => (workload.kind === 'udp' && isIt(workload, name) ? workload.samples : [])),
  );
}

function httpSamples(data: PassData, name: string | undefined): readonly HttpSample[] {
  return data.workloads.flatMap((workload) =>
    workload.kind === 'http' && isIt(workload, name) ? workload.samples : [],
  );
}

function isIt(workload: WorkloadSamples, name: string | undefined): boolean {
  return name === undefined || workload.name === name;
}

function inOrder<T extends { readonly t: number }>(samples: readonly T[]): readonly T[] {
  return [...samples].sort((a, b) => a.t - b.t);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function within<T extends { readonly t: number }>(samples: readonly T[], window: Window): readonly T[] {
  return samples.filter((sample) => sample.t >= window.from && sample.t < window.to);
}

/** Counts over no samples at all would read as "nothing was lost": null says that nothing was measured. */
function orNull<T>(compute: (samples: readonly T[]) => number | null, samples: readonly T[]): number | null {
  return samples.length === 0 ? null : compute(samples);
}

function lost(probes: readonly UdpSample[]): number {
  return probes.filter((probe) => probe.rtt === null).length;
}

function roundTrips(probes: readonly UdpSample[]): readonly number[] {
  return probes.flatMap((probe) => (probe.rtt === null ? [] : [probe.rtt]));
}

/** Only of requests that succeeded: a failure's time is the timeout's choice. */
function latencies(requests: readonly HttpSample[]): readonly number[] {
  return requests.flatMap((request) => (request.ok ? [request.ms] : []));
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function quantileOrNull(values: readonly number[], q: number): number | null {
  return values.length === 0 ? null : quantile(values, q);
}
