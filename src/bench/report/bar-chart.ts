/** Bars with intervals as SVG that takes its colours from the page. */
import { type Markup, markup } from '../../report/markup.ts';
import type { Interval } from '../resampling.ts';

export interface Bar {
  readonly label: string;
  readonly value: Interval;
  /** `--accent` of this class colours it. */
  readonly tone: 'own' | 'other';
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** A line across all bars, with its name. */
  readonly mark?: { readonly value: number; readonly label: string };
}

const WIDTH = 860;
const LABEL_WIDTH = 220;
const TEXT_WIDTH = 170;
const ROW = 26;
const TOP = 22;

export function barChart({ title, bars, mark }: BarChart): Markup {
  const most = Math.max(...bars.map(({ value }) => finite(value.high, value.estimate)), mark?.value ?? 0, 0);
  const least = Math.min(0, ...bars.map(({ value }) => finite(value.low, value.estimate)));
  const span = most - least || 1;
  const x = (value: number) => LABEL_WIDTH + ((value - least) / span) * (WIDTH - LABEL_WIDTH - TEXT_WIDTH);
  const height = TOP + bars.length * ROW + 8;
  const rows = bars.map(({ label, value, tone, text }, index) => {
    const y = TOP + index * ROW;
    const [low, high] = [x(finite(value.low, value.estimate)), x(finite(value.high, value.estimate))];
    const [from, to] = [Math.min(x(0), x(value.estimate)), Math.max(x(0), x(value.estimate))];
    return markup`<text x="${LABEL_WIDTH - 10}" y="${y + 15}" text-anchor="end">${label}</text>
<rect class="${tone}" x="${from}" y="${y + 3}" width="${Math.max(1, to - from)}" height="${ROW - 9}" rx="2"/>
<path class="whisker" d="M${low} ${y + 11.5}H${high}M${low} ${y + 7}v9M${high} ${y + 7}v9"/>
<text class="value" x="${Math.max(high, to) + 8}" y="${y + 15}">${text}</text>`;
  });
  const line =
    mark === undefined
      ? null
      : markup`<path class="mark" d="M${x(mark.value)} ${TOP - 6}V${height - 4}"/><text class="note" x="${x(mark.value)}" y="${TOP - 9}" text-anchor="middle">${mark.label}</text>`;
  return markup`<figure class="chart"><svg class="bars" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">${line}${rows}</svg><figcaption>${title}</figcaption></figure>`;
}

function finite(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}

export const BAR_STYLE = `
svg.bars{display:block;width:100%;height:auto;font-size:12.5px}
svg.bars text{fill:var(--ink)}
svg.bars .value{fill:var(--muted)}
svg.bars .note{fill:var(--muted);font-size:11px}
svg.bars .own{fill:var(--t-cilion)}
svg.bars .other{fill:var(--faint)}
svg.bars .whisker{stroke:var(--ink);stroke-width:1.3;fill:none}
svg.bars .mark{stroke:var(--attack);stroke-width:1.4;stroke-dasharray:4 3;fill:none}
td.miss{color:var(--attack);font-weight:600}`;
