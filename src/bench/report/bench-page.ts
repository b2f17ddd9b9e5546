/** The page of a bench: one file that needs nothing else, made from the bundle alone. */
import { Markup, markup } from '../../report/markup.ts';
import { formatBytes } from '../../report/numbers.ts';
import { stylesheet } from '../../report/stylesheet.ts';
import { replacePart } from '../../results/bundle-file.ts';
import { REPORT } from '../../results/bundle-layout.ts';
import type { BenchManifest } from '../bench-bundle.ts';
import type { BenchBundle } from '../bench-files.ts';
import { BAR_STYLE } from './bar-chart.ts';
import { busyNote, fewBlocksNote } from './bench-numbers.ts';
import { answerOf, sectionsOf } from './bench-sections.ts';

/** Writes `report.html` into the bundle's folder, in place of the one that is there, and returns its path. @throws CilionError as replacePart */
export function makeBenchReport(bundle: BenchBundle): string {
  return replacePart(bundle.folder, REPORT, benchPage(bundle));
}

export function benchPage({ manifest, summary }: BenchBundle): string {
  const note = busyNote(manifest, summary);
  const few = fewBlocksNote(manifest, summary);
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${manifest.title} · CilION</title>
<style>${new Markup(stylesheet() + BAR_STYLE)}</style></head><body><main>
${note === undefined ? null : markup`<div class="banner"><strong>${note}</strong></div>`}
<header><div class="eyebrow">CilION bench · ${manifest.startedAt.slice(0, 16).replace('T', ' ')} UTC</div>
<h1>${manifest.title}</h1><p class="answer">${answerOf(summary)}</p>${few === undefined ? null : markup`<p class="note">${few}</p>`}</header>
${sectionsOf(summary)}
${provenance(manifest)}
<footer>Made by cilion ${manifest.versions['cilion']} from the bundle of run ${manifest.runId}.</footer>
</main></body></html>
`.text;
}

function provenance(manifest: BenchManifest): Markup {
  const { machine, git, versions, settings, mechanisms, bpf, load } = manifest;
  const run: [string, string][] = [
    ['command', manifest.command.join(' ')],
    ['started', manifest.startedAt],
    ['finished', manifest.finishedAt],
    ['seed', String(manifest.seed)],
    [
      'git',
      git === null ? 'no repository' : `${git.commit.slice(0, 12)}${git.dirty ? ', with uncommitted changes' : ''}`,
    ],
    ['load average before', manifest.loadAverageBefore.toFixed(2)],
    [
      'machine meanwhile',
      load === null
        ? 'not told'
        : `idle ${percent(load.idle)}, stolen ${percent(load.steal)}, waiting for a core ${load.waiting === null ? 'not told' : percent(load.waiting)}`,
    ],
  ];
  const tools: [string, string][] = [
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`],
    ...Object.entries(versions),
  ];
  return markup`<section><h2>How this was measured</h2><div class="grid">
${card('Run', run)}${card(
  'Settings',
  Object.entries(settings).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]),
)}
${card('Machine and tools', tools)}${card('Mechanisms', Object.entries(mechanisms))}
${card(
  'BPF objects, SHA-256',
  Object.entries(bpf).map(([file, hash]) => [file, hash.slice(0, 16)]),
)}
</div><p class="note">Every sample is in <code>samples.ndjson</code>; <code>./cilion bench report &lt;this folder&gt;</code> draws this page again.</p></section>`;
}

function card(title: string, rows: readonly (readonly [string, string])[]): Markup {
  return markup`<div class="card"><h3>${title}</h3><dl>${rows.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl></div>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
