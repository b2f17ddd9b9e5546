/** What a workload can ride on from cluster to cluster. One file each, one interface. */
import type { Lab } from '../emulator/lab.ts';
import type { NodePlan, PodPlan } from '../emulator/plan.ts';
import type { ClusterObjects } from '../k8s/changes.ts';
import type { TransportName } from '../scenario/model.ts';

/** Where packets from one pod to another go right now. */
export interface Route {
  /** ISD-ASes in the order of travel; ends early where the packets end. */
  readonly ases: readonly string[];
  /** They end where the pod is. */
  readonly arrives: boolean;
  readonly source: 'bgp' | 'scion';
}

/** A transport at work in a lab. */
export interface Attached {
  /** Which of several programs that could do it does, with its version. */
  readonly implementation?: string;
  route(from: PodPlace, to: PodPlace): Promise<Route>;
  /** Reason → packets that the dataplane dropped since it was attached; empty without a BPF dataplane. */
  drops(): Readonly<Record<string, number>>;
  /** Reason → packets whose path or header a router refused since then, whoever finishes them; absent without a BPF dataplane. */
  refused?(): Readonly<Record<string, number>>;
  /** Other path policies and labels of pods are in force in a cluster, until `detach`; absent where nothing heeds them. */
  apply?(cluster: string, objects: ClusterObjects): Promise<void>;
  /** Ends what this process does for it; what is attached goes on by itself. */
  release(): void;
  /** After `release`: a process of the lab's own does from now on what this one did. */
  leave?(): Promise<void>;
  /** Takes away all that attaching made: the next transport finds the lab as this one did. */
  detach(): Promise<void>;
}

export interface Transport {
  readonly name: TransportName;
  /** For people: what carries the packets. */
  readonly about: string;
  /** What takes long and can be had before the first pass, once a lab. Nothing in the lab feels it. */
  load?(lab: Lab): Promise<void>;
  /** Attaches what this transport needs and nothing else. A lab in which this fails can only be taken down. */
  attach(lab: Lab): Promise<Attached>;
}

export interface PodPlace {
  readonly pod: PodPlan;
  readonly node: NodePlan;
}
