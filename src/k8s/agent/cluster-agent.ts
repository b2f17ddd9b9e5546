/**
 * The agent of one node of a real cluster: what the API server says of the node's pods and of path policies, brought into
 * the node's maps, and what is in force brought into the policies' status. Each node's agent works alone; all write the
 * same status.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../scion/end-to-end-path.ts';
import type { IsdAs } from '../../topology/model.ts';
import type { ApiClient } from '../api/client.ts';
import { type ApiObject, Collection } from '../api/collection.ts';
import { API_VERSION, GROUP, VERSION } from '../crd/definitions.ts';
import { pathPolicySpec, toPolicy } from '../crd/path-policy.ts';
import type { PathPolicy } from '../policy/model.ts';
import { type PolicyReport, reportOf } from '../policy/report.ts';
import type { PodSelector } from '../policy/selector.ts';
import { desiredState, type Memory, type OwnPod } from './desired-state.ts';
import type { NodeAgent } from './node-agent.ts';
import type { NodeView } from './node-view.ts';
import { WorkedOut } from './worked-out.ts';

interface PodObject extends ApiObject {
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

interface PolicyObject extends ApiObject {
  readonly spec: unknown;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly destinations?: unknown };
}

export interface ClusterAgentSettings {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly agent: NodeAgent;
  readonly view: NodeView;
  /** All paths from the node's AS to another, best first. */
  readonly pathsTo: (ia: IsdAs) => readonly Path[];
  /** Told of the node's own pods after each reconciliation. */
  readonly onReconciled?: (pods: readonly OwnPod[]) => void;
  /** Told of what could not be done: a status is written later; maps are, with the next change. */
  readonly failed: (error: unknown) => void;
}

const POLICIES = `/apis/${GROUP}/${VERSION}/scionpathpolicies`;
const MANAGER = 'cilion-agent';
/** From a status that could not be written to the next attempt. */
const RETRY_MS = 1000;
/** Pods whose containers have ended keep their object, and their address is free for others. */
const ENDED: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Failed']);

export class ClusterAgent {
  readonly #settings: ClusterAgentSettings;
  readonly #pods: Collection<PodObject>;
  readonly #policies: Collection<PolicyObject>;
  readonly #memory: Memory = new WorkedOut();
  readonly #known = new WeakMap<PolicyObject, ReadPolicy>();
  readonly #reports = new WeakMap<PathPolicy, { paths: readonly (readonly Path[])[]; report: PolicyReport }>();
  #scheduled = false;
  #running = false;
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
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#running) this.#reconcile();
    });
  }

  /** The same object is the same policy: what has been worked out for it holds. */
  #read(object: PolicyObject): ReadPolicy {
    const known = this.#known.get(object) ?? policyOf(object);
    this.#known.set(object, known);
    return known;
  }

  #reconcile(): void {
    const { agent, view, pathsTo, onReconciled, failed } = this.#settings;
    try {
      const policies = this.#policies.objects.map((object) => this.#read(object));
      const pods = this.#pods.objects.flatMap(ownPod);
      const intent = { pods, policies: policies.map(({ policy }) => policy) };
      agent.reconcile(desiredState(view, pathsTo, intent, this.#memory));
      onReconciled?.(pods);
      this.#reporting = this.#reporting.then(() => this.#report(policies));
    } catch (error) {
      failed(error);
    }
  }

  async #report(policies: readonly ReadPolicy[]): Promise<void> {
    const { failed } = this.#settings;
    for (const { policy, object, fault } of policies) {
      const status = statusOf(object, fault === undefined ? this.#reportOf(policy) : invalid(fault));
      if (status === undefined || !this.#running) continue;
      try {
        await this.#write(object, status);
      } catch (error) {
        failed(error);
        this.#tryAgain();
      }
    }
  }

  /** Worked out anew only when paths have changed. */
  #reportOf(policy: PathPolicy): PolicyReport {
    const { view, pathsTo } = this.#settings;
    const destinations = [...new Set(view.remotes.map(({ ia }) => ia))];
    const paths = destinations.map(pathsTo);
    const before = this.#reports.get(policy);
    if (before?.paths.every((each, index) => each === paths[index]) === true) return before.report;
    const report = reportOf(policy, destinations, pathsTo);
    this.#reports.set(policy, { paths, report });
    return report;
  }

  /** The API server may be away, and nothing may change when it is back. */
  #tryAgain(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.refresh(), RETRY_MS);
  }

  async #write({ metadata }: PolicyObject, status: object): Promise<void> {
    const { namespace = 'default', name } = metadata;
    await this.#settings.client.apply(
      `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/scionpathpolicies/${name}/status`,
      MANAGER,
      { apiVersion: API_VERSION, kind: 'ScionPathPolicy', metadata: { name, namespace }, status },
    );
  }
}

interface ReadPolicy {
  readonly policy: PathPolicy;
  readonly object: PolicyObject;
  /** Why it cannot be used; then it blocks. */
  readonly fault?: string;
}

/**
 * The API server has checked it; what its rules cannot express is checked here. A policy that cannot be used lets nothing
 * pass: its pods must not be where it would have forbidden them.
 */
function policyOf(object: PolicyObject): ReadPolicy {
  const { namespace = 'default', name } = object.metadata;
  const spec = pathPolicySpec.safeParse(object.spec);
  if (spec.success) return { policy: toPolicy(namespace, name, spec.data), object };
  const { podSelector = {}, priority = 0 } = object.spec as { podSelector?: PodSelector; priority?: number };
  const [issue] = spec.error.issues;
  const policy: PathPolicy = {
    ...{ namespace, name, podSelector, priority, onUnsatisfied: 'Block' },
    constraints: { requireISDs: [] },
    strategy: { kind: 'LowestLatency' },
  };
  return { policy, object, fault: `spec.${issue?.path.join('.')}: ${issue?.message}` };
}

function ownPod({ metadata, spec, status }: PodObject): OwnPod[] {
  if (spec.hostNetwork === true || status?.podIP === undefined || ENDED.has(status.phase)) return [];
  return [{ namespace: metadata.namespace ?? 'default', address: status.podIP, labels: metadata.labels ?? {} }];
}

/** Undefined where it stands there already. */
function statusOf(object: PolicyObject, report: PolicyReport): object | undefined {
  const { generation } = object.metadata;
  const before = object.status?.conditions?.find(({ type }) => type === 'Satisfied');
  const status = report.satisfied ? 'True' : 'False';
  const condition: Condition = {
    type: 'Satisfied',
    status,
    reason: report.reason,
    message: report.message,
    lastTransitionTime:
      before?.status === status ? before.lastTransitionTime : new Date().toISOString().replace(/\.\d+/, ''),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  const { destinations } = report;
  const same = isDeepStrictEqual([before, object.status?.destinations], [condition, destinations]);
  return same ? undefined : { conditions: [condition], destinations };
}

function invalid(message: string): PolicyReport {
  return { satisfied: false, reason: 'Invalid', message, destinations: [] };
}
