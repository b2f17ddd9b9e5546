/**
 * The agent of one node of a real cluster: what the API server says of the node's pods, of path policies, links and other
 * clusters, brought into the node's maps, and what is in force brought into their status. Each node's agent works alone;
 * all write the same status.
 */
import { isIPv4 } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import type { ApiClient } from '../api/client.ts';
import { type ApiObject, Collection } from '../api/collection.ts';
import { GROUP, VERSION } from '../crd/definitions.ts';
import { pathPolicySpec, toPolicy } from '../crd/path-policy.ts';
import type { PathPolicy } from '../policy/model.ts';
import { type PolicyReport, reportOf } from '../policy/report.ts';
import type { PodSelector } from '../policy/selector.ts';
import { BegunPaths } from './begun-paths.ts';
import { faultOf, type ResourceObject, type Stated, statusOf, writeStatus } from './conditions.ts';
import { desiredState, Memory, type OwnPod } from './desired-state.ts';
import type { NodeAgent } from './node-agent.ts';
import { interfacesOf, type NodeView } from './node-view.ts';

interface PodObject extends ApiObject {
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

/** What a node sees of the world beside pods and policies. */
export interface Wan {
  /** The same object as long as nothing of it has changed. */
  readonly view: NodeView;
  /** Interfaces of the AS that end somewhere in the cluster, whether they work yet or not: from every node the same. */
  readonly interfaces: readonly number[];
  /** What there is to say of the objects that the view has been made of. */
  findings(pathsTo: (ia: IsdAs) => readonly Path[]): readonly Stated[];
}

/** The world at one moment, and what follows from it. */
interface Seen extends Pick<Wan, 'view' | 'interfaces'> {
  readonly destinations: readonly IsdAs[];
  /** Paths that begin with a link that works. */
  readonly usable: BegunPaths;
  /** Paths that a status speaks of: whichever node writes it, it says the same. */
  readonly stated: BegunPaths;
  readonly memory: Memory;
}

export interface ClusterAgentSettings {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly agent: NodeAgent;
  readonly wan: Wan;
  /** All paths from the node's AS to another, best first; the same object as long as they are the same. */
  readonly pathsTo: (ia: IsdAs) => readonly Path[];
  /** Told of a view that is another than before: the maps are to hold its links when it returns. */
  readonly onView?: (view: NodeView) => void;
  /** Told of the node's own pods after each reconciliation. */
  readonly onReconciled?: (pods: readonly OwnPod[], view: NodeView) => void;
  /** Told of what could not be done: it is tried again. */
  readonly failed: (error: unknown) => void;
}

const POLICIES = `/apis/${GROUP}/${VERSION}/scionpathpolicies`;
/** From a status that could not be written to the next attempt. */
const RETRY_MS = 1000;
/** Pods whose containers have ended keep their object, and their address is free for others. */
const ENDED: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Failed']);

export class ClusterAgent {
  readonly #settings: ClusterAgentSettings;
  readonly #pods: Collection<PodObject>;
  readonly #policies: Collection<ResourceObject>;
  #seen: Seen | undefined;
  readonly #ownPods = new WeakMap<PodObject, readonly OwnPod[]>();
  #known: ReadonlyMap<string, ReadPolicy> = new Map();
  readonly #reports = new WeakMap<PathPolicy, { paths: readonly (readonly Path[])[]; report: PolicyReport }>();
  /** What the status of an object says. */
  readonly #said = new WeakMap<ResourceObject, PolicyReport>();
  #scheduled = false;
  #running = false;
  #unreported: Round | undefined;
  #reporting: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;

  constructor(settings: ClusterAgentSettings) {
    this.#settings = settings;
    const { client, nodeName } = settings;
    const changed = () => this.refresh();
    this.#pods = new Collection(client, { path: '/api/v1/pods', fieldSelector: `spec.nodeName=${nodeName}` }, changed);
    this.#policies = new Collection(client, { path: POLICIES }, changed);
  }

  /** Resolves when the maps hold what the API server says at this moment. @throws when it cannot be asked */
  async start(): Promise<void> {
    await Promise.all([this.#pods.start(), this.#policies.start()]);
    this.#running = true;
    this.#reconcile();
  }

  /** What is in the maps stays there. */
  async stop(): Promise<void> {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#pods.stop();
    this.#policies.stop();
    await this.#reporting;
  }

  /** Something has changed, such as the paths. All that changes in one turn of the event loop is brought in at once. */
  refresh(): void {
    if (this.#scheduled || !this.#running) return;
    this.#scheduled = true;
    void setImmediate().then(() => {
      this.#scheduled = false;
      if (this.#running) this.#reconcile();
    });
  }

  /** A status that is written leaves the policy what it was: what has been worked out for it holds. */
  #readPolicies(): ReadPolicy[] {
    const read = this.#policies.objects.map((object) => {
      const known = this.#known.get(stateOf(object));
      return known === undefined ? policyOf(object) : { ...known, object };
    });
    this.#known = new Map(read.map((each) => [stateOf(each.object), each]));
    return read;
  }

  #ownPodsOf(object: PodObject): readonly OwnPod[] {
    const own = this.#ownPods.get(object) ?? ownPod(object);
    this.#ownPods.set(object, own);
    return own;
  }

