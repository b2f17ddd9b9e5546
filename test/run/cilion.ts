/** Runs the real command line, as its users do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

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

export function cilion(args: readonly string[], cwd?: string): Promise<Ended> {
  return startCilion(args, cwd).ended;
}
