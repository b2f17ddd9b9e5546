/** What the benches over chains of ASes leave in their bundles (bench-bundle.ts). */
import type { ControlPlaneKind } from '../scenario/model.ts';
import type { WindowLoad } from './chain-load.ts';
import type { ChainSubject } from './chain-subject-names.ts';
import type { Goal } from './goals.ts';
import type { Interval } from './resampling.ts';

interface ChainSample extends WindowLoad {
  readonly block: number;
  readonly controlPlane: ControlPlaneKind;
  /** ASes between the clusters. */
  readonly transits: number;
  readonly subject: ChainSubject;
  /** Length of the window over which the load was read, seconds. */
  readonly windowSeconds: number;
  /** Share of all cores that others kept busy for a moment before, when nothing of the bench ran. */
  readonly othersBusy: number;
  /** Sentences: what did not get to run when it should have, or brought nothing. */
  readonly starved: readonly string[];
}

/** One measurement of a pod's goodput. */
export interface GoodputSample extends ChainSample {
  readonly kind: 'goodput';
  /** `tcp-<flows>` or `udp`. */
  readonly traffic: string;
  /** Covered by the intervals below, seconds. */
  readonly seconds: number;
  /** What the receiver read in each interval of 100 ms that lies wholly in the window, bytes. */
  readonly intervalBytes: readonly number[];
  /** UDP alone: those that were sent, as far as their numbers tell, and of these those that did not arrive. */
  readonly datagrams?: number;
  readonly lost?: number;
}

/** Round trips over one subject. */
export interface LatencySample extends ChainSample {
  readonly kind: 'latency';
  /** `idle`, or `loaded`: a flow of TCP beside it. */
  readonly load: LatencyLoad;
  /** Bit/s of the flow of TCP, as its receiver saw it; 0 without one. */
  readonly loadBps: number;
  /** Microseconds, in the order in which probes were sent; null for one without an answer. */
  readonly rttUs: readonly (number | null)[];
}

export type LatencyLoad = 'idle' | 'loaded';

/**
 * By subject; a subject that was measured beside the reference services is `<name> (services)`. Ratios are within a block:
 * median and interval over blocks.
 */
export type BySubject<T> = Readonly<Record<string, T>>;

export interface GoodputRow {
  readonly transits: number;
  readonly traffic: string;
  /** Bit/s. */
  readonly rates: BySubject<Interval>;
  /** Seconds of a core a gigabit: what all cores did ÷ what arrived. */
  readonly costs: BySubject<Interval>;
  /** Goodput of `cilion` ÷ that of the subject. */
  readonly ratios: BySubject<Interval>;
  /** Of all datagrams, those that did not arrive; no entries for TCP. */
  readonly losses: BySubject<number>;
}

export interface GoodputSummary {
  readonly bench: 'goodput';
  readonly rows: readonly GoodputRow[];
  readonly goals: readonly Goal[];
  readonly disturbance: Disturbance;
}

/** How far the machine was somebody else's. */
export interface Disturbance {
  readonly measurements: number;
  /** Of these, those in which something did not get to run. */
  readonly starved: number;
  /** Share of all cores that others kept busy: median over measurements. */
  readonly othersBusy: number;
}

export interface LatencyRow {
  readonly transits: number;
  readonly load: LatencyLoad;
  /** Microseconds: quantiles of a block's round trips, of which the median over blocks. */
  readonly quantiles: BySubject<{ readonly p50: Interval; readonly p99: Interval; readonly p999: Interval }>;
  readonly losses: BySubject<number>;
  /** Bit/s of the TCP flow beside it, median over blocks. */
  readonly loadBps: BySubject<number>;
}

/** What each AS on the way adds to a round trip: slope of the straight line through the lengths, within a block. */
export interface PerTransitRow {
  readonly load: LatencyLoad;
  /** Microseconds. */
  readonly added: BySubject<Interval>;
  /** Of `cilion` ÷ that of the subject, over blocks in which both are positive. */
  readonly ratios: BySubject<Interval>;
}

export interface LatencySummary {
  readonly bench: 'latency';
  readonly rows: readonly LatencyRow[];
  readonly perTransit: readonly PerTransitRow[];
  readonly goals: readonly Goal[];
  readonly disturbance: Disturbance;
}
