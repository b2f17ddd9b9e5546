/**
 * The one shape of every workload: `prepare…` brings the server up and resolves once it listens; `run` starts the client
 * at once, measures a window of time and ends everything. Whatever happens, no process is left.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { type Exit, type Running, type StartOptions, start } from '../process/process.ts';

/** Where a workload runs. */
export interface Place {
  /** Paths such as `/run/netns/x`. */
  readonly clientNetns: string;
  readonly serverNetns: string;
  /** IPv4 address that the server listens on. */
  readonly serverAddress: string;
  /** Free in the server's namespace. */
  readonly port: number;
  /** An existing directory for the programs' output; the caller removes it. */
  readonly directory: string;
}

/** [t0, t0 + duration). */
export interface Window {
  /**
   * CLOCK_MONOTONIC, nanoseconds: `process.hrtime.bigint()`, the clock of bpf_ktime_get_ns(). A second in the future is
   * well chosen: clients start at once, and what they measure before t0 is left out.
   */
  readonly t0Ns: bigint;
  readonly durationNs: number;
}

export interface Outcome<Sample> {
  /** In order of time; `t` in seconds from t0, 0 ≤ t ≤ duration. */
  readonly samples: readonly Sample[];
  /** What keeps the samples from being trusted; empty when all went well. */
  readonly faults: readonly string[];
}

export interface Prepared<Sample> {
  /**
   * Once only. Resolves after the window's end (HTTP and UDP wait a little for late answers).
   * @throws the signal's reason when it is aborted.
   */
  run(window: Window): Promise<Outcome<Sample>>;
  /** Ends the server of a workload that is not run, or what is running. */
  stop(): Promise<void>;
}

/** `workload` is the scenario's; `signal` ends everything at any time. */
export type Prepare<Workload, Sample> = (
  workload: Workload,
  place: Place,
  signal?: AbortSignal,
) => Promise<Prepared<Sample>>;

/** How long a server may take to listen. */
const LISTEN_DEADLINE_MS = 10_000;
const STDERR_SHOWN = 500;

interface Program {
  readonly title: string;
  readonly running: Running;
  readonly stderrFile: string;
}

/** The programs of one workload: started, watched and ended together. */
export class Programs {
  readonly #name: string;
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;
  readonly #programs: Program[] = [];

  private constructor(name: string, directory: string, signal?: AbortSignal) {
    this.#name = name;
    this.#directory = directory;
    this.#signal = signal;
    // Also between `prepare` and `run`, when nobody waits for anything.
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Files go to a new folder in `directory`, so that no earlier run's can be taken for this one's. */
  static async of(name: string, directory: string, signal?: AbortSignal): Promise<Programs> {
    return new Programs(name, await mkdtemp(join(directory, `${name}-`)), signal);
  }

  /** Path of a file of this run. */
  file(name: string): string {
    return join(this.#directory, name);
  }

  /** @throws the signal's reason when it is already aborted. */
  start(role: 'client' | 'server', argv: readonly string[], options: StartOptions): Program {
    this.#signal?.throwIfAborted();
    const stderrFile = this.file(`${role}.stderr`);
    const program = { title: `${this.#name}: ${role}`, running: start(argv, { ...options, stderrFile }), stderrFile };
    this.#programs.push(program);
    return program;
  }

  /**
   * Starts a server and waits for the line by which it says that it listens.
   * @throws LabError when it ends first or says nothing.
   */
  async startServer(
    argv: readonly string[],
    netns: string,
    listens: RegExp,
    onLine: (line: string) => void = () => {},
  ): Promise<Program> {
    const ready = Promise.withResolvers<'ready'>();
    const server = this.start('server', argv, {
      netns,
      onStdoutLine: (line) => {
        if (listens.test(line)) ready.resolve('ready');
        onLine(line);
      },
    });
    const outcome = await this.#within<Exit | 'ready'>(LISTEN_DEADLINE_MS, [ready.promise, server.running.exited]);
    if (outcome === 'ready') return server;
    const fault =
      outcome === 'late'
        ? `${server.title} does not listen after ${LISTEN_DEADLINE_MS} ms`
        : await ended(server, outcome);
    await this.stop();
    throw new LabError(fault);
  }

  /**
   * Waits for a moment or for a program to end, whichever is first.
   * @returns How it ended, or 'late'.
   */
  async until(atNs: bigint, program: Program): Promise<Exit | 'late'> {
    const ms = Number(atNs - process.hrtime.bigint()) / 1e6;
    return this.#within(Math.max(0, ms), [program.running.exited]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map(({ running }) => running.stop()));
  }

  async #within<Value>(ms: number, events: readonly Promise<Value>[]): Promise<Value | 'late'> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(this.#signal?.reason);
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(late.resolve, ms, 'late');
    this.#signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#signal?.aborted === true) onAbort();
    try {
      return await Promise.race([...events, late.promise, aborted.promise]);
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Runs the measuring part of a workload and ends its programs on every way out. */
export async function ending<Value>(programs: Programs, body: () => Promise<Value>): Promise<Value> {
  try {
    return await body();
  } finally {
    await programs.stop();
  }
}

/** A sentence on a program that ended when it should not have. */
export async function ended(program: Program, exit: Exit): Promise<string> {
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  const stderr = (await readFile(program.stderrFile, 'utf8')).trim().slice(-STDERR_SHOWN);
  return `${program.title} ended early with ${how}${stderr === '' ? '' : `: ${stderr}`}`;
}

/** Nanoseconds of the window's end. */
export function endNs({ t0Ns, durationNs }: Window): bigint {
  return t0Ns + BigInt(Math.round(durationNs));
}

/** A moment in seconds from t0. */
export function secondsFrom(t0Ns: bigint, atNs: bigint): number {
  return Number(atNs - t0Ns) / 1e9;
}
