/** A lab that runs: built from a plan, ended by destroying it. */
import { BgpPlane, type BgpSpeaker } from '../bgp/plane.ts';
import { native } from '../native.ts';
import { Watch } from '../process/watch.ts';
import { type ControlPlane, computedControlPlane, LAB_EXPIRY_SECONDS } from '../scion/control-plane.ts';
import { REVOCATION_MS } from '../scion/daemon/path-source.ts';
import {
  describeCrash,
  type PreparedControlPlane,
  prepareReferenceControlPlane,
  type ReferenceControlPlane,
  startReferenceControlPlane,
} from '../scion/reference/control-plane.ts';
import type { FollowedPaths } from '../scion/reference/followed-paths.ts';
import { learnPaths } from '../scion/reference/learn-paths.ts';
import type { Crash } from '../scion/reference/service.ts';
import type { InterfaceId, IsdAs, Topology } from '../topology/model.ts';
import { destroyLab } from './destroy.ts';
import { Journal } from './journal.ts';
import { LabDirectory } from './lab-directory.ts';
import { buildNetwork, type ExistingNamespaces } from './network.ts';
import type { Plan } from './plan.ts';
import { Wires } from './wires.ts';

export interface BuildOptions {
  readonly topology: Topology;
  /** The lab goes on after this process (`cilion up`). */
  readonly detached: boolean;
  /** The lab's id, where its maker chose one. */
  readonly id?: string;
  readonly signal: AbortSignal;
  /** Folder in which what the reference services learn is kept for labs of the same configuration; none: it is not. */
  readonly keptStates?: string;
  /** Makes, before the network, those of its namespaces that are not the lab's to make. */
  readonly clusters?: (directory: LabDirectory, journal: Journal) => Promise<ExistingNamespaces>;
}

interface Planes {
  readonly bgp: BgpPlane;
  readonly wires: Wires;
  readonly computed: ControlPlane;
}

/** Below the lab's folder: configuration, databases and logs of the reference services. */
export const SCION_FOLDER = 'scion';

type PathListener = (src: IsdAs, dst: IsdAs) => void;

export class Lab {
  readonly directory: LabDirectory;
  readonly plan: Plan;
  readonly bgp: BgpPlane;
  readonly wires: Wires;
  readonly #topology: Topology;
  readonly #computed: ControlPlane;
  readonly #pathListeners: PathListener[] = [];
  #reference: ReferenceControlPlane | undefined;
  /** Resolves when the reference services run. */
  #servicesStarted: Promise<void> = Promise.resolve();
  /** Whoever destroys the lab waits for nothing that is still starting. */
  readonly #destroyed = new AbortController();
  #followed: FollowedPaths | undefined;
  /** When a node of an AS last heard that an interface is down, performance.now(). */
  readonly #heardDown = new Map<string, number>();
  /** Every process of the lab, and whatever else joins it; a run in which one of them ended is invalid. */
  readonly watch = new Watch();

  private constructor(directory: LabDirectory, plan: Plan, topology: Topology, { bgp, wires, computed }: Planes) {
    this.directory = directory;
    this.plan = plan;
    this.bgp = bgp;
    this.wires = wires;
    this.#topology = topology;
    this.#computed = computed;
    for (const [name, process] of bgp.processes) this.watch.add(`BIRD of ${name}`, process);
    if (wires.process !== undefined) this.watch.add('the delay line of the wires', wires.process);
  }

  /** Everything of the plan, or nothing: what a failure left half-made is undone. */
  static async build(plan: Plan, options: BuildOptions): Promise<Lab> {
    const directory = LabDirectory.create(options.id);
    let reference: Promise<PreparedControlPlane> | undefined;
    try {
      const validity = { timestamp: Math.floor(Date.now() / 1000), expirySeconds: LAB_EXPIRY_SECONDS };
      directory.keep(plan, options.topology, validity);
      const journal = new Journal(directory);
      journal.record([{ kind: 'bpffs', path: directory.path('bpf') }]);
      native().mountBpffs(directory.path('bpf'));
      options.signal.throwIfAborted();
      if (plan.controlPlane === 'reference') {
        reference = prepareReferenceControlPlane(plan, directory.path(SCION_FOLDER), options);
        // Its failure is met below, where it is waited for, or the build has failed already.
        reference.catch(() => {});
      }
      const existing = await options.clusters?.(directory, journal);
      options.signal.throwIfAborted();
      await buildNetwork(plan, directory, journal, existing);
      options.signal.throwIfAborted();
      const [wires, bgp] = await Promise.all([
        Wires.start(plan, directory),
        BgpPlane.start(speakers(plan, directory), options),
      ]);
      const computed = computedControlPlane(options.topology, plan.seed, validity);
      const lab = new Lab(directory, plan, options.topology, { bgp, wires, computed });
      if (reference !== undefined) lab.#servicesStarted = lab.#startReference(options, reference);
      // Its failure is met by whoever waits for the services.
      lab.#servicesStarted.catch(() => {});
      directory.enter('running');
      return lab;
    } catch (error) {
      // It writes into the lab's folder.
      await reference?.catch(() => {});
      await destroyLab(directory);
      throw error;
    }
  }

