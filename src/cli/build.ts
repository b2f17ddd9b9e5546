/** Builds what is stale before a command that needs it, and says so only when there is something to build. */
import { buildAll } from '../dataplane/build.ts';

export async function ensureBuilt(): Promise<void> {
  const since = performance.now();
  const { rebuilt } = await buildAll();
  if (rebuilt.length === 0) return;
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  process.stderr.write(`cilion: built ${rebuilt.join(', ')} in ${seconds} s\n`);
}
