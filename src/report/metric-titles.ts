/** What metrics, comparisons and phases are called in the report. */

import type { Verdict } from '../results/bundle.ts';
import { METRIC_UNITS } from '../results/metrics.ts';
import type { Comparison, MetricName } from '../scenario/model.ts';
import { formatMetric } from './numbers.ts';

export const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  'udp.sent': 'UDP probes sent',
  'udp.lost': 'UDP probes lost',
  'udp.lossRatio': 'share of UDP probes lost',
  'udp.rttP50': 'UDP round trip, median',
  'udp.rttP99': 'UDP round trip, 99th percentile',
  'tcp.goodput': 'TCP goodput',
  'http.requests': 'HTTP requests',
  'http.failures': 'HTTP requests failed',
  'http.successRatio': 'share of HTTP requests answered',
  'http.latencyP50': 'HTTP latency, median',
  'http.latencyP99': 'HTTP latency, 99th percentile',
  'observer.packets': 'packets that reached the attacker',
  'observer.bytes': 'bytes that reached the attacker',
  'observer.readablePackets': 'readable packets that reached the attacker',
  'replay.sent': 'packets that the attacker sent again',
  'replay.delivered': 'packets sent again that reached their pod',
  'replay.refused': 'packets sent again that a router refused',
  'diversion.after': 'time from the attack to the first diverted packet',
  'recovery.after': 'time from the end of the attack until probes are answered steadily',
};

export const COMPARISON_TITLES: Readonly<Record<Comparison, string>> = {
  above: 'more than',
  atLeast: 'at least',
  below: 'less than',
  atMost: 'at most',
  equals: 'exactly',
};

/** What a verdict is about: the metric, and at the observer also whose packets and over which link. */
export function verdictTitle({ metric, workload, link }: Pick<Verdict, 'metric' | 'workload' | 'link'>): string {
  const title = METRIC_TITLES[metric];
  if (!metric.startsWith('observer.')) return title;
  return `${title}${workload === null ? '' : `, of ${workload}`}${link === undefined ? '' : `, on ${link}`}`;
}

/** The value with its unit, counts with what they count: `742 packets`. */
export function formatCounted(metric: MetricName, value: number | null): string {
  const text = formatMetric(metric, value);
  const unit = METRIC_UNITS[metric];
  const counts = unit === 'probes' || unit === 'packets' || unit === 'requests';
  if (value === null) return 'not measured';
  return counts ? `${text} ${value === 1 ? unit.slice(0, -1) : unit}` : text;
}
