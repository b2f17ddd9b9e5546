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
import { type DaemonClient, DaemonError, loadDaemonApi } from '../daemon/client.ts';
import type { Path } from '../end-to-end-path.ts';
import {
  type ControlIntervals,
  type ReferenceAs,
  type ReferenceConfiguration,
  type ReferenceService,
  referenceConfiguration,
} from './configuration.ts';
import { KeptState, stateKey } from './kept-state.ts';
import { linksUp } from './links-up.ts';
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

/** A link may not work from the start; what is sent over it then has to find that out. */
const LINKS_MS = 6000;

/** A daemon tells nobody when it learns of a path, and each look-up costs it signatures: first often, then less so. */
const POLL_MS = 100;
const MAX_POLL_MS = 2000;

export interface ReferenceOptions {
  readonly topology: Topology;
  /** Goes on after this process, without supervision. */
  readonly detached?: boolean;
  readonly intervals?: ControlIntervals;
  /** Folder in which what services learn is kept for control planes of the same configuration; none: it is not. */
  readonly keptStates?: string;
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

/** Configuration and PKI are on disk; nothing runs yet. */
export interface PreparedControlPlane {
  readonly configuration: ReferenceConfiguration;
  readonly tools: ScionTools;
  readonly kept: KeptState | undefined;
  /** When the control services learned what they begin with; undefined where they begin with nothing. */
  readonly learnedAt: Date | undefined;
}

/**
 * Makes configuration and PKI below the folder, or takes over what a control plane of the same configuration has left. It
 * needs nothing of a lab, so a lab can be built meanwhile.
 *
 * @param folder absolute path; made if need be
 * @throws LabError when the tools cannot be built or the PKI does not verify
 */
export async function prepareReferenceControlPlane(
  plan: Plan,
  folder: string,
  { topology, intervals = FAST, keptStates }: Pick<ReferenceOptions, 'topology' | 'intervals' | 'keptStates'>,
): Promise<PreparedControlPlane> {
  const tools = await scionTools();
  const fast = referenceConfiguration(plan, topology, { folder, intervals });
  const kept =
    keptStates === undefined
      ? undefined
      : new KeptState(keptStates, stateKey(fast, folder, plan.seed, tools.bin('control')));
  const learnedAt = kept?.restore(folder);
  const configuration =
    learnedAt === undefined ? fast : referenceConfiguration(plan, topology, { folder, intervals: QUIET });
  for (const part of ['gen', 'state', 'logs', 'sockets']) mkdirSync(join(folder, part), { recursive: true });
  for (const [file, content] of configuration.files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  if (learnedAt === undefined) {
    await makePki(tools, topology, referencePlaces(plan), { gen: join(folder, 'gen'), seed: plan.seed });
  }
  return { configuration, tools, kept, learnedAt };
}

/**
 * Starts routers, then, in every AS once its links work, everything else, and waits until each accepts connections.
 * Below the folder: `gen/` configuration, `state/` databases, `logs/` a file for each service,
 * `sockets/` the ways to daemons.
 *
 * @throws LabError when a service does not come up, or what prepareReferenceControlPlane throws; nothing runs then
 */
export async function startReferenceControlPlane(
  lab: Namespaces,
  plan: Plan,
  folder: string,
  options: ReferenceOptions,
  prepared: Promise<PreparedControlPlane> = prepareReferenceControlPlane(plan, folder, options),
): Promise<ReferenceControlPlane> {
  const made = await prepared;
  options.signal?.throwIfAborted();
  const started = new ReferenceControlPlane(lab, plan, folder, made, options);
  try {
    await started.start();
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
  /** When the control services learned what they began with; undefined where they began with nothing. */
  readonly learnedBefore: Date | undefined;
  readonly #lab: Namespaces;
  readonly #plan: Plan;
  readonly #topology: Topology;
  readonly #configured: readonly ReferenceService[];
  readonly #startOne: (service: ReferenceService) => SupervisedService;
  readonly #services: SupervisedService[] = [];
  readonly #kept: KeptState | undefined;
  /** Of what has been learned here, and is worth keeping. */
  #learnedAt: Date | undefined;
  readonly #daemons = new Map<IsdAs, Promise<OpenDaemon>>();
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;

  /** Nothing runs yet: `startReferenceControlPlane` starts it. */
  constructor(
    lab: Namespaces,
    plan: Plan,
    folder: string,
    { configuration, tools, kept, learnedAt }: PreparedControlPlane,
    options: ReferenceOptions,
  ) {
    this.#lab = lab;
    this.#plan = plan;
    this.#topology = options.topology;
    this.folder = folder;
    this.tools = tools;
    this.#kept = kept;
    this.learnedBefore = learnedAt;
    this.ases = configuration.ases;
    this.#signal = AbortSignal.any([this.#failed.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    this.#configured = configuration.services.filter(options.runs ?? (() => true));
    this.#startOne = (service) =>
      new SupervisedService(service, {
        program: tools.bin(service.kind),
        netns: lab.netns(service.namespace),
        logFile: this.logFile(service.id),
        detached: options.detached ?? false,
        onCrash: (crash) => {
          this.#crashed(crash);
          options.onCrash?.(crash);
        },
      });
  }

  /** Resolves when every service accepts connections, also again. @throws LabError when one has failed for good */
  async ready(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.ready(this.#signal)));
  }

  /** Once, before anything else. @throws LabError when a service has failed for good */
  async start(): Promise<void> {
    const first = ({ kind }: ReferenceService) => kind === 'router' || kind === 'dispatcher';
    await this.#run(this.#configured.filter(first));
    // Nothing else is to be done until the first links work.
    if (this.#configured.some(({ kind }) => kind === 'daemon')) loadDaemonApi();
    await Promise.all(this.ases.map(({ ia }) => this.#startBehind(ia, (service) => !first(service))));
  }

  /** Services of an AS, once the links of its routers work. */
  async #startBehind(ia: IsdAs, which: (service: ReferenceService) => boolean): Promise<void> {
    const own = this.#configured.filter((service) => service.ia === ia);
    const routers = own.filter(({ kind }) => kind === 'router');
    await Promise.all(
      routers.map(({ namespace, ready: { port } }) =>
        linksUp(this.#lab.netns(namespace), port, LINKS_MS, this.#signal),
      ),
    );
    await this.#run(own.filter(which));
  }

  async #run(services: readonly ReferenceService[]): Promise<void> {
    const started = services.map(this.#startOne);
    this.#services.push(...started);
    await Promise.all(started.map((service) => service.ready(this.#signal)));
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
    const { promise: enough, resolve, reject } = Promise.withResolvers<Path[]>();
    let answered = 'no answer';
    const ask = async (): Promise<void> => {
      try {
        const paths = await client.paths(src, dst);
        answered = `${paths.length} paths`;
        if (isEnough(paths)) resolve(paths);
      } catch (error) {
        if (!(error instanceof DaemonError)) reject(error);
        answered = String(error);
      }
    };
    // Aborted, it is the signal's own reason that matters.
    const sleep = (ms: number) => setTimeout(ms, undefined, { signal: this.#signal }).catch(() => {});
    for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, MAX_POLL_MS)) {
      this.#signal.throwIfAborted();
      // A look-up that waits for a service out of reach holds up those alone that began with it: the next may be quick.
      const next = Promise.race([ask().then(() => sleep(pause)), sleep(MAX_POLL_MS)]);
      const paths = await Promise.race([enough, next]);
      if (paths !== undefined) return paths;
      if (performance.now() > deadline) {
        throw new LabError(
          `the daemon of ${src} does not know enough paths to ${dst} after ${deadlineMs} ms: ${answered}`,
        );
      }
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

  /** What the services know now is worth keeping for a control plane of the same configuration. */
  hasLearned(): void {
    this.#learnedAt = new Date();
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
    if (this.#learnedAt !== undefined) this.#kept?.keep(this.folder, this.#learnedAt);
    this.#learnedAt = undefined;
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
