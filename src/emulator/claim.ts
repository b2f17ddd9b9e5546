/** What two commands must not do to a lab at the same time. */
import { mkdirSync, rmSync } from 'node:fs';
import { CilionError } from '../errors.ts';
import { isAtWork, readOwner, thisProcess, writeOwner } from './lab-owner.ts';

/**
 * Has folders for this process, until what is returned is called; those of a process that has ended are free.
 * @param what A sentence of what is done by whoever has one of them.
 * @throws CilionError (exit code 2) that names the other
 */
export function claim(folders: readonly string[], what: string): () => void {
  for (const folder of folders) {
    const owner = readOwner(folder);
    if (owner !== undefined && isAtWork(owner)) {
      throw new CilionError(`${what} by \`${owner.command}\` (pid ${owner.pid})`, { exitCode: 2 });
    }
  }
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    writeOwner(folder, thisProcess());
  }
  return () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
}
