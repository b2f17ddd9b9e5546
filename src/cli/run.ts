/** `cilion run`: one scenario, from nothing to the report. */
import { join } from 'node:path';
import { type ExitCode, LabError } from '../errors.ts';
import { cacheFolder } from '../process/cache-folder.ts';
import { Progress } from '../report/progress.ts';
import { loadScenario } from '../scenario/load.ts';
import { type Narrowing, narrow } from '../scenario/narrow.ts';
import { runScenario } from '../scenario/run.ts';
import { CLUSTERS_OPTION } from './clusters-option.ts';
import type { Command } from './command.ts';
import { interruptible } from './interrupt.ts';
import { printSummary } from './summary.ts';

export const run: Command = {
  name: 'run',
  summary: 'build the lab of a scenario, replay its timeline over each transport, measure, judge and report',
  arguments: [{ name: '<scenario>', description: 'scenario file, e.g. scenarios/bgp-hijack.yaml' }],
  options: [
    { flags: '--results <folder>', description: 'where bundles go', default: 'results' },
    { flags: '--repeat <n>', description: "passes of each transport, in place of the file's `repeat`" },
    { flags: '--transport <names>', description: "these transports, separated by commas, in place of the file's" },
    { flags: '--control-plane <name>', description: "reference or computed, in place of the file's `controlPlane`" },
    CLUSTERS_OPTION,
    {
      flags: '--fresh',
      description:
        'reference control plane: begin with empty databases, not with what an earlier run of this lab has learned',
    },
  ],
  needsRoot: true,
  needsBuild: true,
  async run([file = ''], options): Promise<ExitCode> {
    const scenario = narrow(await loadScenario(file), options as Narrowing);
    const progress = new Progress();
    for (const note of scenario.notes ?? []) progress.note(`  note: ${note}`);
    const results = String(options['results']);
    const { folder, verdicts, invalid, tooBusy } = await interruptible((signal) =>
      runScenario(scenario, {
        results,
        progress,
        signal,
        command: ['cilion', ...process.argv.slice(2)],
        ...(options['fresh'] === true ? {} : { keptStates: cacheFolder('scion-state') }),
      }),
    );
    await printSummary(folder);
    if (invalid.length > 0) {
      throw new LabError(
        `the run is invalid: ${invalid[0]}${invalid.length > 1 ? `, and ${invalid.length - 1} more` : ''}; see ${join(folder, 'report.html')}`,
        tooBusy ? { hint: 'the machine was too busy: one that does nothing else keeps time better' } : {},
      );
    }
    return verdicts.holds ? 0 : 1;
  },
};
