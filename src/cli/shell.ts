/** `cilion shell`: a shell, or one command, inside a namespace of a running lab. */
import { LabDirectory } from '../emulator/lab-directory.ts';
import { runAtTerminal } from '../process/process.ts';
import type { Command } from './command.ts';
import { findNamespace } from './lab-names.ts';

export const shell: Command = {
  name: 'shell',
  summary: 'open a shell, or run a command, in an AS, node or pod of a running lab',
  arguments: [
    { name: '<lab>', description: 'its id, as `cilion ls` shows it' },
    { name: '<namespace>', description: 'ISD-AS, label, cluster/node, cluster/pod, cluster/lan or `wires`' },
    { name: '[command...]', description: 'after `--`; a shell where none is given' },
  ],
  options: [],
  needsRoot: true,
  needsBuild: false,
  async run([id = '', where = '', ...rest]): Promise<number> {
    const lab = LabDirectory.open(id);
    const { name, id: namespace } = findNamespace(lab.plan(), lab.topology(), where);
    const command = rest.flat();
    const netns = lab.netns(namespace);
    if (command.length > 0) return runAtTerminal(command, { netns });
    // The startup files of whoever calls would set a prompt of their own, which does not say where one is.
    return runAtTerminal(['bash', '--norc', '--noprofile'], { netns, env: { PS1: prompt(id, name) } });
  },
};

/** Bash's escapes: bold, and the working directory. */
function prompt(lab: string, name: string): string {
  return `\\[\\e[1m\\]${lab} ${name}\\[\\e[0m\\] \\w \\$ `;
}
