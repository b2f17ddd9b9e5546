/** Prints what a bundle came to, at the end of a run and of a report. */
import { join, relative } from 'node:path';
import { terminalSummary } from '../report/terminal.ts';
import { readBundle } from '../results/bundle-reader.ts';

export async function printSummary(folder: string): Promise<void> {
  const path = relative(process.cwd(), join(folder, 'report.html'));
  const reportPath = path.startsWith('..') ? join(folder, 'report.html') : path;
  process.stdout.write(terminalSummary(await readBundle(folder), { reportPath, stream: process.stdout }));
}
