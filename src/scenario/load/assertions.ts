/** Assertions: windows inside the pass, metrics that exist, limits in the metric's unit. */
import { type Collector, FaultyValue } from '../../input/collector.ts';
import { suggestion } from '../../input/nearest.ts';
import {
  DURATION,
  formatQuantity,
  parseQuantity,
  type Quantity,
  RATE,
  RATIO,
  SIZE,
  UnitError,
} from '../../input/units.ts';
import type { FieldPath } from '../../input/yaml.ts';
import { METRIC_UNITS } from '../../results/metrics.ts';
import type { Assertion, Comparison, MetricName, TransportName, Workload } from '../model.ts';
import { type AssertionInput, COMPARISONS } from '../schema.ts';
import { MAX_ENTRIES, within } from './limits.ts';

export interface Measured {
  readonly durationNs: number;
  readonly transports: readonly TransportName[];
  readonly workloads: readonly Pick<Workload, 'name' | 'kind'>[];
  /** Whether any AS counts what arrives at it. */
  readonly observed: boolean;
  /** Whether anything is ever hijacked or leaked; withdrawn or restored. */
  readonly diverts: boolean;
  readonly recovers: boolean;
  /** Whether anything is ever sent again. */
  readonly replays: boolean;
  /** Id of an observer's link. @throws FaultyValue for what is none */
  readonly observedLink: (text: string) => string;
}

/** How a limit is written for each unit of METRIC_UNITS, and how many of the quantity's smallest unit one of it is. */
const LIMITS: Readonly<Record<string, { readonly quantity: Quantity; readonly per: number }>> = {
  ms: { quantity: DURATION, per: 1e6 },
  'bit/s': { quantity: RATE, per: 1 },
  ratio: { quantity: RATIO, per: 1e6 },
  bytes: { quantity: SIZE, per: 1 },
};

/** Assertions that are at fault are reported and left out. */
export function buildAssertions(
  inputs: readonly AssertionInput[],
  measured: Measured,
  collector: Collector,
): Assertion[] {
  const seen = new Set<string>();
  return within(inputs, MAX_ENTRIES.assertions, ['assertions'], collector).flatMap((input, index) => {
    const path = ['assertions', index];
    const before = collector.problems.length;
    const { name, transport, metric, workload } = input;
    if (seen.has(`${transport} ${name}`)) {
      collector.report(
        [...path, 'name'],
        `there is an assertion "${name}" of ${transport} already`,
        'a sentence of its own',
      );
    }
    seen.add(`${transport} ${name}`);
    const [from, to] = input.window ?? [0, measured.durationNs];
    checkWindow(from, to, measured, path, collector);
    if (!measured.transports.includes(transport)) {
      collector.report([...path, 'transport'], `${transport} is not run`, suggestion(transport, measured.transports));
    }
    collector.attempt([...path, 'metric'], () => checkMetric(metric, measured));
    if (workload !== undefined) {
      collector.attempt([...path, 'workload'], () => checkWorkload(metric, workload, measured.workloads));
      collector.attempt([...path, 'workload'], () => checkSeen(metric, transport));
    }
    const link = readLink(input, measured, path, collector);
    const limit = readLimit(input, path, collector);
    if (limit === undefined || collector.problems.length > before) return [];
    const only = { ...(workload === undefined ? {} : { workload }), ...(link === undefined ? {} : { link }) };
    return [{ name, transport, metric, from, to, ...limit, ...only }];
  });
}

function checkWindow(from: number, to: number, { durationNs }: Measured, path: FieldPath, collector: Collector): void {
  const window = [...path, 'window'];
  if (from === to) collector.report(window, 'has no length', '[from, to]');
  if (from > to) collector.report(window, 'ends before it begins', '[from, to]');
  if (to > durationNs) {
    const end = formatQuantity(durationNs, DURATION);
    collector.report(window, `reaches beyond the end of the pass (${end})`, `at most ${end}`);
  }
}

