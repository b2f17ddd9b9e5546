/** The page's upper sections: the answer, the verdicts, the table, the pictures, the timeline. */
import { readFile } from 'node:fs/promises';
import type { Verdict } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import type { TransportName } from '../scenario/model.ts';
import { answerOf } from './answer.ts';
import { type ChartPicture, type EventSummary, eventSummaries } from './charts.ts';
import { loadNotes } from './load-notes.ts';
import { type Markup, markup } from './markup.ts';
import { COMPARISON_TITLES, formatCounted, verdictTitle } from './metric-titles.ts';
import { formatMilliseconds, formatSeconds } from './numbers.ts';
import { transportTitle } from './palette.ts';
import { CHART_WIDTH } from './time-chart.ts';
import { type PathPicture, pathPictures, type UsedPath } from './topology-paths.ts';
import { topologySvg } from './topology-svg.ts';

export function headSection(bundle: Bundle): Markup {
  const { scenario, startedAt, runId } = bundle.manifest;
  const answer = answerOf(bundle);
  const state = bundle.verdicts.holds && bundle.manifest.invalid.length === 0 ? 'holds' : 'fails';
  return markup`<header>
<div class="eyebrow">CilION · ${scenario.name} · ${startedAt.slice(0, 16).replace('T', ' ')} UTC · run ${runId}</div>
<h1>${scenario.title}</h1>
<p class="question">${scenario.question}</p>
<div class="answer"><span class="lead ${state}">${answer.lead}</span>
<ul>${answer.sentences.map(({ transport, text }) => markup`<li class="t-${transport}">${unbroken(text)}</li>`)}</ul></div>
<p class="note">${answer.note}</p>
${loadNotes(bundle.manifest).map((note) => markup`<p class="note">Busy machine in ${note}.</p>`)}
</header>`;
}

/** Keeps numbers and their units on one line. */
function unbroken(text: string): string {
  return text.replace(/(\d) (?=%|(?:[mµ]?s|[kMGT]?bit\/s|(?:[KMGT]i)?B)\b)/g, '$1\u00a0');
}

/** Null for a run that can be trusted. */
export function invalidBanner(bundle: Bundle): Markup | null {
  const { invalid } = bundle.manifest;
  if (invalid.length === 0) return null;
  return markup`<div class="banner" role="alert"><strong>This run is invalid: do not draw conclusions from it.</strong>
<ul>${invalid.map((reason) => markup`<li>${reason}</li>`)}</ul></div>`;
}

export function verdictSection(bundle: Bundle): Markup | null {
  const { verdicts } = bundle.verdicts;
  if (verdicts.length === 0) return null;
  return markup`<section><h2>Verdicts</h2><div class="card"><ul class="verdicts">${verdicts.map(verdictItem)}</ul></div></section>`;
}

function verdictItem(verdict: Verdict): Markup {
  const { holds, transport, metric, actual } = verdict;
  const values = actual.map(({ value }) => formatCounted(metric, value));
  const measured = values.length === 0 ? 'no pass of this transport' : values.join(', ');
  const title = verdictTitle(verdict);
  return markup`<li><span class="sign ${holds ? 'holds' : 'fails'}">${holds ? '✓' : '✗'}</span>
<span class="name">${verdict.name}</span><span class="chip t-${transport}">${transportTitle(transport)}</span>
<span class="why"><span class="${holds ? 'holds' : 'fails'}">${holds ? 'Holds' : 'Does not hold'}</span>: ${title}, ${formatSeconds(verdict.from)} to ${formatSeconds(verdict.to)}: <b>${measured}</b>; wanted ${COMPARISON_TITLES[verdict.comparison]} ${formatCounted(metric, verdict.expected)}.</span></li>`;
}

