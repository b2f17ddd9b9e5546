/** What the clusters of a lab are made of: one interface, one file each. */
import type { Journal } from '../../emulator/journal.ts';
import type { LabDirectory } from '../../emulator/lab-directory.ts';
import type { ExistingNamespaces } from '../../emulator/network.ts';
import type { ClusterPlan, NamespaceId } from '../../emulator/plan.ts';
import type { ClusterBackendName, InputFile } from '../../scenario/model.ts';
import type { ApiAccess } from '../api/client.ts';

/** Where clusters are made. */
export interface Site {
  readonly directory: LabDirectory;
  /** Everything that outlives a process is written here before it is made: taking the lab down needs nothing else. */
  readonly journal: Journal;
  readonly signal: AbortSignal;
  /** Told what is being done, as a sentence. */
  readonly progress: (message: string) => void;
  /** By the cluster's name: files whose services and path policies its API server gets. */
  readonly manifests?: ReadonlyMap<string, readonly InputFile[]>;
}

export interface RunningNode {
  /** In the cluster's API server. */
  readonly name: string;
  /** Of a process whose network namespace is the node's. */
  readonly pid: number;
}

export interface RunningCluster {
  readonly plan: ClusterPlan;
  /** By the namespace that the plan has for the node; empty where the lab makes the nodes' namespaces itself. */
  readonly nodes: ReadonlyMap<NamespaceId, RunningNode>;
  /** Likewise for pods: a process in each. */
  readonly pods: ReadonlyMap<NamespaceId, number>;
  /** Absent where there is no API server. */
  readonly kubernetes?: Kubernetes;
}

/** A cluster's API server and container runtimes, for its administrator. */
export interface Kubernetes {
  readonly access: ApiAccess;
  /** File for kubectl on the host. */
  readonly kubeconfig: string;
  /** Runs kubectl and returns what it prints. @throws LabError */
  kubectl(argv: readonly string[]): Promise<string>;
  /** Layer that every node has and an image's archive need not: `<digest>/<bytes>`. */
  readonly agentBase: string;
  /** Gives every node the image of an archive. @throws LabError */
  loadImage(archive: string): Promise<void>;
}

export interface ClusterBackend {
  readonly name: ClusterBackendName;
  /** For people. */
  readonly about: string;
  /** Where the lab's interface indices begin, where some of its namespaces have devices already. */
  readonly firstIfindex?: number;
  /** Before anything is made. @throws CilionError (exit code 2) that says what the machine lacks */
  require?(): Promise<void>;
  /** Makes what has to be there before the lab's network is. @throws LabError; what it has made stands in the journal then */
  create(clusters: readonly ClusterPlan[], site: Site): Promise<readonly RunningCluster[]>;
}

/** What the lab's network need not make. */
export function namespacesOf(clusters: readonly RunningCluster[]): ExistingNamespaces {
  return new Map(
    clusters.flatMap(({ nodes, pods }) => [
      ...[...nodes].map(([namespace, { pid }]) => [namespace, pid] as const),
      ...pods,
    ]),
  );
}
