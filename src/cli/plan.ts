/** `cilion plan`: everything that a run of the scenario would make. */
import { planLab } from '../emulator/plan-lab.ts';
import type { ExitCode } from '../errors.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Command } from './command.ts';

export const plan: Command = {
  name: 'plan',
  summary: 'print, as JSON, everything that a run of the scenario would make; makes nothing',
  arguments: [{ name: '<scenario>', description: 'scenario file' }],
  options: [],
  needsRoot: false,
  needsBuild: false,
  async run([file = '']): Promise<ExitCode> {
    process.stdout.write(`${JSON.stringify(planLab(await loadScenario(file)), null, 2)}\n`);
    return 0;
  },
};
