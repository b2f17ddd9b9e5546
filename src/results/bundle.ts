/**
 * The bundle: everything a run leaves behind, data first. `report` reads nothing else.
 *
 *   manifest.json                     what ran, on what, from which inputs
 *   topology.json                     the drawn graph and the paths that each pass used
 *   inputs/…                          the files that were read, byte for byte
 *   events.ndjson                     TimelineRecord a line
 *   samples/<pass>/<name>.ndjson      one sample a line; the workload's kind says which
 *   samples/<pass>/wires.ndjson       WireSample a line, every 100 ms
 *   samples/<pass>/observed.ndjson    ObservedPacket a line: what arrived at the observer
 *   samples/<pass>/replays.ndjson     ReplayRecord a line: what attackers sent again, and what became of it
 *   captures/<pass>/<link>.pcap       frames as they crossed the wire
 *   logs/<service>.log                what the reference SCION services wrote, where they ran
 *   summary.json                      metrics of each pass and of each transport
 *   verdicts.json                     assertions with the numbers that decided them
 *   charts/*.png, report.html         made from the above, by `cilion report` again at any time
 *
 * All times `t` are seconds from the start of their pass, on the machine's monotonic clock.
 */
import type { Comparison, MetricName, TransportName, Workload } from '../scenario/model.ts';
import type { Alteration } from '../scion/altered-packet.ts';
import type { LinkKind } from '../topology/model.ts';

export const BUNDLE_SCHEMA = 1;

/** One replay of the timeline over one transport. Its id is `<transport>-<repetition>`, repetition from 1. */
export interface Pass {
  readonly id: string;
  readonly transport: TransportName;
  readonly repetition: number;
  /** Which of several programs that can be the transport was; absent where there is one. */
  readonly implementation?: string;
  /** Wall clock at t = 0, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Seconds from the start at which it was broken off because a part of the run had ended; absent when it was whole. */
  readonly brokenOffAt?: number;
  /** What the machine did meanwhile; absent where the kernel does not tell. */
  readonly load?: MachineLoad;
}

/** Shares between 0 and 1 over a pass, of all cores together but for `waiting`. */
export interface MachineLoad {
  readonly idle: number;
  /** Time that the hypervisor gave to others. */
  readonly steal: number;
  /** Share of the time in which some process waited for a core (pressure stall information); null without it. */
  readonly waiting: number | null;
}

export interface Manifest {
  readonly schema: typeof BUNDLE_SCHEMA;
  readonly runId: string;
  readonly scenario: {
    readonly name: string;
    readonly title: string;
    readonly question: string;
    readonly file: string;
  };
  readonly command: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Length of one pass. */
  readonly durationSeconds: number;
  readonly repeat: number;
  readonly seed: number;
  readonly transports: readonly TransportName[];
  readonly workloads: readonly Workload[];
  readonly passes: readonly Pass[];
  readonly controlPlane: string;
  readonly bgp: { readonly holdSeconds: number; readonly bfd: boolean };
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** Tool → version: cilion, node, kernel, bird, iperf3, irtt, clang, libbpf. */
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryBytes: number };
  /** BPF object file → SHA-256, hex. */
  readonly bpf: Readonly<Record<string, string>>;
  /** What was used where there is a choice: shaping, AES, checksum offload … */
  readonly mechanisms: Readonly<Record<string, string>>;
  readonly inputs: readonly { readonly path: string; readonly sha256: string; readonly copy: string }[];
  /** Seconds spent outside the passes, by stage: plan, build, converge, measure wires, teardown … */
  readonly stageSeconds: Readonly<Record<string, number>>;
  /** Empty when the run can be trusted; else why not (a process died, events were late …). */
  readonly invalid: readonly string[];
  /**
   * Of these, all that is wrong is that the machine was too busy, so that the same run may well be valid when it is
   * repeated. Absent in bundles of older versions.
   */
  readonly tooBusy?: boolean;
}

export interface TopologyRecord {
  readonly ases: readonly {
    readonly ia: string;
    readonly isd: number;
    readonly core: boolean;
    readonly label: string | null;
    /** Name of the cluster at this AS. */
    readonly cluster: string | null;
    /** It hijacks or leaks in this scenario. */
    readonly attacker: boolean;
    readonly prefix: string;
  }[];
  readonly links: readonly {
    readonly id: string;
    readonly kind: LinkKind;
    readonly a: string;
    readonly b: string;
    /** One-way delay a→b, milliseconds. */
    readonly delayMs: number;
  }[];
  /** Where packets of a pass went, by phase of the timeline. */
  readonly paths: readonly PathRecord[];
}

