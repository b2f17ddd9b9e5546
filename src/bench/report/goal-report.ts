/** Goals beside the figures that were measured, on the terminal and on the page. */
import { type Markup, markup } from '../../report/markup.ts';
import type { Goal } from '../goals.ts';
import { formatTimes } from './bench-numbers.ts';
import { table } from './text-table.ts';

export function goalLines(goals: readonly Goal[]): string[] {
  return [
    'Goals:',
    ...table(
      goals.map((goal) => [goal.verdict, goal.what, wanted(goal), figure(goal)]),
      3,
    ),
  ];
}

export function goalSection(goals: readonly Goal[]): Markup {
  return markup`<section><h2>Goals</h2><div class="card scroll"><table><thead><tr><th>what</th><th>wanted</th><th>measured</th><th></th></tr></thead>
<tbody>${goals.map((goal) => markup`<tr><th>${goal.what}</th><td>${wanted(goal)}</td><td>${figure(goal)}</td><td class="${goal.verdict === 'missed' ? 'miss' : ''}">${goal.verdict}</td></tr>`)}</tbody></table></div>
<p class="note">“open”: the bound lies within the interval. A bench judges nothing by them: its exit code is 0 whatever they say.</p></section>`;
}

function wanted({ sense, bound, unit }: Goal): string {
  return `${sense === 'atLeast' ? '≥' : '≤'} ${bound}${unit === '' ? '' : ` ${unit}`}`;
}

function figure({ figure: interval, unit }: Goal): string {
  return interval === null ? '–' : `${formatTimes(interval)}${unit === '' ? '' : ` ${unit}`}`;
}
