/**
 * The one shape of every workload: `prepare…` brings the server up and resolves once it listens; `run` starts the client
 * at once, measures a window of time and ends everything. Whatever happens, no process is left.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { preferGroup } from '../process/priority.ts';
import { type Exit, type Running, type StartOptions, start } from '../process/process.ts';
import { describeExit, type Watch } from '../process/watch.ts';

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
  /** Told when a program ends before its time; its first ending, of whatever, is the end of the window. */
  readonly watch: Watch;
  /** Answers may come seconds late, since packets are sent again. Default false. */
  readonly lateAnswers?: boolean;
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
  /** Likewise, where the reason is that a program did not get to run when it should have. */
  readonly starved: readonly string[];
}

export interface Prepared<Sample> {
  /**
   * Once only. Resolves after the window's end (HTTP and UDP wait a little for late answers), or when the watch tells of
   * an ending, with what there is by then.
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

/** How long a program may take to be ready: Node on a machine with thirty busy processes needs three seconds. */
const READY_DEADLINE_MS = 20_000;

interface Program {
  readonly title: string;
  readonly running: Running;
}

interface ProgramOptions extends StartOptions {
  /** Exit code 0 is how it is meant to end. */
  readonly endsByItself?: boolean;
  /** It does little, and that on time: whoever keeps the cores busy has to wait for it. */
  readonly paced?: boolean;
}

/** The programs of one workload: started, watched and ended together. */
export class Programs {
  readonly #name: string;
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;
  readonly #programs: Program[] = [];
  readonly #watch: Watch;

  private constructor(name: string, directory: string, watch: Watch, signal?: AbortSignal) {
    this.#name = name;
    this.#directory = directory;
    this.#watch = watch;
    this.#signal = signal;
    // Also between `prepare` and `run`, when nobody waits for anything.
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Files go to a new folder in the place's directory, so that no earlier run's can be taken for this one's. */
  static async of(name: string, { directory, watch }: Place, signal?: AbortSignal): Promise<Programs> {
    return new Programs(name, await mkdtemp(join(directory, `${name}-`)), watch, signal);
  }

  /** Path of a file of this run. */
  file(name: string): string {
    return join(this.#directory, name);
  }

  /** @throws the signal's reason when it is already aborted. */
  start(
    role: 'client' | 'server',
    argv: readonly string[],
    { endsByItself, paced = false, ...options }: ProgramOptions,
  ): Program {
    this.#signal?.throwIfAborted();
    const title = `${this.#name}: ${role}`;
    const running = start(argv, { ...options, stderrFile: this.file(`${role}.stderr`) });
    if (paced) preferGroup(running.pid);
    this.#watch.add(title, running, endsByItself);
    const program = { title, running };
    this.#programs.push(program);
    return program;
  }

  /**
   * Starts a program and waits for the line by which it says that it is ready: a server when it listens.
   * @throws LabError when it ends first or says nothing.
   */
  async startReady(
    role: 'client' | 'server',
    argv: readonly string[],
    ready: RegExp,
    { onStdoutLine, ...options }: ProgramOptions,
  ): Promise<Program> {
    const said = Promise.withResolvers<'ready'>();
    const program = this.start(role, argv, {
      ...options,
      onStdoutLine: (line) => {
        if (ready.test(line)) said.resolve('ready');
        onStdoutLine?.(line);
      },
    });
    const outcome = await this.#within<Exit | 'ready'>(READY_DEADLINE_MS, [said.promise, program.running.exited]);
    if (outcome === 'ready') return program;
    const fault =
      outcome === 'late'
        ? `${program.title} is not ready after ${READY_DEADLINE_MS} ms`
        : describeExit(program.title, program.running, outcome);
    await this.stop();
    throw new LabError(fault);
  }

  /**
   * Waits for a moment, for a program to end or for the watch to tell of an ending, whichever is first.
   * @returns 'ended', by itself and as it should; 'late' when the moment came first; 'broken' after an ending.
   */
  async until(atNs: bigint, { running }: Program): Promise<'ended' | 'late' | 'broken'> {
    const broken = Promise.withResolvers<'broken'>();
    const onEnding = () => broken.resolve('broken');
    this.#watch.signal.addEventListener('abort', onEnding, { once: true });
    if (this.broken) onEnding();
    const ms = Number(atNs - process.hrtime.bigint()) / 1e6;
    try {
      const outcome = await this.#within<Exit | 'broken'>(Math.max(0, ms), [running.exited, broken.promise]);
      if (outcome === 'late') return 'late';
      return this.broken ? 'broken' : 'ended';
    } finally {
      this.#watch.signal.removeEventListener('abort', onEnding);
    }
  }

  /** Something ended that should not have, and the window with it. */
  get broken(): boolean {
    return this.#watch.signal.aborted;
  }

  /** The window up to its end, or up to now when it is broken off. */
  elapsed(window: Window): Window {
    if (!this.broken) return window;
    const ns = Number(process.hrtime.bigint() - window.t0Ns);
    return { ...window, durationNs: Math.max(0, Math.min(window.durationNs, ns)) };
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

/** Nanoseconds of the window's end. */
export function endNs({ t0Ns, durationNs }: Window): bigint {
  return t0Ns + BigInt(Math.round(durationNs));
}

/** A moment in seconds from t0. */
export function secondsFrom(t0Ns: bigint, atNs: bigint): number {
  return Number(atNs - t0Ns) / 1e9;
}
