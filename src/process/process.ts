/**
 * Every program that this project starts goes through here: argument arrays (never a shell), entered into a network
 * namespace where asked, ended by pid after a grace period, and with errors that carry command, exit code and stderr.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { LabError } from '../errors.ts';
import { native } from '../native.ts';
import { confined } from './confined.ts';
import { systemCallFilter } from './system-call-filter.ts';

/** Time between SIGTERM and SIGKILL, milliseconds. */
const DEFAULT_GRACE_MS = 2000;
const STDERR_SHOWN = 2000;

export interface RunOptions {
  /** Path of a network namespace to run in, e.g. `/run/netns/x`. */
  readonly netns?: string;
  /** For commands that a scenario brings along: without rights outside its network namespace (confined.ts). */
  readonly confined?: boolean;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly netns?: string;
  readonly stdoutFile?: string;
  readonly stderrFile?: string;
  readonly onStdoutLine?: (line: string) => void;
  readonly onStderrLine?: (line: string) => void;
  /** It reads lines from its standard input (`send`); nothing is there to read without this. */
  readonly takesLines?: boolean;
  /** Goes on after this process has ended. */
  readonly detached?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Running {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly netns: string | undefined;
  readonly stderrFile: string | undefined;
  readonly exited: Promise<Exit>;
  /** Resolves when all of its lines have been told: it, and whoever it has left its output to, has ended. */
  readonly silent: Promise<void>;
  /** `stop` has been called: its end is no surprise. */
  readonly stopping: boolean;
  /** The one line (or lines) that it is told, for a process that takes lines; its standard input ends with it. */
  send(line: string): void;
  /** SIGTERM, then SIGKILL after the grace period; resolves when the process is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** `nsenter` and not `ip netns exec`: the latter mounts a fresh /sys, which hides the BPF file system. */
function entering(netns: string | undefined, argv: readonly string[]): [string, ...string[]] {
  const all = netns === undefined ? argv : ['nsenter', `--net=${netns}`, '--', ...argv];
  const [program, ...args] = all;
  if (program === undefined) throw new TypeError('an empty command');
  return [program, ...args];
}

/**
 * Runs a command to its end.
 * @throws LabError when it cannot be started, times out or exits with a code other than 0.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Output> {
  const [program, ...args] = entering(options.netns, options.confined === true ? confined(argv) : argv);
  const result = await execa(program, args, {
    reject: false,
    stdio: [
      options.input === undefined ? 'ignore' : 'pipe',
      ...(['pipe', 'pipe'] as const),
      // bubblewrap reads it from the descriptor that confined.ts names: the next one.
      ...(options.confined === true ? [systemCallFilter()] : []),
    ],
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    stripFinalNewline: false,
  });
  if (result.failed) throw new LabError(failure(argv, result));
  return { stdout: result.stdout, stderr: result.stderr };
}

function failure(
  argv: readonly string[],
  result: {
    exitCode?: number | undefined;
    signal?: string | undefined;
    timedOut: boolean;
    stderr?: unknown;
    code?: string | undefined;
  },
): string {
  const how = result.timedOut
    ? 'timed out'
    : result.code === 'ENOENT'
      ? 'is not installed'
      : howEnded(result.exitCode, result.signal);
  return sentence(argv, how, String(result.stderr ?? ''));
}

/** What `run` says of a command that failed, of one that was started. */
export function failureOf({ argv }: Running, { code, signal }: Exit, stderr: string): string {
  return sentence(argv, howEnded(code, signal), stderr);
}

function howEnded(code: number | null | undefined, signal: string | null | undefined): string {
  return signal == null ? `exit code ${code}` : `ended by ${signal}`;
}

function sentence(argv: readonly string[], how: string, stderr: string): string {
  const last = stderr.trim().slice(-STDERR_SHOWN);
  return `${argv.join(' ')}: ${how}${last === '' ? '' : `\n${last}`}`;
}

/**
 * Starts a long-running command; its output goes to files or line by line to a callback, else nowhere.
 * @throws LabError when it cannot be started
 */
export function start(argv: readonly string[], options: StartOptions = {}): Running {
  const { netns, detached = false } = options;
  const { promise: exited, resolve } = Promise.withResolvers<Exit>();
  const streams = openStreams(options);
  let pid: number;
  try {
    pid = native().startProgram(
      {
        argv,
        env: variables({ ...process.env, ...options.env }),
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(netns === undefined ? {} : { netns }),
        streams: streams.child,
        detached,
      },
      (code, number) => resolve({ code, signal: number === null ? null : nameOfSignal(number) }),
    );
  } catch (error) {
    for (const pipe of [streams.input, streams.output, streams.errors]) pipe?.destroy();
    throw new LabError(`${argv.join(' ')}: cannot be started: ${(error as Error).message}`, { cause: error });
  } finally {
    for (const fd of streams.child) closeSync(fd);
  }
  const silent = Promise.all([
    tellLines(streams.output, options.onStdoutLine, detached),
    tellLines(streams.errors, options.onStderrLine, detached),
  ]).then(() => {});
  // Told to a process that has ended: its end is noticed anyway.
  streams.input?.on('error', () => {});
  let ended = false;
  let stopping = false;
  void exited.then(() => {
    ended = true;
  });
  return {
    pid,
    argv,
    netns,
    stderrFile: options.stderrFile,
    exited,
    silent,
    get stopping() {
      return stopping;
    },
    send: (line) => void streams.input?.end(`${line}\n`),
    stop: async (graceMs = DEFAULT_GRACE_MS) => {
      stopping = true;
      if (ended) return;
      process.kill(pid, 'SIGTERM');
      const kill = setTimeout(() => process.kill(pid, 'SIGKILL'), graceMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

/** The child's descriptors, to be closed here, and this process's ends of the pipes among them. */
interface Streams {
  readonly child: [number, number, number];
  readonly input: Socket | undefined;
  readonly output: Socket | undefined;
  readonly errors: Socket | undefined;
}

function openStreams(options: StartOptions): Streams {
  const input = openInput(options.takesLines ?? false);
  const output = openOutput(options.stdoutFile, options.onStdoutLine !== undefined);
  const errors = openOutput(options.stderrFile, options.onStderrLine !== undefined);
  return {
    child: [input.child, output.child, errors.child],
    input: input.pipe,
    output: output.pipe,
    errors: errors.pipe,
  };
}

function openInput(isPiped: boolean): { child: number; pipe?: Socket } {
  if (!isPiped) return { child: openSync('/dev/null', 'r') };
  const [child, fd] = native().openPipe();
  return { child, pipe: new Socket({ fd, readable: false, writable: true }) };
}

function openOutput(file: string | undefined, isPiped: boolean): { child: number; pipe?: Socket } {
  if (!isPiped) return { child: openSync(file ?? '/dev/null', 'a') };
  const [fd, child] = native().openPipe();
  return { child, pipe: new Socket({ fd, readable: true, writable: false }) };
}

/** Resolves at the end of the pipe, which does not keep this process alive where the child is detached. */
async function tellLines(pipe: Socket | undefined, tell: ((line: string) => void) | undefined, detached: boolean) {
  if (pipe === undefined || tell === undefined) return;
  if (detached) pipe.unref();
  await once(createInterface({ input: pipe }).on('line', tell), 'close');
}

function variables(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

function nameOfSignal(number: number): NodeJS.Signals {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => constants.signals[name] === number) ?? 'SIGUNUSED';
}

/**
 * Runs a command with this process's own standard streams, in its process group: what is typed, Ctrl-C included,
 * is the command's business alone.
 * @returns its exit code; 128 + n where signal n ended it, as shells say it
 * @throws LabError when it cannot be started
 */
export async function runAtTerminal(
  argv: readonly string[],
  { netns, cwd, env }: Pick<RunOptions, 'netns' | 'cwd' | 'env'> = {},
): Promise<number> {
  const [program, ...args] = entering(netns, argv);
  const child = spawn(program, args, {
    stdio: 'inherit',
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
  });
  const ignore = () => {};
  const passOn = (name: NodeJS.Signals) => child.kill(name);
  process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', passOn).on('SIGHUP', passOn);
  try {
    const { code, signal } = await exitOf(child, argv);
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', passOn).off('SIGHUP', passOn);
  }
}

async function exitOf(child: ChildProcess, argv: readonly string[]): Promise<Exit> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  } catch (error) {
    throw new LabError(`${argv.join(' ')}: cannot be started`, { cause: error });
  }
}
