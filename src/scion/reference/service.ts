/** One reference service, kept running: a crash is told at once and the service started again, each time a little later. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Exit, type Running, start } from '../../process/process.ts';
import type { IsdAs } from '../../topology/model.ts';
import { acceptsConnections } from '../daemon/namespace-connection.ts';
import type { ReferenceService } from './configuration.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;
/** In a row, each before the service worked again. */
const MAX_FAILED_STARTS = 5;
const LAST_LINES = 10;
/** The control service takes seconds to end in order, and loses nothing without: its databases are written through. */
const GRACE_MS = 300;

/**
 * Dozens of these share a machine that has few cores: one thread each, garbage collected less often, and for their TLS the
 * key exchange without ML-KEM, since they shake hands for every few beacons. Routers carry packets that are measured, and
 * have what they would have elsewhere.
 */
const SPARING = { GOMAXPROCS: '1', GOGC: '400', GODEBUG: 'tlsmlkem=0' };

/** A service ended although nobody stopped it. */
export interface Crash {
  readonly service: string;
  readonly ia: IsdAs;
  readonly exit: Exit;
  /** The end of its log. */
  readonly lastLines: readonly string[];
  /** performance.now() when it was noticed, milliseconds. */
  readonly at: number;
  /** Until it is started again, milliseconds; undefined when it has failed too often for that. */
  readonly restartInMs: number | undefined;
}

export interface SupervisedOptions {
  /** Path of the program. */
  readonly program: string;
  readonly netns: string;
  readonly logFile: string;
  /** It goes on, then unsupervised, when this process ends. */
  readonly detached: boolean;
  readonly onCrash: (crash: Crash) => void;
}

export class SupervisedService {
  readonly service: ReferenceService;
  readonly #options: SupervisedOptions;
  readonly #ending = new AbortController();
  #failedStarts = 0;
  #running: Running;
  #supervision: Promise<void>;

  constructor(service: ReferenceService, options: SupervisedOptions) {
    this.service = service;
    this.#options = options;
    this.#running = this.#start();
    this.#supervision = this.#supervise();
  }

  /** Of the process that runs now, or did last. */
  get pid(): number {
    return this.#running.pid;
  }

  /** Resolves when the service accepts connections, whichever start of it that is. */
  async ready(signal: AbortSignal): Promise<void> {
    const { address, port } = this.service.ready;
    await acceptsConnections(this.#options.netns, address, port, AbortSignal.any([signal, this.#ending.signal]));
  }

  /** Resident memory, bytes; 0 while the service is down. */
  memory(): number {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  /** From now on its end is nobody's surprise; it goes on itself. */
  release(): void {
    this.#ending.abort();
  }

  /** Ends the service and starts it anew, with whatever its configuration file says now. */
  async restart(): Promise<void> {
    await this.#running.stop(GRACE_MS);
  }

  async stop(): Promise<void> {
    this.release();
    await this.#running.stop(GRACE_MS);
    await this.#supervision;
  }

  #start(): Running {
    const { program, netns, logFile, detached } = this.#options;
    const env = this.service.kind === 'router' ? {} : SPARING;
    const options = { netns, stdoutFile: logFile, stderrFile: logFile, detached, env };
    return start([program, '--config', this.service.config], options);
  }

  async #supervise(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const attempt = new AbortController();
      this.ready(attempt.signal).then(
        () => {
          this.#failedStarts = 0;
        },
        () => {},
      );
      const exit = await this.#running.exited;
      attempt.abort();
      if (this.#ending.signal.aborted) return;
      if (this.#running.stopping) {
        this.#running = this.#start();
        continue;
      }
      const restartInMs = this.#backoff();
      this.#failedStarts += 1;
      this.#options.onCrash(this.#crash(exit, restartInMs));
      if (restartInMs === undefined || !(await this.#wait(restartInMs))) return;
      this.#running = this.#start();
    }
  }

  #backoff(): number | undefined {
    if (this.#failedStarts >= MAX_FAILED_STARTS) return undefined;
    return Math.min(FIRST_BACKOFF_MS * 2 ** this.#failedStarts, MAX_BACKOFF_MS);
  }

  /** False when the service is to end meanwhile. */
  async #wait(ms: number): Promise<boolean> {
    await setTimeout(ms, undefined, { signal: this.#ending.signal }).catch(() => {});
    return !this.#ending.signal.aborted;
  }

  #crash(exit: Exit, restartInMs: number | undefined): Crash {
    const { id, ia } = this.service;
    const lastLines = lastLinesOf(this.#options.logFile);
    return { service: id, ia, exit, lastLines, at: performance.now(), restartInMs };
  }
}

function lastLinesOf(logFile: string): string[] {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES);
  } catch {
    // The lab was taken down around the service, log and all.
    return [];
  }
}
