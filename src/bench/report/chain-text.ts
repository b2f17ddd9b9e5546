/** What `bench goodput` and `bench latency` print at their end. */
import type { BySubject, GoodputRow, GoodputSummary, LatencyRow, LatencySummary } from '../chain-bundle.ts';
import type { Interval } from '../resampling.ts';
import { formatShare } from './bench-numbers.ts';
import {
  cell,
  cost,
  disturbanceText,
  gigabits,
  microseconds,
  ratioCell,
  subjectsOf,
  trafficText,
} from './chain-numbers.ts';
import { goalLines } from './goal-report.ts';
import { table } from './text-table.ts';

export function goodputLines({ rows, goals, disturbance }: GoodputSummary): string[] {
  const subjects = subjectsOf(rows.map(({ rates }) => rates));
  const others = subjectsOf(rows.map(({ ratios }) => ratios));
  const head = ['transit', 'traffic'];
  const own = (row: GoodputRow) => [String(row.transits), trafficText(row.traffic)];
  const block = (title: string, columns: readonly string[], cells: (row: GoodputRow) => string[]) => [
    title,
    ...table([[...head, ...columns], ...rows.map((row) => [...own(row), ...cells(row)])], 2),
    '',
  ];
  const lossy = rows.filter(({ losses }) => Object.keys(losses).length > 0);
  return [
    ...block('Goodput, Gbit/s', subjects, (row) => subjects.map((name) => cell(row.rates, name, gigabits))),
    ...block('cilion ÷', others, (row) => others.map((name) => ratioCell(row.ratios, name))),
    ...block('Cost, seconds of a core a gigabit', subjects, (row) =>
      subjects.map((name) => cell(row.costs, name, cost)),
    ),
    ...(lossy.length === 0
      ? []
      : [
          'Datagrams of UDP that did not arrive',
          ...table(
            [
              ['transit', ...subjects],
              ...lossy.map(({ transits, losses }) => [
                String(transits),
                ...subjects.map((name) => (losses[name] === undefined ? '–' : formatShare(losses[name]))),
              ]),
            ],
            1,
          ),
          '',
        ]),
    ...goalLines(goals),
    disturbanceText(disturbance),
  ];
}

export function latencyLines({ rows, perTransit, goals, disturbance }: LatencySummary): string[] {
  const subjects = subjectsOf(rows.map(({ quantiles }) => quantiles));
  const body = rows.flatMap((row) =>
    subjects.filter((name) => row.quantiles[name]).map((name) => quantileRow(row, name)),
  );
  const added = (
    title: string,
    of: (row: LatencySummary['perTransit'][number]) => BySubject<Interval>,
    format: typeof ratioCell,
  ) => {
    const names = subjectsOf(perTransit.map(of));
    if (names.length === 0) return [];
    const lines = perTransit.map((row) => [row.load, ...names.map((name) => format(of(row), name))]);
    return [title, ...table([['load', ...names], ...lines], 1), ''];
  };
  return [
    'Round trips, µs',
    ...table([['load', 'transit', 'over', 'p50', 'p99', 'p99.9', 'lost', 'TCP beside it'], ...body], 3),
    '',
    ...added(
      'Added by each transit AS, µs',
      (row) => row.added,
      (values, name) => cell(values, name, microseconds),
    ),
    ...added('cilion ÷', (row) => row.ratios, ratioCell),
    ...goalLines(goals),
    disturbanceText(disturbance),
  ];
}

function quantileRow({ load, transits, quantiles, losses, loadBps }: LatencyRow, name: string): string[] {
  const { p50, p99, p999 } = quantiles[name]!;
  return [
    load,
    String(transits),
    name,
    ...[p50, p99, p999].map(({ estimate }) => microseconds(estimate)),
    formatShare(losses[name] ?? 0),
    load === 'idle' ? '–' : `${gigabits(loadBps[name] ?? 0)} Gbit/s`,
  ];
}
