/** Which of the programs are on this machine, and their versions. */
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '../process/process.ts';
import type { ProgramFacts } from './facts.ts';
import { PROGRAMS, type Program } from './programs.ts';

/** Where Debian has what only root uses; the PATH of some logins lacks them, and testbed/setup.sh looks there too. */
const ADMINISTRATORS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const ASK_LIMIT_MS = 20_000;

/**
 * Some programs leave a file behind even when they only say their version (Go counts its calls): they find no folder to
 * do so. Go would also fetch another Go, if the folder that it is called in asks for one.
 */
const LEAVE_NOTHING = { GOTOOLCHAIN: 'local', XDG_CONFIG_HOME: '/dev/null', npm_config_logs_max: '0' };

export function findPrograms(): Promise<ProgramFacts[]> {
  return Promise.all(PROGRAMS.map(find));
}

async function find(program: Program): Promise<ProgramFacts> {
  const { proof } = program;
  const inPath = whereIs(proof, (process.env['PATH'] ?? '').split(delimiter));
  const path = inPath ?? whereIs(proof, ADMINISTRATORS);
  const version = path === null ? null : await versionOf(program, path);
  return { proof, path, outsidePath: inPath === null && path !== null, version };
}

/** Absolute path of a command, or of a file that is named by its own. */
export function whereIs(proof: string, folders: readonly string[]): string | null {
  if (proof.startsWith('/')) return existsSync(proof) ? proof : null;
  const places = folders.filter((folder) => folder !== '').map((folder) => join(folder, proof));
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not to be run by whoever asks.
    return false;
  }
}

async function versionOf({ version, ask }: Program, path: string): Promise<string | null> {
  if (version === null) return null;
  if (path.startsWith('/usr/include/')) return version.exec(readFileSync(realpathSync(path), 'utf8'))?.[1] ?? null;
  return said([path, ...ask], version);
}

/** What the pattern's first group finds in what a program says; null for one that fails. */
export async function said(argv: readonly string[], pattern: RegExp): Promise<string | null> {
  const output = await run(argv, { cwd: '/', env: LEAVE_NOTHING, timeoutMs: ASK_LIMIT_MS }).then(
    ({ stdout, stderr }) => stdout + stderr,
    // It is there all the same; that it does not run is found out by whoever needs it.
    () => '',
  );
  return pattern.exec(output)?.[1] ?? null;
}
