/** The table of transports: a row a phase, a column a metric; terminal and page both print it. */
import type { Phase } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import { acrossRepetitions, PHASES, type Repetitions } from '../results/summary.ts';
import type { MetricName, TransportName } from '../scenario/model.ts';
import { wasDisturbed } from './answer.ts';
import { formatMetric } from './numbers.ts';

export interface Column {
  /** What is measured: a workload's name, or the attacker. */
  readonly group: string;
  readonly title: string;
  readonly workload: string;
  readonly metric: MetricName;
  /** One value for the whole pass, which the summary keeps under this phase; absent for a value a phase. */
  readonly once?: Phase;
}

export interface Cell extends Repetitions {
  /** The median with its unit, or a word for why there is none. */
  readonly text: string;
}

const WORKLOAD_COLUMNS: Readonly<Record<'tcp' | 'udp' | 'http', readonly (readonly [MetricName, string])[]>> = {
  tcp: [['tcp.goodput', 'goodput']],
  udp: [
    ['udp.rttP50', 'RTT p50'],
    ['udp.rttP99', 'RTT p99'],
    ['udp.lossRatio', 'lost'],
  ],
  http: [['http.successRatio', 'answered']],
};

const OBSERVER_COLUMNS: readonly (readonly [MetricName, string])[] = [
  ['observer.packets', 'packets'],
  ['observer.bytes', 'bytes'],
  ['observer.readablePackets', 'readable'],
];

export function columnsOf(bundle: Bundle): Column[] {
  const { workloads } = bundle.manifest;
  const observed = bundle.passes.some((data) => data.observed !== null);
  const udp = workloads.filter((workload) => workload.kind === 'udp');
  return [
    ...workloads.flatMap(({ kind, name }) =>
      WORKLOAD_COLUMNS[kind].map(([metric, title]) => ({
        group: `${kind.toUpperCase()} ${name}`,
        title,
        workload: name,
        metric,
      })),
    ),
    ...(observed ? OBSERVER_COLUMNS : []).map(([metric, title]) => ({
      group: 'Attacker received',
      title,
      workload: '',
      metric,
    })),
    ...(observed
      ? [{ group: 'Time until', title: 'diverted', workload: '', metric: 'diversion.after', once: 'during' } as const]
      : []),
    ...udp.map(({ name }) => ({
      group: 'Time until',
      title: udp.length > 1 ? `${name} recovered` : 'recovered',
      workload: name,
      metric: 'recovery.after' as const,
      once: 'after' as const,
    })),
  ];
}

export function cellOf(bundle: Bundle, transport: TransportName, phase: Phase, column: Column): Cell {
  const { workload, metric } = column;
  const at = { transport, phase: column.once ?? phase, workload, metric };
  const repetitions = acrossRepetitions(bundle.manifest, bundle.summary, at);
  const text = absence(bundle, transport, column, repetitions) ?? formatMetric(metric, repetitions.median);
  return { ...repetitions, text };
}

/** A word where a number would mislead. */
function absence(bundle: Bundle, transport: TransportName, column: Column, { median }: Repetitions): string | null {
  if (column.metric === 'diversion.after') return median === null ? 'never' : null;
  if (column.metric !== 'recovery.after') return null;
  if (!wasDisturbed(bundle, transport, column.workload)) return 'undisturbed';
  return median === null ? 'never' : null;
}

/** Phases that have any metrics in any pass. */
export function phasesOf(bundle: Bundle): Phase[] {
  return PHASES.filter((phase) => bundle.summary.passes.some((pass) => Object.keys(pass.phases[phase]).length > 0));
}