  /** Where paths come from. The reference services, where the plan has them, know none before `learnPaths` has resolved. */
  get control(): ControlPlane {
    if (this.#followed !== undefined) return this.#followed;
    const { plan } = this;
    return plan.controlPlane === 'reference' ? { ...this.#computed, paths: () => [] } : this.#computed;
  }

  /**
   * Waits until the reference services run: they go on starting when the lab is built, since most of that is waiting.
   * @throws LabError when one does not
   */
  async servicesStarted(): Promise<void> {
    await this.#servicesStarted;
  }

  /** The reference services; undefined where paths are computed, and before `servicesStarted`. */
  get reference(): ReferenceControlPlane | undefined {
    return this.#reference;
  }

  /** Waits until the paths between the clusters are known, and tells the listeners. Computed paths are at once. */
  async learnPaths(): Promise<void> {
    await this.#servicesStarted;
    if (this.#reference === undefined || this.#followed !== undefined) return;
    const ases = this.plan.clusters.map(({ ia }) => ia);
    const onChange = (src: IsdAs, dst: IsdAs) => {
      for (const listener of this.#pathListeners) listener(src, dst);
    };
    const options = { topology: this.#topology, seed: this.plan.seed, computed: this.#computed, onChange };
    this.#followed = await learnPaths(this.#reference, ases, options);
    for (const src of ases) for (const dst of ases) if (src !== dst) onChange(src, dst);
  }

  /** Told from now on when `control` gives other paths between two ASes than before. */
  onPaths(listener: PathListener): void {
    this.#pathListeners.push(listener);
  }

  /**
   * A node of `src` has heard that an interface does not forward. Its daemon leaves the interface out for ten seconds;
   * routers repeat themselves with every packet, so it is told but once in that time.
   */
  interfaceDown(src: IsdAs, ia: IsdAs, ifid: InterfaceId): void {
    const key = `${src} ${ia}#${ifid}`;
    const now = performance.now();
    if (this.#followed === undefined || now - (this.#heardDown.get(key) ?? -Infinity) < REVOCATION_MS) return;
    this.#heardDown.set(key, now);
    // A daemon that does not answer is asked again with the next message.
    this.#followed.interfaceDown(src, ia, ifid).catch(() => this.#heardDown.delete(key));
  }

  /** A service that ends is started again, and the run goes on; one that cannot be is the end of it. */
  async #startReference(
    { topology, detached, signal }: BuildOptions,
    prepared: Promise<PreparedControlPlane>,
  ): Promise<void> {
    const options = {
      topology,
      detached,
      signal: AbortSignal.any([signal, this.watch.signal, this.#destroyed.signal]),
      onCrash: (crash: Crash) => {
        if (crash.restartInMs === undefined) this.watch.report(describeCrash(crash));
      },
    };
    const folder = this.directory.path(SCION_FOLDER);
    this.#reference = await startReferenceControlPlane(this, this.plan, folder, options, prepared);
  }

  /** Nothing of this process holds on to the lab any more. */
  release(): void {
    this.watch.close();
    this.#followed?.close();
    void this.#reference?.release();
    this.bgp.close();
    this.wires.close();
  }

  /** Lets it go on until `cilion destroy`. */
  leave(): void {
    this.directory.enter('left');
    this.release();
  }

  async destroy(): Promise<void> {
    this.#destroyed.abort();
    await this.#servicesStarted.catch(() => {});
    this.#followed?.close();
    await this.#reference?.stop();
    this.release();
    await destroyLab(this.directory);
  }

  netns(namespace: string): string {
    return this.directory.netns(namespace);
  }
}

/** The plan's routers with the places where they run in this lab. */
export function speakers(plan: Plan, directory: LabDirectory): BgpSpeaker[] {
  return plan.routers.map(({ namespace, ia, bgp }) => ({
    name: namespace,
    ia,
    netns: directory.netns(namespace),
    router: bgp,
    files: directory.path('bird', namespace),
  }));
}