function checkMetric(metric: MetricName, { workloads, observed, diverts, recovers, replays }: Measured): void {
  const kind = kindOf(metric);
  if (kind !== undefined && !workloads.some((workload) => workload.kind === kind)) {
    throw new FaultyValue(`no workload is of kind ${kind}`, 'such a workload, or another metric');
  }
  if (metric.startsWith('observer.') && !observed)
    throw new FaultyValue('nothing is observed', 'observe, or an attack');
  if (metric.startsWith('replay.') && !replays)
    throw new FaultyValue('nothing is sent again', 'a scion.replay in the timeline');
  if (metric === 'diversion.after' && !diverts)
    throw new FaultyValue('nothing is diverted', 'a bgp.hijack or bgp.leak');
  if (metric === 'recovery.after' && !recovers) {
    throw new FaultyValue('nothing is restored', 'a bgp.withdraw or link.restore');
  }
}

/** Kind of the workloads that a metric is measured on; recovery is seen by the probes of udp workloads. */
function kindOf(metric: MetricName): Workload['kind'] | undefined {
  if (metric === 'recovery.after') return 'udp';
  const [kind = ''] = metric.split('.');
  return kind === 'udp' || kind === 'tcp' || kind === 'http' ? kind : undefined;
}

function checkWorkload(metric: MetricName, name: string, workloads: Measured['workloads']): void {
  const kind = kindOf(metric);
  if (metric.startsWith('observer.')) {
    const names = workloads.map((other) => other.name);
    if (!names.includes(name)) throw new FaultyValue(`there is no workload "${name}"`, suggestion(name, names));
    return;
  }
  if (kind === undefined) throw new FaultyValue(`${metric} belongs to no workload`, 'nothing');
  const workload = workloads.find((other) => other.name === name);
  const fitting = workloads.filter((other) => other.kind === kind).map((other) => other.name);
  if (workload === undefined) throw new FaultyValue(`there is no workload "${name}"`, suggestion(name, fitting));
  if (workload.kind !== kind) {
    throw new FaultyValue(`${name} is of kind ${workload.kind} and has no ${metric}`, suggestion('', fitting));
  }
}

/** Transports into whose packets an observer cannot see: whose they are, it cannot tell. */
const OPAQUE: ReadonlySet<TransportName> = new Set<TransportName>(['wireguard', 'sig']);

function checkSeen(metric: MetricName, transport: TransportName): void {
  if (!metric.startsWith('observer.') || !OPAQUE.has(transport)) return;
  throw new FaultyValue(`no observer can tell the workloads of ${transport} apart`, 'no workload');
}

function readLink({ link, metric }: AssertionInput, { observedLink }: Measured, path: FieldPath, collector: Collector) {
  if (link === undefined) return undefined;
  return collector.attempt([...path, 'link'], () => {
    if (!metric.startsWith('observer.')) throw new FaultyValue(`${metric} is not measured on a link`, 'nothing');
    return observedLink(link);
  });
}

function readLimit(input: AssertionInput, path: FieldPath, collector: Collector) {
  const given = COMPARISONS.filter((comparison) => input[comparison] !== undefined);
  const [comparison] = given;
  if (comparison === undefined || given.length > 1) {
    const message = comparison === undefined ? 'compares with nothing' : `compares by ${given.join(' and ')}`;
    collector.report(path, message, `one of ${COMPARISONS.join(', ')}`);
    return undefined;
  }
  const value = collector.attempt([...path, comparison], () => readValue(input[comparison] ?? '', input.metric));
  return value === undefined ? undefined : { comparison: comparison satisfies Comparison, value };
}

/** A count is a bare number; everything else has its unit, except that a ratio may be a number from 0 to 1. */
function readValue(written: number | string, metric: MetricName): number {
  const unit = METRIC_UNITS[metric];
  const limit = LIMITS[unit];
  if (limit === undefined) {
    if (typeof written === 'number' && written >= 0) return written;
    throw new FaultyValue(`"${written}" is no number of ${unit}`, 'a number, without a unit');
  }
  if (unit === 'ratio' && typeof written === 'number' && written >= 0 && written <= 1) return written;
  try {
    return parseQuantity(String(written), limit.quantity) / limit.per;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new FaultyValue(error.message, error.expected);
  }
}
