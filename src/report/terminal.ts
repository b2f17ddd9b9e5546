/** What a run prints at its end: transports, verdicts, where the report is. */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Verdict } from '../results/bundle.ts';
import type { Bundle } from '../results/bundle-reader.ts';
import type { TransportName } from '../scenario/model.ts';
import { loadNotes } from './load-notes.ts';
import { COMPARISON_TITLES, formatCounted, verdictTitle } from './metric-titles.ts';
import { formatSeconds } from './numbers.ts';
import { transportTitle } from './palette.ts';
import { type Column, cellOf, columnsOf, phasesOf } from './transport-table.ts';

export interface TerminalOptions {
  /** Path of report.html as it is to be printed. */
  readonly reportPath: string;
  /** The stream that it goes to decides on colour: only a terminal, and none with NO_COLOR. */
  readonly stream: NodeJS.WritableStream;
}

type Style = (format: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string) => string;

/** The summary as text of several lines, ending with a line break. */
export function terminalSummary(bundle: Bundle, options: TerminalOptions): string {
  const style: Style = (format, text) => styleText(format, text, { stream: options.stream });
  const { manifest, verdicts } = bundle;
  const lines = [
    ...manifest.invalid.map((reason) => style('red', `INVALID RUN: ${printable(reason)}`)),
    ...loadNotes(manifest).map((note) => style('yellow', `busy machine in ${note}`)),
    style('bold', printable(manifest.scenario.title)),
    '',
    ...tableLines(bundle, style),
    '',
    ...verdicts.verdicts.flatMap((verdict) => verdictLines(verdict, style)),
    '',
    `${manifest.repeat > 1 ? `Medians over ${manifest.repeat} repetitions. ` : ''}Report: ${options.reportPath}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** Columns that fit a terminal of common width; the page has them all. */
const TERMINAL_METRICS: ReadonlySet<string> = new Set([
  ...['tcp.goodput', 'udp.rttP50', 'udp.lossRatio', 'http.successRatio'],
  ...['observer.packets', 'diversion.after', 'recovery.after'],
]);

function tableLines(bundle: Bundle, style: Style): string[] {
  const columns = columnsOf(bundle).filter((column) => TERMINAL_METRICS.has(column.metric));
  const phases = phasesOf(bundle);
  const head = [
    ['', '', ...columns.map((column) => column.group)],
    ['', '', ...columns.map((column) => column.title)],
  ];
  const body = bundle.manifest.transports.flatMap((transport) =>
    phases.map((phase, index) => [
      index === 0 ? transportTitle(transport) : '',
      phase,
      ...columns.map((column) => cellText(bundle, transport, phase, column)),
    ]),
  );
  const [groups, titles, ...rows] = align([...head.map((row) => row.map(printable)), ...body]) as [
    string,
    string,
    ...string[],
  ];
  return [style('dim', groups), style('dim', titles), ...rows];
}

/** Values that hold for the whole pass stand in the row of their phase. */
function cellText(bundle: Bundle, transport: TransportName, phase: Column['once'] & string, column: Column): string {
  if (column.once !== undefined && column.once !== phase) return '';
  return cellOf(bundle, transport, phase, column).text;
}

/** The first two columns to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((text, column) => (column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function verdictLines(verdict: Verdict, style: Style): string[] {
  const sign = verdict.holds ? style('green', '✓') : style('red', '✗');
  const values = verdict.actual.map(({ value }) => formatCounted(verdict.metric, value));
  const measured = values.length === 0 ? 'no pass of this transport' : values.join(', ');
  const wanted = `${COMPARISON_TITLES[verdict.comparison]} ${formatCounted(verdict.metric, verdict.expected)}`;
  const window = `${formatSeconds(verdict.from)} to ${formatSeconds(verdict.to)}`;
  return [
    `${sign} ${printable(verdict.name)}`,
    style(
      'dim',
      `  ${printable(verdictTitle(verdict))} over ${verdict.transport}, ${window}: ${measured} (wanted ${wanted})`,
    ),
  ];
}

/** Text from files must not steer the terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
