/**
 * The `reference` control plane of a lab: scionproto's control service, daemon, router and shim dispatcher in the
 * namespaces of a plan, on the plan's addresses, with keys and certificates of their own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Plan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import type { IsdAs, Topology } from '../../topology/model.ts';
import { type DaemonClient, DaemonError } from '../daemon/client.ts';
import type { Path } from '../end-to-end-path.ts';
import {
  type ControlIntervals,
  type ReferenceAs,
  type ReferenceConfiguration,
  type ReferenceService,
  referenceConfiguration,
} from './configuration.ts';
import { type Namespaces, type OpenDaemon, openDaemon } from './open-daemon.ts';
import { makePki } from './pki.ts';
import { referencePlaces } from './places.ts';
import { type Crash, SupervisedService } from './service.ts';
import { type ScionTools, scionTools } from './tools.ts';

/**
 * While paths are to be found. Every second instead brings the first path of three ASes a second earlier, but where six core
 * ASes meet, the signatures of so many beacons keep two processors busy and the last path comes much later.
 */
export const FAST: ControlIntervals = { beaconsMs: 2000, queryMs: 500 };
/** While something is measured. Segments live for six hours, so nothing is lost. */
export const QUIET: ControlIntervals = { beaconsMs: 300_000, queryMs: 5000 };

/** A daemon tells nobody when it learns of a path, and each look-up costs it signatures: first often, then less so. */
const POLL_MS = 100;
const MAX_POLL_MS = 2000;

export interface ReferenceOptions {
  readonly topology: Topology;
  /** Goes on after this process, without supervision. */
  readonly detached?: boolean;
  readonly intervals?: ControlIntervals;
  /** What runs; all services unless given. A service left out is configured all the same. */
  readonly runs?: (service: ReferenceService) => boolean;
  readonly onCrash?: (crash: Crash) => void;
  readonly signal?: AbortSignal;
}

export interface ServiceMemory {
  readonly service: string;
  readonly kind: ReferenceService['kind'];
  /** Resident, bytes. */
  readonly rss: number;
}

/**
 * Makes configuration and PKI below the folder, starts all services at once and waits until each accepts connections.
 * Below the folder: `gen/` configuration, `state/` databases, `logs/` a file for each service,
 * `sockets/` the ways to daemons.
 *
 * @param folder absolute path; made if need be
 * @throws LabError when the tools cannot be built, the PKI does not verify or a service does not come up; nothing runs then
 */
