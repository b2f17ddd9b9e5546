/** Commands of ip(8), many in one process; in a namespace where one is named. */
import { run } from '../process/process.ts';

/**
 * @param namespace Name as `ip netns` knows it.
 * @throws LabError with the first command that fails.
 */
export async function ipBatch(commands: readonly string[], namespace?: string): Promise<void> {
  if (commands.length === 0) return;
  const argv = ['ip', ...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'];
  await run(argv, { input: `${commands.join('\n')}\n` });
}
