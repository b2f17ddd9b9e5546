/** Numbers as people read them: one unit a metric, three significant digits. */

import { METRIC_UNITS } from '../results/metrics.ts';
import type { MetricName } from '../scenario/model.ts';

const ABSENT = '–';

/** The metric's number with its unit; `–` for null. */
export function formatMetric(metric: MetricName, value: number | null): string {
  if (value === null) return ABSENT;
  const unit = METRIC_UNITS[metric];
  if (unit === 'bit/s') return formatBitRate(value);
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'ms') return formatMilliseconds(value);
  if (unit === 'ratio') return formatRatio(value);
  return formatCount(value);
}

/** `94.1 Mbit/s`, powers of 1000. */
export function formatBitRate(bitsPerSecond: number): string {
  return scaled(bitsPerSecond, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']);
}

/** `11.2 MiB`, powers of 1024. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** `340 µs`, `41.9 ms`, `1.24 s`. */
export function formatMilliseconds(ms: number): string {
  if (ms !== 0 && Math.abs(ms) < 0.9995) return `${digits(ms * 1000)} µs`;
  return Math.abs(ms) < 999.5 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** `98.6 %`. What is neither nothing nor all never reads as 0 % or 100 %. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.05) return '< 0.1 %';
  if (percent < 100 && percent > 99.95) return '> 99.9 %';
  return `${percent === 0 || percent === 100 ? percent : percent.toFixed(1)} %`;
}

/** `12 345`, with thin spaces. */
export function formatCount(count: number): string {
  const [whole, fraction] = (Number.isInteger(count) ? String(count) : count.toFixed(1)).split('.') as [
    string,
    string?,
  ];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction === undefined || fraction === '0' ? grouped : `${grouped}.${fraction}`;
}

/** Seconds on the timeline: `10 s`, `20.25 s`. */
export function formatSeconds(seconds: number): string {
  return `${Number(seconds.toFixed(3))} s`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let index = 0;
  let rest = value;
  // What rounds up to the next unit belongs to it.
  while (Math.abs(rest) >= base - 0.5 && index < units.length - 1) {
    rest /= base;
    index += 1;
  }
  return `${index === 0 ? formatCount(Math.round(rest)) : digits(rest)} ${units[index]}`;
}

/** Three significant digits below a thousand, whole numbers above. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95 || value === 0) return formatCount(Math.round(value));
  return value.toFixed(size >= 9.995 ? 1 : 2);
}
