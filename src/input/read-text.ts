/** Reads the files that people write. */
import { readFile, stat } from 'node:fs/promises';
import { InputError } from '../errors.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The text of a file.
 *
 * @throws InputError when it cannot be read, is no regular file, exceeds 4 MiB or is not UTF-8
 */
export async function readText(file: string): Promise<string> {
  try {
    const status = await stat(file);
    if (!status.isFile()) throw refused(file, 'is not a file');
    if (status.size > MAX_BYTES) throw refused(file, `has ${status.size} bytes`, 'at most 4 MiB');
    return decode(file, await readFile(file));
  } catch (error) {
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    const missing = 'code' in error && error.code === 'ENOENT';
    throw refused(file, missing ? 'there is no such file' : `cannot be read: ${error.message}`);
  }
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw refused(file, 'is not UTF-8 text');
    throw error;
  }
}

function refused(file: string, message: string, expected?: string): InputError {
  return new InputError([{ file, field: '', message, ...(expected === undefined ? {} : { expected }) }]);
}
