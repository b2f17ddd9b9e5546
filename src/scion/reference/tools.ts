/** The reference SCION programs, as testbed/scion pins and builds them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from '../../errors.ts';
import { run } from '../../process/process.ts';

const SCRIPT = fileURLToPath(new URL('../../../testbed/scion/build.sh', import.meta.url));
/** What is cached is found in less. */
const CACHED_MS = 3000;

export type ScionTool =
  | 'braccept'
  | 'brload'
  | 'control'
  | 'daemon'
  | 'dispatcher'
  | 'gateway'
  | 'router'
  | 'scion'
  | 'scion-pki';

export interface ScionTools {
  /** Absolute path of a program. */
  bin(name: ScionTool): string;
  /** Sources and documentation of the module that the programs were built from. */
  readonly moduleDir: string;
  /** Of the module, as `v0.15.0`. */
  readonly version: string;
}

let tools: Promise<ScionTools> | undefined;

/**
 * Builds the programs at first use on a machine (two to three minutes), and finds them from then on.
 *
 * @param progress gets a line now and then while it builds; stderr unless given
 * @throws LabError when Go is missing or too old, the modules cannot be fetched or do not build
 */
export function scionTools(progress: (line: string) => void = toStderr): Promise<ScionTools> {
  tools ??= build(progress).catch((error: unknown) => {
    tools = undefined;
    throw error;
  });
  return tools;
}

function toStderr(line: string): void {
  process.stderr.write(`cilion: ${line}\n`);
}

async function build(progress: (line: string) => void): Promise<ScionTools> {
  const begin = performance.now();
  const announce = setTimeout(() => {
    progress('building the reference SCION services (two to three minutes on two cores, once)');
  }, CACHED_MS);
  // A build that another process has under way is waited for, hence no limit.
  const { stdout } = await run([SCRIPT]).finally(() => clearTimeout(announce));
  const took = performance.now() - begin;
  if (took > CACHED_MS) progress(`reference SCION services ready after ${Math.round(took / 1000)} s`);
  const [bin, moduleDir] = stdout.trim().split('\n');
  if (bin === undefined || moduleDir === undefined) throw new LabError(`${SCRIPT} printed no folders:\n${stdout}`);
  return { bin: (name) => join(bin, name), moduleDir, version: moduleDir.slice(moduleDir.lastIndexOf('@') + 1) };
}
