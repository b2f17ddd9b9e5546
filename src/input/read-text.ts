/** Reads the files that people write. */
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { InputError } from '../errors.ts';

/** More than an internet takes that fills the address pool; YAML of this size takes seconds to read. */
const MAX_BYTES = 1024 * 1024;

export const NO_SUCH_FILE = 'there is no such file';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: NO_SUCH_FILE,
  ENOTDIR: `${NO_SUCH_FILE}: a folder in its path is a file`,
  EACCES: 'may not be read by this user',
  ELOOP: 'is a symbolic link that leads back to itself',
  ENAMETOOLONG: 'has a name that is too long',
};

/**
 * What no text contains; in a message it would reach the terminal. A carriage return alone ends a line for some readers of
 * YAML and not for others.
 */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]|\r(?!\n)/;

/** Mode bits of stat(2) for everybody: may read a file, may pass through a folder. */
const READABLE_BY_ALL = 0o004;
const PASSABLE_BY_ALL = 0o001;

/**
 * As readText, of a file that another one names. Outside the folder of that one it must be for everybody to read, symbolic
 * links resolved: what is found wrong with it is printed, and who runs a stranger's file, as root perhaps, must not print
 * what only root may read.
 *
 * @param by the file that names it
 * @throws InputError as readText, and for a file that is out of reach
 */
export async function readNamed(file: string, by: string): Promise<string> {
  let path: string;
  try {
    path = await realpath(file);
    const folder = await realpath(dirname(by));
    if (!(await isWithinReach(path, folder))) {
      const where = `lies outside the folder of ${by} and is not for everybody to read`;
      throw refused(file, where, 'a file in that folder or beneath it');
    }
  } catch (error) {
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    throw unreadable(file, error);
  }
  return readText(path, file);
}

async function isWithinReach(path: string, folder: string): Promise<boolean> {
  // Folders that lead to both are passed by whoever reads the one that names it.
  const [up, ...down] = relative(folder, path).split(sep);
  if (up !== '..') return true;
  const names = down.slice(down.lastIndexOf('..') + 1);
  const below = names.map((_, index) => names.slice(index + 1).reduce((place) => dirname(place), path));
  const modes = await Promise.all(below.map(async (place) => (await stat(place)).mode));
  return modes.every((mode, index) => (mode & (index === modes.length - 1 ? READABLE_BY_ALL : PASSABLE_BY_ALL)) !== 0);
}

/**
 * The text of a file. Never waits for one that gives nothing (a named pipe) and never reads one without end.
 *
 * @param called what messages call it
 * @throws InputError when it cannot be read, is no regular file, exceeds 1 MiB or is not UTF-8 text
 */
export async function readText(file: string, called = file): Promise<string> {
  try {
    return decode(called, await readBytes(file, called));
  } catch (error) {
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    throw unreadable(called, error);
  }
}

function unreadable(file: string, error: Error): InputError {
  const code = 'code' in error ? String(error.code) : '';
  return refused(file, REASONS[code] ?? `cannot be read: ${error.message}`);
}

async function readBytes(file: string, called: string): Promise<Uint8Array> {
  const { size } = checked(called, await stat(file));
  // The file may have been exchanged since: opening without waiting, and looking again, is safe whatever it is now.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    checked(called, await handle.stat());
    const { buffer, bytesRead } = await handle.read(new Uint8Array(size), 0, size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function checked<T extends { isFile(): boolean; isDirectory(): boolean; size: number }>(file: string, status: T): T {
  if (status.isDirectory()) throw refused(file, 'is a folder', 'a file');
  if (!status.isFile()) throw refused(file, 'is not a regular file');
  if (status.size > MAX_BYTES) throw refused(file, `has ${status.size} bytes`, 'at most 1 MiB');
  return status;
}

function decode(file: string, bytes: Uint8Array): string {
  const text = decodeUtf8(file, bytes);
  const at = text.search(CONTROL);
  if (at < 0) return text;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  throw new InputError([
    {
      file,
      ...placeIn(text, at),
      field: '',
      message: `there is a control character here (U+${code})`,
      expected: 'text',
    },
  ]);
}

function decodeUtf8(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Everything before the first byte that is not UTF-8 reads as it stands.
    const readable = new TextDecoder('utf-8').decode(bytes);
    const { line, column } = placeIn(readable, readable.indexOf('\ufffd'));
    throw new InputError([{ file, line, column, field: '', message: 'is not UTF-8 text from here on' }]);
  }
}

/** Line and column, from 1, of an index into the text. */
function placeIn(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function refused(file: string, message: string, expected?: string): InputError {
  return new InputError([{ file, field: '', message, ...(expected === undefined ? {} : { expected }) }]);
}
