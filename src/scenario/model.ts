/** A scenario as plain immutable data: what is built, who talks to whom, what goes wrong when, what must hold. */
import type { Change, ClusterObjects } from '../k8s/changes.ts';
import type { PathPolicy } from '../k8s/policy/model.ts';
import type { Alteration } from '../scion/altered-packet.ts';
import type { IsdAs, Shape, Topology } from '../topology/model.ts';

/** In the order in which they run and are reported. */
export const TRANSPORT_NAMES = ['ip', 'vxlan', 'wireguard', 'sig', 'cilion'] as const;
export type TransportName = (typeof TRANSPORT_NAMES)[number];

/** Where SCION paths come from: scionproto's services, or the topology alone. */
export type ControlPlaneKind = 'reference' | 'computed';

/** What clusters are made of: network namespaces, or Kubernetes in containers. */
export const CLUSTER_BACKENDS = ['netns', 'kind'] as const;
export type ClusterBackendName = (typeof CLUSTER_BACKENDS)[number];

/** Nanoseconds from the start of a pass. */
export type Offset = number;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** The question that the run answers, in a sentence or two. */
  readonly question: string;
  /** The file it was read from, as given by the user. */
  readonly source: string;
  /** Every file that was read (scenario, topology, manifests), for the bundle. */
  readonly inputs: readonly InputFile[];
  readonly topology: Topology;
  /** What the files ask for and the lab does otherwise, as sentences. */
  readonly notes?: readonly string[];
  readonly controlPlane: ControlPlaneKind;
  /** Transit ASes whose packets the reference router forwards alone; none but with the reference control plane. */
  readonly referenceRouters: readonly IsdAs[];
  readonly clusters: readonly Cluster[];
  /** What the clusters are made of, as the command line asks; `netns` unless given. */
  readonly backend?: ClusterBackendName;
  readonly transports: readonly TransportName[];
  readonly bgp: BgpSettings;
  readonly workloads: readonly Workload[];
  readonly timeline: readonly TimelineEvent[];
  /** Links (topology link ids) whose frames are written to a pcap file. */
  readonly captures: readonly Capture[];
  readonly assertions: readonly Assertion[];
  /** Length of one pass. */
  readonly durationNs: number;
  /** Passes of each transport, interleaved. */
  readonly repeat: number;
  readonly seed: number;
}

export interface InputFile {
  readonly path: string;
  readonly text: string;
}

export interface BgpSettings {
  /** Hold time, whole seconds ≥ 3 (RFC 4271 section 4.2). */
  readonly holdSeconds: number;
  readonly bfd: boolean;
}

/** A Kubernetes cluster: an edge AS whose nodes are its border routers. */
export interface Cluster {
  readonly name: string;
  readonly ia: IsdAs;
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  /** Of its pods' packets to other clusters; only CilION heeds them. */
  readonly policies: readonly PathPolicy[];
  /** What all of these were read from. */
  readonly manifests?: readonly InputFile[];
}

export interface ClusterNode {
  readonly name: string;
  /** The AS's interfaces that this node terminates. */
  readonly interfaces: readonly number[];
}

export interface Pod {
  /** Unique within the cluster. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the node it runs on. */
  readonly node: string;
}

export interface Service {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
}

/** `cluster/pod`. */
export interface PodRef {
  readonly cluster: string;
  readonly pod: string;
}

interface WorkloadBase {
  readonly name: string;
  readonly from: PodRef;
  readonly to: PodRef;
}

/** iperf3 from `from` to `to`. */
export interface TcpWorkload extends WorkloadBase {
  readonly kind: 'tcp';
  readonly flows: number;
  /** Target rate over all flows, bit/s; 0 is as fast as TCP goes. */
  readonly rateBps: number;
}

/** irtt: one UDP round trip every interval. */
export interface UdpWorkload extends WorkloadBase {
  readonly kind: 'udp';
  readonly intervalNs: number;
  /** UDP payload, bytes. */
  readonly payloadBytes: number;
}

/** One HTTP GET every interval, each on a connection of its own. */
export interface HttpWorkload extends WorkloadBase {
  readonly kind: 'http';
  readonly intervalNs: number;
  readonly timeoutNs: number;
  /** Length of the response body, bytes. */
  readonly responseBytes: number;
}

