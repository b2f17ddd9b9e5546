/** One picture over the seconds of a pass: lines or dots, the attack's window shaded, events marked. PNG, two pixels a unit. */
import type { Chart, ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import { ChartJSNodeCanvas } from 'chartjs-node-canvas';
import type { TransportName } from '../scenario/model.ts';
import { accent, DASHES, PALETTES, type Palette, type Theme, transportTitle } from './palette.ts';

export interface Point {
  /** Seconds from the start of the pass. */
  readonly x: number;
  readonly y: number;
}

/** One pass's values. */
export interface Series {
  readonly transport: TransportName;
  readonly style: 'line' | 'dots' | 'area';
  readonly points: readonly Point[];
}

/** Moments of a transport that have no value, such as lost probes: ticks on a strip of its own above the plot. */
export interface Strip {
  readonly transport: TransportName;
  readonly label: string;
  readonly times: readonly number[];
}

export interface EventMark {
  readonly t: number;
  readonly label: string;
}

export interface TimeChart {
  readonly title: string;
  readonly durationSeconds: number;
  readonly attack: { readonly from: number; readonly to: number } | null;
  readonly marks: readonly EventMark[];
  readonly series: readonly Series[];
  readonly strips: readonly Strip[];
  readonly formatY: (value: number) => string;
}

export const CHART_WIDTH = 1120;
export const CHART_HEIGHT = 270;

const PIXEL_DENSITY = 2;
/** Fixed, so that the same second stands at the same place in every chart. */
const LEFT = 84;
const RIGHT = 16;
const HEAD = 44;
const STRIP = 11;
const FONT = '"Inter", "Noto Sans", "DejaVu Sans", Arial, sans-serif';

/** Draws the chart. */
export function drawTimeChart(chart: TimeChart, theme: Theme): Buffer {
  const palette = PALETTES[theme];
  const canvas = new ChartJSNodeCanvas({
    width: CHART_WIDTH,
    height: CHART_HEIGHT + chart.strips.length * STRIP,
    backgroundColour: palette.surface,
  });
  return canvas.renderToBufferSync(configuration(chart, palette), 'image/png');
}

function configuration(chart: TimeChart, palette: Palette): ChartConfiguration {
  const font = { family: FONT, size: 12 };
  const top = HEAD + chart.strips.length * STRIP + (chart.strips.length > 0 ? 10 : 0);
  return {
    type: 'scatter',
    data: { datasets: chart.series.map((series) => dataset(series, palette)) },
    options: {
      animation: false,
      responsive: false,
      devicePixelRatio: PIXEL_DENSITY,
      layout: { padding: { left: 0, right: RIGHT, top, bottom: 8 } },
      plugins: { legend: { display: false }, title: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: {
          type: 'linear',
          min: 0,
          max: chart.durationSeconds,
          grid: { color: palette.line, drawTicks: false },
          border: { color: palette.faint },
          ticks: { color: palette.muted, font, padding: 6, callback: (value) => `${value} s` },
        },
        y: {
          type: 'linear',
          min: 0,
          grace: '4%',
          grid: { color: palette.line, drawTicks: false },
          border: { display: false },
          ticks: {
            color: palette.muted,
            font,
            padding: 8,
            maxTicksLimit: 6,
            callback: (v) => withoutZeros(chart.formatY(Number(v))),
          },
          afterFit: (scale) => {
            scale.width = LEFT;
          },
        },
      },
    },
    plugins: [surroundings(chart, palette)],
  };
}

function dataset(series: Series, palette: Palette): ChartDataset {
  const colour = accent(palette, series.transport);
  const dots = series.style === 'dots';
  return {
    type: 'scatter',
    data: [...series.points],
    showLine: !dots,
    borderColor: colour,
    backgroundColor: dots ? `${colour}70` : `${colour}14`,
    borderWidth: dots ? 0 : 1.5,
    borderDash: [...DASHES[series.transport]],
    pointRadius: dots ? 1.6 : 0,
    fill: series.style === 'area' ? 'origin' : false,
    // A bin's height holds until the next bin begins.
    stepped: series.style === 'area' ? 'before' : false,
    tension: 0,
    clip: 2,
  };
}

/** `50.0 Mbit/s` → `50 Mbit/s`: round numbers of an axis need no decimals. */
function withoutZeros(text: string): string {
  return text.replace(/\.0+(?= )/, '');
}

function surroundings(chart: TimeChart, palette: Palette): Plugin {
  return {
    id: 'surroundings',
    beforeDatasetsDraw: (drawn) => drawAttack(drawn, chart, palette),
    afterDatasetsDraw: (drawn) => {
      drawMarks(drawn, chart, palette);
      drawStrips(drawn, chart, palette);
      drawHead(drawn, chart, palette);
    },
  };
}

function drawAttack({ ctx, chartArea, scales }: Chart, chart: TimeChart, palette: Palette): void {
  if (chart.attack === null) return;
  const left = scales['x']!.getPixelForValue(chart.attack.from);
  const right = scales['x']!.getPixelForValue(chart.attack.to);
  ctx.save();
  ctx.fillStyle = palette.attackWash;
  ctx.fillRect(left, HEAD - 4, right - left, chartArea.bottom - HEAD + 4);
  ctx.restore();
}

function drawMarks({ ctx, chartArea, scales }: Chart, chart: TimeChart, palette: Palette): void {
  ctx.save();
  ctx.font = `bold 10px ${FONT}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  for (const mark of chart.marks) {
    const x = scales['x']!.getPixelForValue(mark.t);
    ctx.strokeStyle = palette.attack;
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(x, HEAD - 4);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
    ctx.fillStyle = palette.attack;
    ctx.beginPath();
    ctx.arc(x, HEAD - 11, 7.5, 0, 2 * Math.PI);
    ctx.fill();
    ctx.fillStyle = palette.surface;
    ctx.fillText(mark.label, x, HEAD - 10.5);
  }
  ctx.restore();
}

function drawStrips({ ctx, scales }: Chart, chart: TimeChart, palette: Palette): void {
  ctx.save();
  ctx.font = `10px ${FONT}`;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  chart.strips.forEach((strip, index) => {
    const y = HEAD + index * STRIP;
    ctx.fillStyle = accent(palette, strip.transport);
    ctx.fillText(strip.label, LEFT - 8, y + STRIP / 2);
    for (const t of strip.times) ctx.fillRect(scales['x']!.getPixelForValue(t) - 0.75, y + 1.5, 1.5, STRIP - 3);
  });
  ctx.restore();
}

function drawHead({ ctx }: Chart, chart: TimeChart, palette: Palette): void {
  ctx.save();
  ctx.textBaseline = 'middle';
  ctx.font = `bold 13px ${FONT}`;
  ctx.fillStyle = palette.ink;
  ctx.fillText(chart.title, 8, 15);
  ctx.font = `12px ${FONT}`;
  let x = CHART_WIDTH - RIGHT;
  for (const transport of transportsOf(chart).toReversed()) {
    const text = transportTitle(transport);
    x -= ctx.measureText(text).width;
    ctx.fillStyle = palette.muted;
    ctx.fillText(text, x, 15);
    ctx.strokeStyle = accent(palette, transport);
    ctx.lineWidth = 3;
    ctx.setLineDash([...DASHES[transport]]);
    ctx.beginPath();
    ctx.moveTo(x - 26, 15);
    ctx.lineTo(x - 6, 15);
    ctx.stroke();
    x -= 44;
  }
  ctx.restore();
}

function transportsOf(chart: TimeChart): TransportName[] {
  return [...new Set([...chart.series, ...chart.strips].map(({ transport }) => transport))];
}
