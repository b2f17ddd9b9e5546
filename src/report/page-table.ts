/** The table of transports as HTML. */
import type { Phase } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import type { TransportName } from '../scenario/model.ts';
import { type Markup, markup } from './markup.ts';
import { formatMetric } from './numbers.ts';
import { transportTitle } from './palette.ts';
import { type Cell, type Column, cellOf, columnsOf, phasesOf } from './transport-table.ts';

/** With more repetitions than this, the small print holds their range. */
const MOST_LISTED = 3;

export function tableSection(bundle: Bundle): Markup {
  const columns = columnsOf(bundle);
  const note =
    bundle.manifest.repeat > 1
      ? 'Large: the median over repetitions. Small: each repetition, in the order in which they ran (more than three: least to greatest).'
      : 'One repetition.';
  return markup`<section><h2>Transports compared</h2>
<div class="card scroll"><table>${tableHead(columns)}<tbody>${bundle.manifest.transports.map((transport) => transportRows(bundle, transport, columns))}</tbody></table></div>
<p class="note" style="margin-top:10px">${note} “Lost” and “answered” are shares of the probes and requests sent in the phase.</p></section>`;
}

function tableHead(columns: readonly Column[]): Markup {
  const groups = [...Map.groupBy(columns, (column) => column.group)];
  return markup`<thead><tr class="group"><th></th><th></th>${groups.map(([group, members]) => markup`<th colspan="${members.length}">${group}</th>`)}</tr>
<tr><th></th><th></th>${columns.map((column, i) => markup`<th class="${edge(columns, i)}" scope="col">${column.title}</th>`)}</tr></thead>`;
}

/** A rule stands between groups. */
function edge(columns: readonly Column[], index: number): string {
  return columns[index]!.group === columns[index - 1]?.group ? '' : 'first';
}

function transportRows(bundle: Bundle, transport: TransportName, columns: readonly Column[]): Markup[] {
  const phases = phasesOf(bundle);
  return phases.map((phase, row) => {
    const place = `${row === 0 ? ' start' : ''}${row === phases.length - 1 ? ' end' : ''}`;
    const title = markup`<th class="transport" rowspan="${phases.length}" scope="rowgroup">${transportTitle(transport)}</th>`;
    const cells = columns.map((column, i) => {
      if (column.once !== undefined && row > 0) return null;
      const span = column.once === undefined ? 1 : phases.length;
      return tableCell(cellOf(bundle, transport, phase, column), column, span, edge(columns, i), phase);
    });
    return markup`<tr class="${phase}${place} t-${transport}">${row === 0 ? title : null}<th scope="row">${phase}</th>${cells}</tr>`;
  });
}

function tableCell(cell: Cell, column: Column, span: number, place: string, phase: Phase): Markup {
  const all = cell.values.map((value) => formatMetric(column.metric, value));
  const hit = column.group === 'Attacker received' && phase !== 'before' && (cell.median ?? 0) > 0 ? 'hit' : '';
  const classes = [place, hit, span > 1 ? 'once' : ''].filter((name) => name !== '').join(' ');
  return markup`<td class="${classes}" rowspan="${span}" title="${all.join(', ')}">${cell.text}${smallPrint(cell, all)}</td>`;
}

/** Nothing where all repetitions read the same; units only where they differ from the median's. */
function smallPrint(cell: Cell, all: readonly string[]): Markup | null {
  // A word in place of the number is no median of theirs.
  if (all.every((text) => text === all[0]) || !/\d/.test(cell.text)) return null;
  const unit = / \D+$/.exec(cell.text)?.[0] ?? '';
  const bare = (text: string): string => (unit !== '' && text.endsWith(unit) ? text.slice(0, -unit.length) : text);
  if (all.length <= MOST_LISTED) return markup`<small>${all.map(bare).join(' · ')}</small>`;
  const order = [...cell.values.entries()].filter(([, value]) => value !== null).sort((a, b) => a[1]! - b[1]!);
  const [least, greatest] = [order[0], order.at(-1)];
  return least === undefined || greatest === undefined
    ? null
    : markup`<small>${bare(all[least[0]]!)} to ${bare(all[greatest[0]]!)}</small>`;
}