export type Workload = TcpWorkload | UdpWorkload | HttpWorkload;

interface EventBase {
  readonly at: Offset;
}

/** `exact`: the victim's prefix; `more-specific`: its two halves; `forged-origin`: the prefix with the victim as origin AS. */
export type HijackType = 'exact' | 'more-specific' | 'forged-origin';

export interface HijackEvent extends EventBase {
  readonly event: 'bgp.hijack';
  readonly by: IsdAs;
  readonly victim: IsdAs;
  readonly type: HijackType;
}

/** The AS exports everything it knows to every neighbour (RFC 7908 type 1 to 4). */
export interface LeakEvent extends EventBase {
  readonly event: 'bgp.leak';
  readonly by: IsdAs;
}

/** Ends every hijack and leak by this AS; on an AS that attacks nobody, withdraws its own prefix. */
export interface WithdrawEvent extends EventBase {
  readonly event: 'bgp.withdraw';
  readonly by: IsdAs;
}

export interface CutEvent extends EventBase {
  readonly event: 'link.cut';
  /** Topology link id. */
  readonly link: string;
}

export interface RestoreEvent extends EventBase {
  readonly event: 'link.restore';
  readonly link: string;
}

export interface ShapeEvent extends EventBase {
  readonly event: 'link.shape';
  readonly link: string;
  /** What changes; the rest stays as it was. Both directions. */
  readonly shape: Partial<Shape>;
}

/** Runs a command in a namespace of the lab. */
export interface ExecEvent extends EventBase {
  readonly event: 'exec';
  /** An AS (`1-ff00:0:110`), a node (`cluster/node`) or a pod (`cluster/pod`). */
  readonly in: string;
  readonly argv: readonly string[];
}

/** Manifests that are applied to a cluster. */
export interface ApplyEvent extends EventBase {
  readonly event: 'apply';
  readonly cluster: string;
  /** What the manifests change, against what was in force until then. */
  readonly changes: readonly Change[];
  /** What is in force from then on. */
  readonly objects: ClusterObjects;
}

/** Packets of pods in SCION that were captured on the AS's wires, sent again from there: the last `count` of them. */
export interface ReplayEvent extends EventBase {
  readonly event: 'scion.replay';
  readonly by: IsdAs;
  readonly alter: Alteration;
  readonly count: number;
}

export type TimelineEvent =
  | HijackEvent
  | LeakEvent
  | WithdrawEvent
  | CutEvent
  | RestoreEvent
  | ShapeEvent
  | ExecEvent
  | ApplyEvent
  | ReplayEvent;

export interface Capture {
  /** Topology link id. */
  readonly link: string;
  /** Bytes kept of each frame. */
  readonly snapLength: number;
  /** Traffic that arrives at this end is what "the attacker received" counts. */
  readonly observer?: IsdAs;
}

/** Names of the metrics that assertions and the summary use; units in src/results/metrics.ts. */
export type MetricName =
  | 'udp.sent'
  | 'udp.lost'
  | 'udp.lossRatio'
  | 'udp.rttP50'
  | 'udp.rttP99'
  | 'tcp.goodput'
  | 'http.requests'
  | 'http.failures'
  | 'http.successRatio'
  | 'http.latencyP50'
  | 'http.latencyP99'
  | 'observer.packets'
  | 'observer.bytes'
  | 'observer.readablePackets'
  | 'replay.sent'
  | 'replay.delivered'
  | 'replay.refused'
  | 'diversion.after'
  | 'recovery.after';

export type Comparison = 'above' | 'atLeast' | 'below' | 'atMost' | 'equals';

export interface Assertion {
  /** The sentence that the assertion proves or refutes. */
  readonly name: string;
  readonly transport: TransportName;
  readonly metric: MetricName;
  /** Name of a workload, for metrics of workloads; of the observer, only packets between its pods count. */
  readonly workload?: string;
  /** Topology link id: of the observer, only what arrived over it counts. */
  readonly link?: string;
  readonly from: Offset;
  readonly to: Offset;
  readonly comparison: Comparison;
  /** In the metric's unit. */
  readonly value: number;
}
