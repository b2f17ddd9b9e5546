/** The commit that a measurement was made with. */
import { fileURLToPath } from 'node:url';
import { run } from '../process/process.ts';
import type { Manifest } from './bundle.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Null outside a git checkout. */
export async function gitState(): Promise<Manifest['git']> {
  try {
    const commit = (await run(['git', '-C', ROOT, 'rev-parse', 'HEAD'])).stdout.trim();
    // Without optional locks git leaves the index as it is, where it would else note down what it found unchanged.
    const { stdout } = await run(['git', '--no-optional-locks', '-C', ROOT, 'status', '--porcelain']);
    return { commit, dirty: stdout.trim() !== '' };
  } catch {
    return null;
  }
}
