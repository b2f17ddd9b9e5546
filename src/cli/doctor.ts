/** `cilion doctor`: what the machine has and lacks, and what to do about it. Changes nothing on it. */
import { formatFindings } from '../doctor/finding.ts';
import { judge } from '../doctor/judgement.ts';
import { readMachine } from '../doctor/machine.ts';
import type { ExitCode } from '../errors.ts';
import type { Command } from './command.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what this machine has and lacks, and what to do about it; changes nothing',
  arguments: [],
  options: [{ flags: '--json', description: 'one JSON value: whether all that is needed is there, and each finding' }],
  needsRoot: false,
  needsBuild: false,
  async run(_args, options): Promise<ExitCode> {
    const findings = judge(await readMachine());
    const ok = findings.every(({ status }) => status !== 'needed');
    const json = () => `${JSON.stringify({ ok, findings }, null, 2)}\n`;
    process.stdout.write(options['json'] === true ? json() : formatFindings(findings));
    return ok ? 0 : 3;
  },
};
