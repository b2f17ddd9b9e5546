/** `cilion report`: makes a bundle's report again, from the bundle alone. */
import type { ExitCode } from '../errors.ts';
import { makeReport } from '../report/make-report.ts';
import type { Command } from './command.ts';
import { printSummary } from './summary.ts';

export const report: Command = {
  name: 'report',
  summary: 'make the report of a bundle again, from the bundle alone',
  arguments: [{ name: '<bundle>', description: 'folder of a run, e.g. results/20260101-120000-bgp-hijack-abcde' }],
  options: [],
  needsRoot: false,
  needsBuild: false,
  async run([folder = '']): Promise<ExitCode> {
    await makeReport(folder);
    await printSummary(folder);
    return 0;
  },
};
