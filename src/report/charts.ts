/** The charts of a bundle: what is drawn in each, from the samples of all passes. */
import type { TimelineRecord } from '../results/bundle.ts';
import { ownPart, replacePart } from '../results/bundle-file.ts';
import { chartPath } from '../results/bundle-layout.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import type { PassData, WorkloadSamples } from '../results/pass-data.ts';
import { phaseWindows } from '../results/phases.ts';
import { median } from '../results/statistics.ts';
import type { TransportName } from '../scenario/model.ts';
import { formatBitRate, formatCount, formatMilliseconds } from './numbers.ts';
import type { Theme } from './palette.ts';
import { drawTimeChart, type EventMark, type Point, type Series, type Strip, type TimeChart } from './time-chart.ts';

/** A chart on disk. */
export interface ChartPicture {
  readonly title: string;
  /** Absolute paths of the PNG files. */
  readonly light: string;
  readonly dark: string;
}

/** An event of the timeline, over all passes. */
export interface EventSummary extends EventMark {
  readonly event: string;
  readonly text: string;
  /** Null for what nobody planned: the end of a process. */
  readonly planned: number | null;
  /** Actual start in each pass, seconds. */
  readonly started: readonly number[];
  readonly errors: readonly string[];
}

const THEMES: readonly Theme[] = ['light', 'dark'];
const OBSERVER_BIN_SECONDS = 0.25;

/**
 * Draws every chart in both themes into the bundle's `charts/`.
 * @throws CilionError (exit code 2), before anything is drawn, where a picture would not be a file of the bundle's own
 */
export function drawCharts(bundle: Bundle): ChartPicture[] {
  const { folder } = bundle;
  const charts = [...chartsOf(bundle)];
  for (const [name] of charts) for (const theme of THEMES) ownPart(folder, chartPath(`${name}-${theme}`));
  return charts.map(([name, chart]) => {
    const draw = (theme: Theme): string =>
      replacePart(folder, chartPath(`${name}-${theme}`), drawTimeChart(chart, theme));
    return { title: chart.title, light: draw('light'), dark: draw('dark') };
  });
}

/** What happened, one entry an event of the timeline, numbered in the order of the plan. */
export function eventSummaries(passes: readonly PassData[]): EventSummary[] {
  const groups = Map.groupBy(
    passes.flatMap((data) => data.events),
    (event) => JSON.stringify([event.planned, event.event, event.text]),
  );
  return [...groups.values()]
    .sort((a, b) => due(a[0]!) - due(b[0]!))
    .map((records, index) => summariseEvent(records, String(index + 1)));
}

function summariseEvent(records: readonly TimelineRecord[], label: string): EventSummary {
  const { event, text, planned } = records[0]!;
  const started = records.map((record) => record.started);
  const errors = records.flatMap((record) => (record.error === null ? [] : [`${record.pass}: ${record.error}`]));
  // What ended before the pass began is marked at its beginning.
  return { label, event, text, planned, started, errors, t: Math.max(0, median(started)) };
}

function due({ planned, started }: TimelineRecord): number {
  return planned ?? started;
}

function chartsOf(bundle: Bundle): Map<string, TimeChart> {
  const { passes, manifest } = bundle;
  const charts = new Map<string, TimeChart>();
  const shared = { durationSeconds: manifest.durationSeconds, marks: eventSummaries(passes), attack: attackOf(passes) };
  for (const { name, kind } of manifest.workloads) {
    charts.set(`${kind}-${name}`, { ...shared, ...workloadChart(passes, name, kind) });
  }
  if (passes.some((data) => data.observed !== null)) charts.set('observer', { ...shared, ...observerChart(passes) });
  return charts;
}

/** The passes' windows differ by milliseconds; the picture shows their median. */
function attackOf(passes: readonly PassData[]): TimeChart['attack'] {
  const windows = passes
    .flatMap((data) => phaseWindows(data.events, data.durationSeconds))
    .filter((window) => window.phase === 'during' && window.to > window.from);
  if (windows.length === 0) return null;
  return { from: median(windows.map((window) => window.from)), to: median(windows.map((window) => window.to)) };
}

