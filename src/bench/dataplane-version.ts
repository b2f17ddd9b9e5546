/** Another version of this project's dataplane, built from git beside the one that runs, and loaded through its own code. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CilionError, LabError } from '../errors.ts';
import { cacheFolder } from '../process/cache-folder.ts';
import { run } from '../process/process.ts';
import { hashes } from './bench-files.ts';
import type { RouterLoader } from './router-under-test.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROUTER_MODULE = 'src/dataplane/router.ts';
const BUILD_MODULE = 'src/dataplane/build.ts';

export interface DataplaneVersion {
  readonly commit: string;
  readonly loader: RouterLoader;
  /** BPF object file → SHA-256, hex. */
  readonly bpf: Readonly<Record<string, string>>;
}

/** @throws CilionError (exit code 2) where it names no commit of this project */
export async function commitOf(ref: string): Promise<string> {
  try {
    const { stdout } = await run([
      'git',
      '-C',
      ROOT,
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${ref}^{commit}`,
    ]);
    return stdout.trim();
  } catch (cause) {
    throw new CilionError(`--against: git knows no commit "${ref}" here`, {
      exitCode: 2,
      hint: 'a branch, tag or commit of this checkout; CI often fetches only the newest: git fetch --unshallow',
      cause,
    });
  }
}

/**
 * Builds the commit's dataplane in a cache folder, if it is not there, and loads its code into this process.
 * @throws LabError when it does not build, or is so old that it has no such router
 */
export async function dataplaneAt(commit: string): Promise<DataplaneVersion> {
  const folder = await checkedOut(commit);
  try {
    await run([process.execPath, join(folder, BUILD_MODULE)], { cwd: folder });
  } catch (error) {
    throw new LabError(`the dataplane of ${commit.slice(0, 12)} does not build\n${(error as Error).message}`);
  }
  const module = (await import(pathToFileURL(join(folder, ROUTER_MODULE)).href)) as {
    BorderRouterDataplane?: Partial<RouterLoader>;
  };
  const loader = module.BorderRouterDataplane;
  if (typeof loader?.load !== 'function') throw new LabError(`${commit.slice(0, 12)} has no border router to load`);
  const kernelAes = process.env['CILION_AES'] === 'kernel';
  return {
    commit,
    loader: loader as RouterLoader,
    bpf: hashes(join(folder, 'build', kernelAes ? 'bpf-kernel-aes' : 'bpf')),
  };
}

/** Whole or not at all, also when two commands do it at once. */
async function checkedOut(commit: string): Promise<string> {
  const cache = cacheFolder('versions');
  const folder = join(cache, commit);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'new-'));
  try {
    const archive = join(made, 'tree.tar');
    await run(['git', '-C', ROOT, 'archive', '--format=tar', `--output=${archive}`, commit]);
    await run(['tar', '-x', '-f', archive, '-C', made]);
    rmSync(archive);
    // The packages of this checkout do: what is loaded from there needs none, and its build needs headers alone.
    symlinkSync(join(ROOT, 'node_modules'), join(made, 'node_modules'));
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
