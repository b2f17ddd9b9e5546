/** Runs the real command line, as its users do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../src/results/bundle.ts';

const ENTRY = fileURLToPath(new URL('../../cilion', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when the pattern stands in what it has printed so far to standard error. */
  printed(pattern: RegExp): Promise<void>;
  /** Likewise, with what the pattern's first group holds. */
  matched(pattern: RegExp): Promise<string>;
}

export function startCilion(args: readonly string[], cwd?: string): Started {
  return startProgram([ENTRY, ...args], cwd);
}

export function startProgram([program = '', ...args]: readonly string[], cwd?: string): Started {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const stdout = text(child.stdout);
  const exit = once(child, 'close') as Promise<[number | null]>;
  const ended = exit.then(async ([code]) => ({ code, stdout: await stdout, stderr }));
  const printed = async (pattern: RegExp) => {
    while (!pattern.test(stderr)) {
      const next = await Promise.race([once(child.stderr, 'data'), ended]);
      if (!Array.isArray(next)) throw new Error(`it ended without printing ${pattern}:\n${stderr}`);
    }
  };
  const matched = async (pattern: RegExp) => {
    await printed(pattern);
    return pattern.exec(stderr)?.[1] ?? '';
  };
  return { pid: child.pid!, ended, printed, matched };
}

/**
 * Runs a scenario, and once more if all that is wrong with the first run is that the machine was too busy for it: then
 * nothing was measured that could be judged. A verdict that does not hold is never tried again.
 */
export async function runScenario(file: string, results: string, options: readonly string[] = []): Promise<Ended> {
  const args = ['run', file, '--results', results, ...options];
  const first = await cilion(args);
  const [bundle] = existsSync(results) ? readdirSync(results) : [];
  if (first.code !== 3 || bundle === undefined) return first;
  const { tooBusy } = JSON.parse(readFileSync(join(results, bundle, 'manifest.json'), 'utf8')) as Manifest;
  if (tooBusy !== true) return first;
  process.stderr.write(`${file}, once more, because the machine was too busy: ${first.stderr}`);
  rmSync(results, { recursive: true });
  return cilion(args);
}

export function cilion(args: readonly string[], cwd?: string): Promise<Ended> {
  return startCilion(args, cwd).ended;
}
