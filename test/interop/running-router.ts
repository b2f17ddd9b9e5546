/** `cilion router` and the reference router, running in a namespace. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unheard } from '../../src/dataplane/standalone/slow-path.ts';
import { native } from '../../src/native.ts';
import { type Running, start } from '../../src/process/process.ts';
import { scionTools } from '../../src/scion/reference/tools.ts';
import type { SocketAddress } from '../../src/scion/topology-json.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const POLL_MS = 20;
/** For anything that takes milliseconds on an idle machine. */
export const PATIENCE_MS = 60_000;

/** `cilion router` as an operator runs it. */
export class CilionRouter {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals | null>;
  #ended: number | NodeJS.Signals | null | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.#exit = once(child, 'close').then(([code, signal]) => {
      this.#ended = code ?? signal;
      return this.#ended ?? null;
    });
  }

  /** Does not wait until it is ready. */
  static spawn(netns: string, args: readonly string[]): CilionRouter {
    const argv = [`--net=${netns}`, '--', process.execPath, MAIN, 'router', ...args];
    return new CilionRouter(spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  static async start(netns: string, config: string, slowPath: 'reference' | 'none'): Promise<CilionRouter> {
    const router = CilionRouter.spawn(netns, ['--config', config, '--slow-path', slowPath]);
    await router.says(/^router \S+ of \S+: \d+ links on /);
    return router;
  }

  /** Waits until a line after the first `since` ones matches; fails when the router ends before. */
  async says(pattern: RegExp, since = 0): Promise<string> {
    return until(() => {
      const line = this.lines.slice(since).find((each) => pattern.test(each));
      assert.ok(line !== undefined || this.#ended === undefined, `ended without ${pattern}:\n${this.lines.join('\n')}`);
      return line;
    }, `the router says ${pattern}`);
  }

  /** By reason, as it prints them on SIGUSR2. */
  async counters(): Promise<Record<string, number>> {
    const since = this.lines.length;
    this.#child.kill('SIGUSR2');
    await this.says(/counters of /, since);
    // The table comes in one write with its title.
    await until(() => (this.lines.at(-1)?.startsWith('  ') ? true : undefined), 'the table of counters');
    const rows = this.lines.slice(since).map((line) => /^\s+(\d+) packets .* ([A-Z_]+): /.exec(line));
    return Object.fromEntries(rows.flatMap((row) => (row === null ? [] : [[row[2], Number(row[1])]])));
  }

  /** Resolves with its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (this.#ended === undefined) this.#child.kill(signal);
    return this.#exit;
  }

  get ended(): Promise<number | NodeJS.Signals | null> {
    return this.#exit;
  }
}

/** The reference router, once it listens on all of its addresses. */
export async function startReferenceRouter(
  netns: string,
  toml: string,
  addresses: readonly SocketAddress[],
  logFile: string,
): Promise<Running> {
  const argv = [(await scionTools()).bin('router'), '--config', toml];
  const running = start(argv, { netns, stdoutFile: logFile, stderrFile: logFile });
  await until(() => {
    const missing = native().inNetns(netns, () => unheard(addresses));
    return missing.length === 0 ? true : undefined;
  }, 'the reference router listens');
  return running;
}

/** The first value of `probe` that is not undefined. */
export async function until<T>(probe: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    assert.ok(performance.now() < deadline, `waited in vain until ${what}`);
    await setTimeout(POLL_MS);
  }
}
