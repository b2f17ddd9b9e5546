/** Commands of ip(8) and tc(8), many in one process; in a namespace where one is named. */
import { LabError } from '../errors.ts';
import { failureOf, start } from '../process/process.ts';

/**
 * @param namespace Name as `ip netns` knows it.
 * @throws LabError with the first command that fails.
 */
export function ipBatch(commands: readonly string[], namespace?: string): Promise<void> {
  return batch('ip', commands, namespace);
}

/** Likewise. */
export function tcBatch(commands: readonly string[], namespace?: string): Promise<void> {
  return batch('tc', commands, namespace);
}

async function batch(program: 'ip' | 'tc', commands: readonly string[], namespace: string | undefined): Promise<void> {
  if (commands.length === 0) return;
  const argv = [program, ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'];
  const said: string[] = [];
  const running = start(argv, { takesLines: true, onStderrLine: (line) => said.push(line) });
  running.send(commands.join('\n'));
  const [exit] = await Promise.all([running.exited, running.silent]);
  if (exit.code !== 0) throw new LabError(failureOf(running, exit, said.join('\n')));
}