type Drawn = Pick<TimeChart, 'title' | 'series' | 'strips' | 'formatY'>;

function workloadChart(passes: readonly PassData[], name: string, kind: WorkloadSamples['kind']): Drawn {
  if (kind === 'tcp') return tcpChart(passes, name);
  return kind === 'udp' ? udpChart(passes, name) : httpChart(passes, name);
}

function tcpChart(passes: readonly PassData[], name: string): Drawn {
  return {
    title: `TCP goodput at the receiver (${name})`,
    series: seriesOf(passes, name, 'line', (workload) =>
      workload.kind !== 'tcp'
        ? []
        : workload.samples.map(({ t, interval, bytes }) => ({ x: t - interval / 2, y: (bytes * 8) / interval })),
    ),
    strips: [],
    formatY: formatBitRate,
  };
}

function udpChart(passes: readonly PassData[], name: string): Drawn {
  return {
    title: `UDP round-trip time of each probe (${name}); ticks above: probes lost`,
    series: seriesOf(passes, name, 'dots', (workload) =>
      workload.kind !== 'udp' ? [] : workload.samples.flatMap(({ t, rtt }) => (rtt === null ? [] : [{ x: t, y: rtt }])),
    ),
    strips: stripsOf(passes, name, 'lost', (workload) =>
      workload.kind !== 'udp' ? [] : workload.samples.flatMap(({ t, rtt }) => (rtt === null ? [t] : [])),
    ),
    formatY: formatMilliseconds,
  };
}

function httpChart(passes: readonly PassData[], name: string): Drawn {
  return {
    title: `HTTP time to the last byte (${name}); ticks above: requests failed`,
    series: seriesOf(passes, name, 'dots', (workload) =>
      workload.kind !== 'http' ? [] : workload.samples.flatMap(({ t, ms, ok }) => (ok ? [{ x: t, y: ms }] : [])),
    ),
    strips: stripsOf(passes, name, 'failed', (workload) =>
      workload.kind !== 'http' ? [] : workload.samples.flatMap(({ t, ok }) => (ok ? [] : [t])),
    ),
    formatY: formatMilliseconds,
  };
}

function observerChart(passes: readonly PassData[]): Drawn {
  return {
    title: 'Packets a second of pods’ traffic that arrived at the attacker',
    series: passes.map((data) => ({ transport: data.pass.transport, style: 'area', points: observedRate(data) })),
    strips: [],
    formatY: (value) => `${formatCount(value)} /s`,
  };
}

function observedRate(data: PassData): Point[] {
  const bins = Math.ceil(data.durationSeconds / OBSERVER_BIN_SECONDS);
  const counts = new Array<number>(bins).fill(0);
  for (const { t } of data.observed ?? []) {
    const bin = Math.floor(t / OBSERVER_BIN_SECONDS);
    if (bin >= 0 && bin < bins) counts[bin] = counts[bin]! + 1;
  }
  return counts.map((count, bin) => ({ x: bin * OBSERVER_BIN_SECONDS, y: count / OBSERVER_BIN_SECONDS }));
}

function seriesOf(
  passes: readonly PassData[],
  name: string,
  style: Series['style'],
  pointsOf: (workload: WorkloadSamples) => Point[],
): Series[] {
  return passes.map((data) => ({
    transport: data.pass.transport,
    style,
    points: data.workloads.filter((workload) => workload.name === name).flatMap(pointsOf),
  }));
}

/** One strip a transport, its repetitions together. */
function stripsOf(
  passes: readonly PassData[],
  name: string,
  what: string,
  timesOf: (workload: WorkloadSamples) => number[],
): Strip[] {
  const transports: TransportName[] = [...new Set(passes.map((data) => data.pass.transport))];
  return transports.map((transport) => ({
    transport,
    label: `${what} ${transport}`,
    times: passes
      .filter((data) => data.pass.transport === transport)
      .flatMap((data) => data.workloads.filter((workload) => workload.name === name).flatMap(timesOf)),
  }));
}
