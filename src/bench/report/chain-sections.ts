/** What the page says of `bench goodput` and `bench latency`: charts, tables, goals. */
import { type Markup, markup } from '../../report/markup.ts';
import type { GoodputRow, GoodputSummary, LatencyRow, LatencySummary, PerTransitRow } from '../chain-bundle.ts';
import { transitText } from '../chain-summary.ts';
import { barChart } from './bar-chart.ts';
import { formatShare, times } from './bench-numbers.ts';
import { cost, disturbanceText, gigabits, microseconds, ratioCell, subjectsOf, trafficText } from './chain-numbers.ts';
import { goalSection } from './goal-report.ts';
import { intervalCell } from './interval-cell.ts';

export function goodputSections({ rows, goals, disturbance }: GoodputSummary): Markup {
  const subjects = subjectsOf(rows.map(({ rates }) => rates));
  const others = subjectsOf(rows.map(({ ratios }) => ratios));
  const first = rows[0]?.traffic;
  return markup`${rows.filter(({ traffic }) => traffic === first).map(goodputChart)}${goalSection(goals)}
<section><h2>Goodput</h2><p class="note">Gbit/s that a pod’s program received. Medians over blocks with 95 % bootstrap intervals. ${disturbanceText(disturbance)}</p>
${grid(rows, subjects, (row, name) => intervalCell(row.rates[name], gigabits))}</section>
<section><h2>cilion ÷</h2><p class="note">Within a block: the goodput of cilion ÷ that of each other, measured beside each other. The gateway is compared with cilion beside the same reference services.</p>
${grid(rows, others, (row, name) => intervalCell(row.ratios[name], times))}</section>
<section><h2>Cost</h2><p class="note">Seconds of a core for each gigabit that arrived: the time in which all cores of the machine were not idle, sender, receiver and whoever else used it included.</p>
${grid(rows, subjects, (row, name) => intervalCell(row.costs[name], cost))}</section>
<section><h2>Lost datagrams</h2><p class="note">Of UDP, which sends as fast as it can.</p>
${grid(
  rows.filter(({ losses }) => Object.keys(losses).length > 0),
  subjects,
  (row, name) => markup`<td>${row.losses[name] === undefined ? '–' : formatShare(row.losses[name])}</td>`,
)}</section>`;
}

function goodputChart(row: GoodputRow): Markup {
  return barChart({
    title: `Gbit/s, ${trafficText(row.traffic)}, ${transitText(row.transits)}`,
    bars: subjectsOf([row.rates]).map((name) => ({
      label: name,
      value: row.rates[name]!,
      tone: name === 'cilion' ? 'own' : 'other',
      text: gigabits(row.rates[name]!.estimate),
    })),
  });
}

function grid(
  rows: readonly GoodputRow[],
  columns: readonly string[],
  cellOf: (row: GoodputRow, column: string) => Markup,
): Markup {
  return markup`<div class="card scroll"><table><thead><tr><th>transit ASes</th><th>traffic</th>${columns.map((name) => markup`<th>${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr><th>${row.transits}</th><th>${trafficText(row.traffic)}</th>${columns.map((name) => cellOf(row, name))}</tr>`)}</tbody></table></div>`;
}

export function latencySections({ rows, perTransit, goals, disturbance }: LatencySummary): Markup {
  return markup`${perTransit.map(addedChart)}${goalSection(goals)}
<section><h2>Round trips</h2><p class="note">Microseconds: quantiles of each block’s round trips, of these the median over blocks with a 95 % bootstrap interval. ${disturbanceText(disturbance)}</p>
<div class="card scroll"><table><thead><tr><th>load</th><th>transit ASes</th><th>over</th><th>p50</th><th>p99</th><th>p99.9</th><th>lost</th><th>TCP beside it</th></tr></thead>
<tbody>${rows.map(latencyRows)}</tbody></table></div></section>`;
}

function latencyRows(row: LatencyRow): Markup[] {
  return subjectsOf([row.quantiles]).map((name) => {
    const { p50, p99, p999 } = row.quantiles[name]!;
    const tcp = row.load === 'idle' ? '–' : `${gigabits(row.loadBps[name] ?? 0)} Gbit/s`;
    return markup`<tr><th>${row.load}</th><td>${row.transits}</td><th>${name}</th>${[p50, p99, p999].map((value) => intervalCell(value, microseconds))}<td>${formatShare(row.losses[name] ?? 0)}</td><td>${tcp}</td></tr>`;
  });
}

function addedChart({ load, added, ratios }: PerTransitRow): Markup {
  const ratio = ratios['ip'] === undefined ? '' : `; cilion ÷ ip ${ratioCell(ratios, 'ip')}`;
  return barChart({
    title: `Microseconds that each transit AS adds to a round trip, ${load === 'idle' ? 'nothing else sent' : 'beside a flow of TCP'}${ratio}`,
    bars: subjectsOf([added]).map((name) => ({
      label: name,
      value: added[name]!,
      tone: name === 'cilion' ? 'own' : 'other',
      text: `${microseconds(added[name]!.estimate)} µs`,
    })),
  });
}
