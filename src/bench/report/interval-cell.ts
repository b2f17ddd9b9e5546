/** A cell of a table: the figure, and small below it its interval. */
import { type Markup, markup } from '../../report/markup.ts';
import type { Interval } from '../resampling.ts';

export function intervalCell(interval: Interval | undefined, format: (value: number) => string): Markup {
  if (interval === undefined) return markup`<td>–</td>`;
  const { estimate, low, high } = interval;
  return markup`<td>${format(estimate)}<small>${format(low)} – ${format(high)}</small></td>`;
}
