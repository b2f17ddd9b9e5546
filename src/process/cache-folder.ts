/** Where this project keeps what it can make again, outside the checkout: one folder for each purpose. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** XDG Base Directory Specification. */
export function cacheFolder(purpose: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cilion', purpose);
}
