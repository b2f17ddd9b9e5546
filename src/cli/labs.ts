/** `cilion ls` and `cilion destroy`: the labs on this machine, from their journals alone. */
import { destroyLab } from '../emulator/destroy.ts';
import { LabDirectory } from '../emulator/lab-directory.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import type { Command } from './command.ts';

export const ls: Command = {
  name: 'ls',
  summary: 'list the labs on this machine',
  arguments: [],
  options: [],
  needsRoot: false,
  needsBuild: false,
  async run(): Promise<ExitCode> {
    for (const id of LabDirectory.list()) process.stdout.write(`${id}  ${describe(LabDirectory.open(id))}\n`);
    return 0;
  },
};

function describe(lab: LabDirectory): string {
  // A command that was killed in its first moments left a lab without a plan.
  if (!lab.isPlanned()) return 'unfinished';
  const { topology, namespaces, ases } = lab.plan();
  return `${topology}  ${ases.length} ASes  ${namespaces.length} namespaces`;
}

export const destroy: Command = {
  name: 'destroy',
  summary: 'take a lab down, also one whose command crashed',
  arguments: [{ name: '[lab]', description: 'its id, as `cilion ls` shows it' }],
  options: [{ flags: '--all', description: 'every lab on this machine' }],
  needsRoot: true,
  needsBuild: true,
  async run([id], options): Promise<ExitCode> {
    if ((id === undefined) === (options['all'] !== true)) {
      throw new CilionError('name one lab, or --all', { exitCode: 2, hint: '`cilion ls` lists them' });
    }
    const ids = id === undefined ? LabDirectory.list() : [id];
    for (const lab of ids.map((each) => LabDirectory.open(each))) {
      await destroyLab(lab);
      process.stdout.write(`${lab.id} is gone\n`);
    }
    return 0;
  },
};
