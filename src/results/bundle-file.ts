/**
 * Files of a bundle that may be a stranger's. A symbolic link in it would show a file of this machine in a report, or have
 * the report written over one, so a bundle's parts are files and folders of its own and nothing else.
 */
import { lstatSync, mkdirSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CilionError } from '../errors.ts';

/**
 * Path of a part, whether it is there or not. The bundle's folder itself may be reached by links.
 * @param part relative to the folder, and below it (bundle-layout.ts)
 * @throws CilionError (exit code 2) for what is there and neither file nor folder of the bundle's own
 */
export function ownPart(folder: string, part: string): string {
  const names = part.split('/');
  for (let depth = 1; depth <= names.length; depth++) {
    const path = join(folder, ...names.slice(0, depth));
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) break;
    const isLast = depth === names.length;
    if (isLast ? !stats.isFile() : !stats.isDirectory()) throw refused(path, stats, isLast ? 'file' : 'folder');
  }
  return join(folder, part);
}

/**
 * Writes a part in place of the one that is there, and returns its path. A reader sees one or the other (rename(2)).
 * @throws CilionError as ownPart
 */
export function replacePart(folder: string, part: string, content: string | Uint8Array): string {
  const file = ownPart(folder, part);
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  // O_EXCL follows no link.
  writeFileSync(partial, content, { flag: 'wx' });
  renameSync(partial, file);
  return file;
}

function refused(path: string, stats: Stats, wanted: string): CilionError {
  const what = stats.isSymbolicLink() ? 'a symbolic link' : `no ${wanted}`;
  return new CilionError(`${path} is ${what}: a bundle has only files and folders of its own`, {
    exitCode: 2,
    hint: 'a link may lead to any file of this machine; if you trust the bundle, put the file in place of the link',
  });
}