export interface PathRecord {
  readonly pass: string;
  /** Seconds from the start of the pass at which the path was read off. */
  readonly t: number;
  readonly phase: 'before' | 'during' | 'after';
  /** `cluster/pod`. */
  readonly from: string;
  readonly to: string;
  /** ISD-ASes in the order of travel; ends early where the packets end. */
  readonly ases: readonly string[];
  /** The packets reach `to`. */
  readonly arrives: boolean;
  /** How it is known: `bgp` best routes followed AS by AS, `scion` path in the packet header. */
  readonly source: 'bgp' | 'scion';
}

export interface TimelineRecord {
  readonly pass: string;
  readonly event: string;
  /** A sentence for people: `2-ff00:0:260 announces 10.2.0.0/17 and 10.2.128.0/17`. */
  readonly text: string;
  /** Planned, begun, done: seconds from the start of the pass. `planned` is null for what nobody planned: `process.ended`. */
  readonly planned: number | null;
  readonly started: number;
  readonly finished: number;
  readonly error: string | null;
}

/** Bytes that the receiver's TCP delivered in [t − interval, t). */
export interface TcpSample {
  readonly t: number;
  readonly interval: number;
  readonly bytes: number;
}

/** One probe; `t` is when it was sent. */
export interface UdpSample {
  readonly t: number;
  readonly seq: number;
  /** Round trip, milliseconds; null when it was lost. */
  readonly rtt: number | null;
}

/** One request; `t` is when it began. */
export interface HttpSample {
  readonly t: number;
  /** Milliseconds to the last byte or to the failure. */
  readonly ms: number;
  readonly ok: boolean;
  readonly error: string | null;
}

/** Counters of one direction of one wire over [t − interval, t). */
export interface WireSample {
  readonly t: number;
  readonly interval: number;
  readonly link: string;
  readonly direction: 'ab' | 'ba';
  readonly packets: number;
  readonly bytes: number;
  /** Frames discarded by loss, queue or cut. */
  readonly dropped: number;
}

/** A packet of pods' traffic that arrived at the observer (the attacker). */
export interface ObservedPacket {
  readonly t: number;
  readonly link: string;
  readonly bytes: number;
  /** Outermost IP addresses, or ISD-AS and host for SCION. */
  readonly src: string;
  readonly dst: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'vxlan' | 'wireguard' | 'scion' | 'other';
  /** A marker that the workloads put into their payload stands there in clear text. */
  readonly readable: boolean;
  /** Names of the workloads between whose pods it was on its way; absent for others, and where nobody can see into it. */
  readonly workloads?: readonly string[];
}

/** Captured packets of pods that an attacker sent again, as they were or altered. */
export interface ReplayRecord {
  /** When the first was sent. */
  readonly t: number;
  readonly by: string;
  readonly alter: Alteration;
  readonly sent: number;
  /** Arrived at the pods that they were for. The originals had not: the attacker swallowed them. */
  readonly delivered: number;
  /** Reason → packets that a router refused meanwhile. */
  readonly refused: Readonly<Record<string, number>>;
}

export type Metrics = Readonly<Partial<Record<MetricName, number | null>>>;

export interface Summary {
  readonly passes: readonly {
    readonly pass: string;
    /** Phase name → metrics by workload name; metrics of the observer and of diversion stand under `''`. */
    readonly phases: Readonly<Record<Phase, Readonly<Record<string, Metrics>>>>;
    /** BPF drop reason → packets, over the whole pass; only for passes with a BPF dataplane. */
    readonly drops: Readonly<Record<string, number>>;
  }[];
}

/** `during` runs from the first attack, cut or change of a link to the last withdrawal or restore. */
export type Phase = 'before' | 'during' | 'after';

export interface PhaseWindow {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

export interface Verdict {
  readonly name: string;
  readonly transport: TransportName;
  readonly metric: MetricName;
  readonly workload: string | null;
  /** Topology link id, where only what arrived over it counts. */
  readonly link?: string;
  readonly from: number;
  readonly to: number;
  readonly comparison: Comparison;
  readonly expected: number;
  readonly unit: string;
  /** One number a repetition; null where the metric could not be had. */
  readonly actual: readonly { readonly pass: string; readonly value: number | null }[];
  /** It holds only when every repetition holds. */
  readonly holds: boolean;
}

export interface Verdicts {
  readonly verdicts: readonly Verdict[];
  readonly holds: boolean;
}
