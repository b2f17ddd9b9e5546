/** From samples to the metrics of each pass and phase, and from those to one figure a transport. */
import type { MetricName, TransportName } from '../scenario/model.ts';
import type { Manifest, Metrics, Phase, PhaseWindow, Summary } from './bundle.ts';
import { measure, WINDOW_METRICS } from './metrics.ts';
import type { PassData } from './pass-data.ts';
import { phaseWindows } from './phases.ts';
import { median } from './statistics.ts';

export const PHASES: readonly Phase[] = ['before', 'during', 'after'];

/** BPF drop reason → packets. */
export type Drops = Readonly<Record<string, number>>;

/**
 * Metrics of every pass. A phase of no length has none. `drops` gives the drop counters of a pass by its id; passes
 * without a BPF dataplane are absent from it.
 */
export function summarise(passes: readonly PassData[], drops: ReadonlyMap<string, Drops>): Summary {
  return {
    passes: passes.map((data) => ({
      pass: data.pass.id,
      phases: phaseMetrics(data),
      drops: drops.get(data.pass.id) ?? {},
    })),
  };
}

function phaseMetrics(data: PassData): Summary['passes'][number]['phases'] {
  const phases: Record<Phase, Readonly<Record<string, Metrics>>> = { before: {}, during: {}, after: {} };
  for (const window of phaseWindows(data.events, data.durationSeconds)) {
    if (window.to > window.from) phases[window.phase] = windowMetrics(data, window);
  }
  return phases;
}

function windowMetrics(data: PassData, window: PhaseWindow): Readonly<Record<string, Metrics>> {
  const byWorkload: Record<string, Metrics> = {};
  for (const { name, kind } of data.workloads) {
    const names: readonly MetricName[] =
      kind === 'udp' && window.phase === 'after' ? [...WINDOW_METRICS.udp, 'recovery.after'] : WINDOW_METRICS[kind];
    byWorkload[name] = metricsOf(names, data, window, name);
  }
  if (data.observed !== null) {
    const names: readonly MetricName[] =
      window.phase === 'during' ? [...WINDOW_METRICS.observer, 'diversion.after'] : WINDOW_METRICS.observer;
    byWorkload[''] = metricsOf(names, data, window, undefined);
  }
  return byWorkload;
}

function metricsOf(
  names: readonly MetricName[],
  data: PassData,
  window: PhaseWindow,
  workload: string | undefined,
): Metrics {
  return Object.fromEntries(names.map((name) => [name, measure(name, data, window, workload)]));
}

/** A metric over all repetitions of a transport. */
export interface Repetitions {
  /** Median of the values that there are; null where there is none. */
  readonly median: number | null;
  /** One a repetition, in the order of the passes. */
  readonly values: readonly (number | null)[];
}

/** `workload` is '' for metrics of the observer and of diversion. */
export interface MetricAddress {
  readonly transport: TransportName;
  readonly phase: Phase;
  readonly workload: string;
  readonly metric: MetricName;
}

/** The metric's value in each repetition and their median. */
export function acrossRepetitions(
  manifest: Pick<Manifest, 'passes'>,
  summary: Summary,
  at: MetricAddress,
): Repetitions {
  const ids = new Set(manifest.passes.filter((pass) => pass.transport === at.transport).map((pass) => pass.id));
  const values = summary.passes
    .filter((pass) => ids.has(pass.pass))
    .map((pass) => pass.phases[at.phase][at.workload]?.[at.metric] ?? null);
  const known = values.filter((value) => value !== null);
  return { median: known.length === 0 ? null : median(known), values };
}
