/** Figures and sentences of the benches over chains of ASes, the same on the terminal and on the page. */
import type { BySubject, Disturbance, GoodputSummary, LatencySummary } from '../chain-bundle.ts';
import { transitText } from '../chain-summary.ts';
import type { Interval } from '../resampling.ts';
import { formatShare, formatTimes } from './bench-numbers.ts';

/** Bit/s as Gbit/s, without the unit. */
export function gigabits(bps: number): string {
  const value = bps / 1e9;
  return value.toFixed(value >= 0.1 ? 2 : 4);
}

export function microseconds(us: number): string {
  return us.toFixed(us >= 1000 ? 0 : 1);
}

/** Seconds of a core a gigabit. */
export function cost(seconds: number): string {
  return seconds.toFixed(seconds >= 10 ? 1 : 2);
}

export function trafficText(traffic: string): string {
  const flows = /^tcp-(\d+)$/.exec(traffic)?.[1];
  if (flows === undefined) return 'UDP';
  return `TCP, ${flows} flow${flows === '1' ? '' : 's'}`;
}

/** All that appear in any of the rows, in the order in which they first do. */
export function subjectsOf(rows: readonly BySubject<unknown>[]): string[] {
  const order = ['ip', 'xdp-pass', 'vxlan', 'wireguard', 'sig', 'cilion (services)', 'cilion'];
  const present = new Set(rows.flatMap((row) => Object.keys(row)));
  return order.filter((name) => present.has(name));
}

export function cell(values: BySubject<Interval>, subject: string, format: (value: number) => string): string {
  const interval = values[subject];
  return interval === undefined ? '–' : format(interval.estimate);
}

export function ratioCell(values: BySubject<Interval>, subject: string): string {
  const interval = values[subject];
  return interval === undefined ? '–' : formatTimes(interval);
}

export function disturbanceText({ measurements, starved, othersBusy }: Disturbance): string {
  const others = `Between measurements, others kept ${formatShare(othersBusy)} of the cores busy (median of ${measurements})`;
  return starved === 0 ? `${others}.` : `${others}; in ${starved} measurements a program did not get to run in time.`;
}

export function goodputAnswer({ rows }: GoodputSummary): string {
  const row = rows.find(({ ratios }) => ratios['ip'] !== undefined);
  if (row === undefined) return 'Goodput of each transport from pod to pod.';
  return `${trafficText(row.traffic)}, ${transitText(row.transits)}: cilion carries ${gigabits(row.rates['cilion']!.estimate)} Gbit/s, ${formatTimes(row.ratios['ip']!)} of plain IP.`;
}

export function latencyAnswer({ perTransit }: LatencySummary): string {
  const row = perTransit.find(({ ratios }) => ratios['ip'] !== undefined);
  if (row === undefined) return 'Round trips from pod to pod over each transport.';
  return `Each transit AS adds ${microseconds(row.added['cilion']!.estimate)} µs to a round trip over cilion, ${formatTimes(row.ratios['ip']!)} of what it adds to one over plain IP.`;
}
