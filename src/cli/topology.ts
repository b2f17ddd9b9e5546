/** `cilion topology`: a topology file, checked, in our own format. */
import type { ExitCode } from '../errors.ts';
import { loadTopology } from '../topology/load.ts';
import { printTopology } from '../topology/print.ts';
import type { Command } from './command.ts';

export const topology: Command = {
  name: 'topology',
  summary: 'check a topology file (.yaml or .topo) and print it as our YAML, every interface number written out',
  arguments: [{ name: '<file>', description: 'topology file, e.g. scenarios/topologies/default16.topo' }],
  options: [],
  needsRoot: false,
  needsBuild: false,
  async run([file = '']): Promise<ExitCode> {
    const loaded = await loadTopology(file);
    for (const note of loaded.notes) process.stderr.write(`note: ${note}\n`);
    process.stdout.write(printTopology(loaded.topology));
    return 0;
  },
};
