/** Commands of ip(8), many in one process; in a namespace where one is named. */
import { LabError } from '../errors.ts';
import { failureOf, start } from '../process/process.ts';

/**
 * @param namespace Name as `ip netns` knows it.
 * @throws LabError with the first command that fails.
 */
export async function ipBatch(commands: readonly string[], namespace?: string): Promise<void> {
  if (commands.length === 0) return;
  const argv = ['ip', ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'];
  const said: string[] = [];
  const batch = start(argv, { takesLines: true, onStderrLine: (line) => said.push(line) });
  batch.send(commands.join('\n'));
  const [exit] = await Promise.all([batch.exited, batch.silent]);
  if (exit.code !== 0) throw new LabError(failureOf(batch, exit, said.join('\n')));
}