export function topologySection(bundle: Bundle): Markup {
  const pictures = pathPictures(bundle.manifest, bundle.topology);
  const shown = pictures.length > 0 ? pictures : [{ phases: [], paths: [] }];
  return markup`<section><h2>Where the packets went</h2>
<div class="legend">${bundle.manifest.transports.map(legendEntry)}<span>filled: cluster · red: attacker · thick line: core · dashed thin line: peering · ✕: packets end here · arrow: one direction only</span></div>
${shown.map((picture) => topologyFigure(bundle, picture))}</section>`;
}

function legendEntry(transport: TransportName): Markup {
  return markup`<span><i class="swatch t-${transport}"></i>${transportTitle(transport)}</span>`;
}

function topologyFigure(bundle: Bundle, { phases, paths }: PathPicture): Markup {
  const title = phases.length === 0 ? 'Topology' : capitalised(phases.join(' and '));
  return markup`<figure class="card"><h3>${title}</h3>${topologySvg(bundle.topology, paths, title)}
<div class="ways">${paths.map((path) => wayEntry(path, paths))}</div></figure>`;
}

function wayEntry(path: UsedPath, paths: readonly UsedPath[]): Markup | null {
  const mirrored = paths.findIndex((other) => isMirror(path, other));
  if (mirrored >= 0 && mirrored < paths.indexOf(path)) return null;
  const end = path.arrives ? '' : ` ✕ ends here, ${path.to} is not reached`;
  const source = path.source === 'bgp' ? 'best BGP routes' : 'path in the SCION header';
  const way = path.ases.join(mirrored >= 0 ? ' ↔ ' : ' → ');
  return markup`<b><i class="swatch t-${path.transport}"></i>${transportTitle(path.transport)}</b><span><span class="mono">${way}</span>${end} (${source})</span>`;
}

/** The way back, over the same ASes: both are told in one line. */
function isMirror(path: UsedPath, other: UsedPath): boolean {
  const there = path.ases.join();
  return path.transport === other.transport && path !== other && there === other.ases.toReversed().join();
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The timeline, and under it every chart with the same seconds at the same place. */
export async function chartSection(bundle: Bundle, charts: readonly ChartPicture[]): Promise<Markup> {
  const events = eventSummaries(bundle.passes);
  const figures = await Promise.all(charts.map(chartFigure));
  return markup`<section><h2>What happened when</h2>
<div class="card"><ul class="timeline">${events.map(eventItem)}</ul>
<p class="note" style="margin:14px 0 0">Numbers in the charts mark these events; the shaded window is “during”. Every line or dot is one pass's own sample; all repetitions are drawn.</p></div>
${figures}</section>`;
}

function eventItem(event: EventSummary): Markup {
  const { planned } = event;
  const late = planned === null ? [] : event.started.map((started) => formatMilliseconds((started - planned) * 1000));
  const errors = event.errors.map((error) => markup`<br><span class="fails">failed in ${error}</span>`);
  return markup`<li><span class="badge">${event.label}</span><span class="when">${formatSeconds(planned ?? event.t)}</span>
<span>${event.text} <code>${event.event}</code>${errors}</span><span class="actual" title="${late.join(', ')}">${planned === null ? 'not planned' : lateness(event.started, planned)}</span></li>`;
}

function lateness(started: readonly number[], planned: number): string {
  const late = started.map((each) => (each - planned) * 1000);
  return `began ${formatMilliseconds(Math.min(...late))} to ${formatMilliseconds(Math.max(...late))} after its planned time`;
}

async function chartFigure(chart: ChartPicture): Promise<Markup> {
  const [light, dark] = await Promise.all([dataUri(chart.light), dataUri(chart.dark)]);
  return markup`<figure class="chart"><picture><source media="(prefers-color-scheme: dark)" srcset="${dark}"><img src="${light}" width="${CHART_WIDTH}" alt="${chart.title}"></picture></figure>`;
}

async function dataUri(file: string): Promise<string> {
  return `data:image/png;base64,${await readFile(file, 'base64')}`;
}
