/** What a bench prints at its end. */
import { styleText } from 'node:util';
import type {
  BenchSummary,
  GateSummary,
  ProgSummary,
  RatioRow,
  RouterSummary,
  SelftestSummary,
} from '../bench-bundle.ts';
import type { BenchBundle } from '../bench-files.ts';
import {
  busyNote,
  fewBlocksNote,
  formatChange,
  formatInterval,
  formatNs,
  formatRate,
  formatShare,
  formatTimes,
  gateSentence,
} from './bench-numbers.ts';
import { bringupLines } from './bringup-report.ts';
import { goodputLines, latencyLines } from './chain-text.ts';
import { table } from './text-table.ts';

/** Several lines, ending with a line break. */
export function benchText({ manifest, summary }: BenchBundle): string {
  const notes = [busyNote(manifest, summary), fewBlocksNote(manifest, summary)].filter((note) => note !== undefined);
  const lines = [
    styleText('bold', manifest.title, { stream: process.stdout }),
    ...notes.map((note) => styleText('yellow', note, { stream: process.stdout })),
    '',
    ...linesOf(summary),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(summary: BenchSummary): string[] {
  switch (summary.bench) {
    case 'router':
      return routerLines(summary);
    case 'prog':
      return progLines(summary);
    case 'gate':
      return gateLines(summary);
    case 'selftest':
      return selftestLines(summary);
    case 'goodput':
      return goodputLines(summary);
    case 'latency':
      return latencyLines(summary);
    case 'bringup':
      return bringupLines(summary);
  }
}

function routerLines({ rows }: RouterSummary): string[] {
  const others = [...new Set(rows.flatMap(({ ratios }) => Object.keys(ratios)))];
  const head = ['case', 'cores', 'cilion', ...others.map((name) => `÷ ${name}`)];
  const body = rows.map((row) => [
    row.case,
    String(row.cores),
    rate(row, 'cilion'),
    ...others.map((name) => ratio(row, name)),
  ]);
  return table([head, ...body], 1);
}

function rate({ rates }: RatioRow, subject: string): string {
  const interval = rates[subject];
  return interval === undefined ? '–' : formatRate(interval.estimate);
}

function ratio({ ratios }: RatioRow, subject: string): string {
  const interval = ratios[subject];
  return interval === undefined ? '–' : formatTimes(interval);
}

function progLines({ rows, programs }: ProgSummary): string[] {
  return [
    ...table(
      [
        ['program', 'case', 'ns a packet', 'instructions', 'ends with'],
        ...rows.map((row) => [
          row.program,
          row.case,
          formatInterval(row.ns, formatNs),
          row.instructions === null ? '–' : String(row.instructions),
          row.verdict,
        ]),
      ],
      2,
    ),
    '',
    ...table(
      [
        ['program', 'bytes after JIT', 'instructions verified'],
        ...programs.map((each) => [each.program, String(each.jitedBytes), String(each.verifiedInstructions)]),
      ],
      1,
    ),
  ];
}

function gateLines(summary: GateSummary): string[] {
  const { cases, blocks, drift } = summary.decision;
  return [
    gateSentence(summary),
    ...drift,
    '',
    ...table(
      [
        ['case', 'time a packet', 'interval', 'verdict'],
        ...cases.map(({ name, change, verdict }) => [
          name,
          formatChange(change.estimate),
          `${formatChange(change.low)} to ${formatChange(change.high)}`,
          verdict,
        ]),
      ],
      1,
    ),
    '',
    `${blocks} blocks in ${summary.seconds.toFixed(0)} s`,
  ];
}

function selftestLines({ rows, rules }: SelftestSummary): string[] {
  return [
    ...table(
      [
        [
          'compiled in',
          'measured',
          'runs',
          'slower',
          'faster',
          'same',
          'undecided',
          'called different (95 %)',
          'blocks',
          'seconds',
        ],
        ...rows.map((row) => [
          row.slowdown === 0 ? 'nothing' : formatChange(row.slowdown),
          formatChange(row.measured),
          String(row.runs),
          ...['slower', 'faster', 'same', 'undecided'].map((verdict) => String(row.verdicts[verdict] ?? 0)),
          formatInterval(row.share, formatShare),
          String(row.blocks),
          row.seconds.toFixed(0),
        ]),
      ],
      1,
    ),
    '',
    `Promised: at most ${formatShare(rules.alpha)} false alarms; differences up to ${formatShare(rules.tolerance)} are never called slower.`,
  ];
}
