/** Builds what is stale before a command that needs it, and says so only when there is something to build. */
import { buildAll } from '../dataplane/build.ts';

/** More files than these are only counted. */
const MOST_NAMED = 4;

export async function ensureBuilt(): Promise<void> {
  const since = performance.now();
  const { rebuilt } = await buildAll();
  if (rebuilt.length === 0) return;
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  const what = rebuilt.length > MOST_NAMED ? `${rebuilt.length} files` : rebuilt.join(', ');
  process.stderr.write(`cilion: built ${what} in ${seconds} s\n`);
}
