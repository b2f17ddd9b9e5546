/** Commands of ip(8), many in one process; in a namespace where one is named. */
import { LabError } from '../errors.ts';
import { start } from '../process/process.ts';

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
  const [{ code, signal }] = await Promise.all([batch.exited, batch.silent]);
  if (code === 0) return;
  const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
  throw new LabError([`${argv.join(' ')}: ${how}`, ...said].join('\n'));
}