export async function startReferenceControlPlane(
  lab: Namespaces,
  plan: Plan,
  folder: string,
  options: ReferenceOptions,
): Promise<ReferenceControlPlane> {
  const tools = await scionTools();
  const intervals = options.intervals ?? FAST;
  const configuration = referenceConfiguration(plan, options.topology, { folder, intervals });
  for (const part of ['gen', 'state', 'logs', 'sockets']) mkdirSync(join(folder, part), { recursive: true });
  for (const [file, content] of configuration.files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const places = referencePlaces(plan);
  await makePki(tools, options.topology, places, { gen: join(folder, 'gen'), seed: plan.seed });
  options.signal?.throwIfAborted();
  const started = new ReferenceControlPlane(lab, plan, folder, configuration, tools, options);
  try {
    await started.ready();
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

export class ReferenceControlPlane {
  readonly folder: string;
  readonly tools: ScionTools;
  readonly ases: readonly ReferenceAs[];
  /** In the order in which they were noticed. */
  readonly crashes: Crash[] = [];
  readonly #lab: Namespaces;
  readonly #plan: Plan;
  readonly #topology: Topology;
  readonly #services: readonly SupervisedService[];
  readonly #daemons = new Map<IsdAs, Promise<OpenDaemon>>();
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;

  /** Starts the services; `startReferenceControlPlane` waits for them. */
  constructor(
    lab: Namespaces,
    plan: Plan,
    folder: string,
    configuration: ReferenceConfiguration,
    tools: ScionTools,
    options: ReferenceOptions,
  ) {
    this.#lab = lab;
    this.#plan = plan;
    this.#topology = options.topology;
    this.folder = folder;
    this.tools = tools;
    this.ases = configuration.ases;
    this.#signal = AbortSignal.any([this.#failed.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    this.#services = configuration.services.filter(options.runs ?? (() => true)).map(
      (service) =>
        new SupervisedService(service, {
          program: tools.bin(service.kind),
          netns: lab.netns(service.namespace),
          logFile: this.logFile(service.id),
          detached: options.detached ?? false,
          onCrash: (crash) => {
            this.#crashed(crash);
            options.onCrash?.(crash);
          },
        }),
    );
  }

  /** Configuration folder of an AS: topology.json, keys/, certs/, crypto/, a TOML file for each service. */
  configFolder(ia: IsdAs): string {
    return this.#as(ia).folder;
  }

  /** A file for each service. */
  get logFolder(): string {
    return join(this.folder, 'logs');
  }

  logFile(service: string): string {
    return join(this.logFolder, `${service}.log`);
  }

  /** Where programs in the AS's namespaces reach the daemon (`scion --sciond`). */
  daemonAddress(ia: IsdAs): string {
    const { address, port } = this.#as(ia).daemon;
    return `${address}:${port}`;
  }

  /** Client of an AS's daemon, one for each AS. */
  async daemon(ia: IsdAs): Promise<DaemonClient> {
    const access = this.#daemons.get(ia) ?? openDaemon(this.#lab, this.#plan, this.folder, ia);
    this.#daemons.set(ia, access);
    return (await access).client;
  }

  /** Resolves when every service accepts connections. @throws LabError when one has failed for good. */
  async ready(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.ready(this.#signal)));
  }

  /**
   * Resolves with the paths as soon as the daemon of the source knows enough; beacons take their time to get through.
   *
   * @param isEnough any path is, unless given
   * @throws LabError after `deadlineMs`
   */
  async awaitPaths(
    src: IsdAs,
    dst: IsdAs,
    deadlineMs: number,
    isEnough: (paths: readonly Path[]) => boolean = (paths) => paths.length > 0,
  ): Promise<Path[]> {
    const deadline = performance.now() + deadlineMs;
    const client = await this.daemon(src);
    for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, MAX_POLL_MS)) {
      this.#signal.throwIfAborted();
      const answer = await client.paths(src, dst).catch((error: unknown) => {
        if (error instanceof DaemonError) return error;
        throw error;
      });
      if (!(answer instanceof DaemonError) && isEnough(answer)) return answer;
      if (performance.now() > deadline) {
        const why = answer instanceof DaemonError ? answer.message : `${answer.length} paths`;
        throw new LabError(`the daemon of ${src} does not know enough paths to ${dst} after ${deadlineMs} ms: ${why}`);
      }
      // Aborted, it is the signal's own reason that matters.
      await setTimeout(pause, undefined, { signal: this.#signal }).catch(() => {});
    }
  }

  /**
   * Gives the control services other intervals. They read them only at their start, so they are started anew: segments
   * are in their databases, and daemons go on answering meanwhile.
   */
  async pace(intervals: ControlIntervals): Promise<void> {
    const { files } = referenceConfiguration(this.#plan, this.#topology, { folder: this.folder, intervals });
    const control = this.#services.filter(({ service }) => service.kind === 'control');
    for (const { service } of control) writeFileSync(service.config, files.get(service.config) ?? '');
    await Promise.all(control.map((service) => service.restart()));
    await Promise.all(control.map((service) => service.ready(this.#signal)));
  }

  /** Resident memory of each service. */
  memory(): ServiceMemory[] {
    return this.#services.map((each) => ({
      service: each.service.id,
      kind: each.service.kind,
      rss: each.memory(),
    }));
  }

  /** @throws RangeError when there is no such service, or it does not run here */
  pid(service: string): number {
    const found = this.#services.find((each) => each.service.id === service);
    if (found === undefined) throw new RangeError(`no service ${service}`);
    return found.pid;
  }

  /** Lets go of services that go on without this process. */
  async release(): Promise<void> {
    for (const service of this.#services) service.release();
    await this.#closeDaemons();
  }

  /** Ends every service; logs and configuration stay. */
  async stop(): Promise<void> {
    await this.#closeDaemons();
    await Promise.all(this.#services.map((service) => service.stop()));
  }

  async #closeDaemons(): Promise<void> {
    const opened = await Promise.allSettled(this.#daemons.values());
    this.#daemons.clear();
    for (const access of opened) {
      if (access.status === 'fulfilled') access.value.close();
    }
  }

  #crashed(crash: Crash): void {
    this.crashes.push(crash);
    if (crash.restartInMs === undefined) this.#failed.abort(new LabError(describeCrash(crash)));
  }

  #as(ia: IsdAs): ReferenceAs {
    const as = this.ases.find((candidate) => candidate.ia === ia);
    if (as === undefined) throw new RangeError(`no AS ${ia} in this lab`);
    return as;
  }
}

/** `cs1-ff00_0_110-1 of 1-ff00:0:110 ended with signal SIGKILL; started again after 100 ms`, then the end of its log. */
export function describeCrash({ service, ia, exit, lastLines, restartInMs }: Crash): string {
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  const then = restartInMs === undefined ? 'given up' : `started again after ${restartInMs} ms`;
  return [`${service} of ${ia} ended with ${how}; ${then}`, ...lastLines.map((line) => `  ${line}`)].join('\n');
}
