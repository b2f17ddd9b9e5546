/** What `bench bringup` says, on the terminal and on the page. */
import { type Markup, markup } from '../../report/markup.ts';
import { formatBytes } from '../../report/numbers.ts';
import type { BringupRow, BringupSummary } from '../bringup-bundle.ts';
import type { Interval } from '../resampling.ts';
import { barChart } from './bar-chart.ts';
import { goalLines, goalSection } from './goal-report.ts';
import { intervalCell } from './interval-cell.ts';
import { table } from './text-table.ts';

const COLUMNS: readonly (readonly [string, (row: BringupRow) => Interval, (value: number) => string])[] = [
  ['built', (row) => row.built, seconds],
  ['programs', (row) => row.loaded, seconds],
  ['first packet', (row) => row.firstPacket, seconds],
  ['BGP converged', (row) => row.bgpConverged, seconds],
  ['taken down', (row) => row.takenDown, seconds],
  ['memory', (row) => row.machine, formatBytes],
  ['of that, processes', (row) => row.processes, formatBytes],
];

export function bringupAnswer({ rows }: BringupSummary): string {
  const row = rows.at(-1);
  if (row === undefined) return 'How long labs take until a packet gets through.';
  return `${row.ases} ASes (${row.controlPlane}): first packet after ${seconds(row.firstPacket.estimate)}, BGP converged after ${seconds(row.bgpConverged.estimate)}, ${formatBytes(row.machine.estimate)} of memory.`;
}

export function bringupLines({ rows, goals }: BringupSummary): string[] {
  const head = ['paths', 'ASes', 'clusters', ...COLUMNS.map(([name]) => name)];
  const body = rows.map((row) => [
    row.controlPlane,
    String(row.ases),
    String(row.clusters),
    ...COLUMNS.map(([, of, format]) => format(of(row).estimate)),
  ]);
  return [...table([head, ...body], 1), '', ...goalLines(goals)];
}

export function bringupSections({ rows, goals }: BringupSummary): Markup {
  return markup`${chart('Seconds to the first packet from pod to pod', rows, (row) => row.firstPacket)}
${chart('Seconds until BGP has converged', rows, (row) => row.bgpConverged)}${goalSection(goals)}
<section><h2>All sizes</h2><p class="note">From the moment at which planning begins: when namespaces, wires, BIRD and services are there; when a pod’s packet to the farthest cluster has been answered over CilION; when every router has a route to every prefix. “programs”: loading them and filling their maps. Medians over blocks, below them the least and the most.</p>
<div class="card scroll"><table><thead><tr><th>paths</th><th>ASes</th><th>clusters</th>${COLUMNS.map(([name]) => markup`<th>${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr><th>${row.controlPlane}</th><td>${row.ases}</td><td>${row.clusters}</td>${COLUMNS.map(([, of, format]) => intervalCell(of(row), format))}</tr>`)}</tbody></table></div></section>`;
}

function chart(title: string, rows: readonly BringupRow[], of: (row: BringupRow) => Interval): Markup {
  return barChart({
    title: `${title}; lines are the least and the most`,
    bars: rows.map((row) => ({
      label: `${row.ases} ASes, ${row.controlPlane}`,
      value: of(row),
      tone: row.controlPlane === 'computed' ? 'own' : 'other',
      text: seconds(of(row).estimate),
    })),
  });
}

function seconds(value: number): string {
  return `${value.toFixed(value >= 9.95 ? 1 : 2)} s`;
}