  #reconcile(): void {
    const { agent, onReconciled, failed } = this.#settings;
    try {
      const seen = this.#look();
      const { view, usable, memory } = seen;
      const policies = this.#readPolicies();
      const pods = this.#pods.objects.flatMap((object) => this.#ownPodsOf(object));
      const intent = { pods, policies: policies.map(({ policy }) => policy) };
      agent.reconcile(desiredState(view, usable.to, intent, memory));
      onReconciled?.(pods, view);
      this.#report({ seen, policies });
    } catch (error) {
      failed(error);
      this.#tryAgain();
    }
  }

  #look(): Seen {
    const { wan, onView, pathsTo } = this.#settings;
    const { view, interfaces } = wan;
    const before = this.#seen;
    if (before?.view === view && before.interfaces === interfaces) return before;
    if (before?.view !== view) onView?.(view);
    this.#seen = {
      ...{ view, interfaces, memory: new Memory() },
      destinations: [...new Set(view.remotes.map(({ ia }) => ia))],
      usable: new BegunPaths(pathsTo, interfacesOf(view)),
      stated: new BegunPaths(pathsTo, interfaces),
    };
    return this.#seen;
  }

  /** One round after another: what changes while statuses are written begins the next one. */
  #report(round: Round): void {
    const idle = this.#unreported === undefined;
    this.#unreported = round;
    if (idle) this.#reporting = this.#reporting.then(() => this.#reportAll());
  }

  async #reportAll(): Promise<void> {
    for (let round = this.#unreported; round !== undefined; round = this.#unreported) {
      await this.#reportRound(round);
      if (this.#unreported === round) this.#unreported = undefined;
    }
  }

  async #reportRound(round: Round): Promise<void> {
    const { seen, policies } = round;
    for (const { policy, object, invalid } of policies) {
      const report = invalid ?? (await this.#reportOf(policy, seen));
      if (this.#unreported !== round) return;
      if (this.#said.get(object) === report) continue;
      if (await this.#write(stated(object, report))) this.#said.set(object, report);
    }
    for (const each of this.#settings.wan.findings(seen.stated.to)) await this.#write(each);
  }

  /** Resolves with whether the object's status says so now. */
  async #write({ kind, object, finding, rest }: Stated): Promise<boolean> {
    if (!this.#running) return false;
    try {
      const status = statusOf(object, finding, rest);
      if (status !== undefined) await writeStatus(this.#settings.client, kind, object, status);
      return true;
    } catch (error) {
      this.#settings.failed(error);
      this.#tryAgain();
      return false;
    }
  }

  /** Worked out anew only when paths have changed. */
  async #reportOf(policy: PathPolicy, { destinations, stated }: Seen): Promise<PolicyReport> {
    const paths = destinations.map(stated.to);
    const before = this.#reports.get(policy);
    const same = before?.paths.length === paths.length && before.paths.every((each, index) => each === paths[index]);
    if (before !== undefined && same) return before.report;
    // With hundreds of policies all of them take a while: pods come first.
    await setImmediate();
    const report = reportOf(policy, destinations, stated.to);
    this.#reports.set(policy, { paths, report });
    return report;
  }

  /** Nothing may change when the API server is back, or the machine has room again. */
  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.refresh(), RETRY_MS);
  }
}

interface ReadPolicy {
  readonly policy: PathPolicy;
  readonly object: ResourceObject;
  /** What there is to say where it cannot be used; then it blocks. */
  readonly invalid?: PolicyReport;
}

/** What statuses are to speak of. */
interface Round {
  readonly seen: Seen;
  readonly policies: readonly ReadPolicy[];
}

/** The same for the same policy with the same specification. */
function stateOf({ metadata }: ResourceObject): string {
  return `${metadata.uid} ${metadata.generation}`;
}

/**
 * The API server has checked it; what its rules cannot express is checked here. A policy that cannot be used lets nothing
 * pass: its pods must not be where it would have forbidden them.
 */
function policyOf(object: ResourceObject): ReadPolicy {
  const { namespace = 'default', name } = object.metadata;
  const spec = pathPolicySpec.safeParse(object.spec);
  if (spec.success) return { policy: toPolicy(namespace, name, spec.data), object };
  const { podSelector = {}, priority = 0 } = object.spec as { podSelector?: PodSelector; priority?: number };
  const policy: PathPolicy = {
    ...{ namespace, name, podSelector, priority, onUnsatisfied: 'Block' },
    constraints: { requireISDs: [] },
    strategy: { kind: 'LowestLatency' },
  };
  const message = faultOf(spec.error);
  return { policy, object, invalid: { satisfied: false, reason: 'Invalid', message, destinations: [] } };
}

/** None where it shares the node's addresses, has none that the maps can hold, or has ended. */
function ownPod({ metadata, spec, status = {} }: PodObject): OwnPod[] {
  const { podIP: address = '', phase } = status;
  if (spec.hostNetwork === true || !isIPv4(address) || ENDED.has(phase)) return [];
  return [{ namespace: metadata.namespace ?? 'default', address, labels: metadata.labels ?? {} }];
}

function stated(object: ResourceObject, { satisfied, reason, message, destinations }: PolicyReport): Stated {
  const finding = { type: 'Satisfied', holds: satisfied, reason, message };
  return { kind: 'ScionPathPolicy', object, finding, rest: { destinations } };
}
