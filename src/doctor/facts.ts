/** What `cilion doctor` finds on a machine: plain data, read by machine.ts and trials.ts, judged by judgement.ts. */

/** Something that was done in a namespace that nobody else uses: `works`, else what came back; null: not tried. */
export type Trial = 'works' | { readonly failed: string } | null;

export interface Trials {
  /** A network and a mount namespace of their own. */
  readonly namespaces: Trial;
  readonly bpffs: Trial;
  readonly veth: Trial;
  /** A native XDP program on a veth. */
  readonly xdp: Trial;
  /** It became machine code; null where it was not loaded. */
  readonly compiled: boolean | null;
  /** A BPF filter at a clsact hook. */
  readonly tc: Trial;
  readonly bridge: Trial;
  readonly vxlan: Trial;
  readonly wireguard: Trial;
  /** A command confined as an `exec` event's is. */
  readonly confined: Trial;
}

export interface KernelFacts {
  /** As uname(1) prints it. */
  readonly release: string;
  readonly btf: boolean;
  /** Congestion controls of TCP that are there or can be loaded; null where the list cannot be read. */
  readonly congestionControls: readonly string[] | null;
  /** /dev/net/tun exists. */
  readonly tun: boolean;
}

export interface RightsFacts {
  readonly root: boolean;
  /** Needed capabilities that no process here can have, as setpriv(1) writes them. */
  readonly withheld: readonly string[];
}

export interface ProgramFacts {
  /** A command, or a file by its absolute path. */
  readonly proof: string;
  /** Null where it is not there. */
  readonly path: string | null;
  /** It is there, but in a folder that PATH lacks. */
  readonly outsidePath: boolean;
  /** Null where it does not say. */
  readonly version: string | null;
}

export interface NodeFacts {
  /** Of the Node that runs this. */
  readonly version: string;
  /** As package.json wants it. */
  readonly wanted: string;
  /** npm's packages are those of package-lock.json. */
  readonly packages: 'installed' | 'stale' | 'absent';
}

export interface GoFacts {
  readonly version: string | null;
  /** Of testbed/scion/go.mod. */
  readonly wanted: string;
  /** A C compiler named cc, which the build needs besides. */
  readonly cc: boolean;
}

export interface SizeFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly availableBytes: number;
  /** Where results and what is built go. */
  readonly diskFreeBytes: number;
  /** Where labs keep their state. */
  readonly runFreeBytes: number;
}

export interface NoiseFacts {
  /** As the kernel names it; null where it does not say. */
  readonly clockSource: string | null;
  /** Of the cores, each once; empty where the kernel does not set frequencies. */
  readonly governors: readonly string[];
  /** Null where the kernel does not say. */
  readonly boost: boolean | null;
  /** Two hardware threads share a core. */
  readonly siblings: boolean;
  readonly virtual: boolean;
  /** Share of the time since the start that a hypervisor gave to others, 0 to 1. */
  readonly steal: number;
  /** Processes that ran or waited for a core, average of the last minute. */
  readonly load: number;
}

export interface LabFacts {
  readonly atWork: readonly string[];
  readonly leftOver: readonly string[];
  /** Network namespaces named like a lab's, whose lab has no folder. */
  readonly orphans: readonly string[];
}

export interface MachineFacts {
  readonly kernel: KernelFacts;
  readonly rights: RightsFacts;
  readonly trials: Trials;
  readonly programs: readonly ProgramFacts[];
  readonly node: NodeFacts;
  readonly go: GoFacts;
  readonly size: SizeFacts;
  readonly noise: NoiseFacts;
  readonly labs: LabFacts;
}
