/**
 * The bundle of a bench, data first:
 *
 *   manifest.json         what ran, on what, with which settings
 *   samples.ndjson        one measurement a line, in the order in which they were made (their kind says what a line is)
 *   summary.json          ratios and verdicts, made from the samples
 *   report.html           made from the above, by `cilion bench report` again at any time
 */
import type { Manifest } from '../results/bundle.ts';
import type { BringupSample, BringupSummary } from './bringup-bundle.ts';
import type { GoodputSample, GoodputSummary, LatencySample, LatencySummary } from './chain-bundle.ts';
import type { Decision, GateRules } from './decision.ts';
import type { Interval } from './resampling.ts';

export const BENCH_SCHEMA = 1;
/** Changes whenever figures of before and after are no longer comparable. */
export const HARNESS_VERSION = 1;

export const BENCH_KINDS = ['router', 'prog', 'gate', 'selftest', 'goodput', 'latency', 'bringup'] as const;
export type BenchKind = (typeof BENCH_KINDS)[number];

export interface BenchManifest
  extends Pick<
    Manifest,
    | 'runId'
    | 'command'
    | 'startedAt'
    | 'finishedAt'
    | 'seed'
    | 'git'
    | 'versions'
    | 'machine'
    | 'bpf'
    | 'mechanisms'
    | 'stageSeconds'
    | 'invalid'
  > {
  readonly schema: typeof BENCH_SCHEMA;
  readonly bench: BenchKind;
  readonly harness: typeof HARNESS_VERSION;
  readonly title: string;
  /** Everything that decides what was measured. */
  readonly settings: Readonly<Record<string, string | number | readonly string[] | readonly number[]>>;
  /** Shares over the whole bench; null where the kernel does not tell. */
  readonly load: { readonly idle: number; readonly steal: number; readonly waiting: number | null } | null;
  /** Of the three averages that uptime(1) shows, the first, before the bench began. */
  readonly loadAverageBefore: number;
}

/** One burst of frames through one subject. */
export interface RouterSample {
  readonly kind: 'burst';
  readonly block: number;
  readonly subject: string;
  readonly case: string;
  readonly cores: number;
  readonly frameBytes: number;
  readonly sent: number;
  readonly received: number;
  readonly stray: number;
  readonly wallNs: number;
  /** CPU time of the generating threads: generator, router and sink run on their account. */
  readonly cpuNs: number;
}

/** A rate offered to a subject that is overrun by a burst. */
export interface RateSample {
  readonly kind: 'rate';
  readonly block: number;
  readonly subject: string;
  readonly case: string;
  /** Packets a second. */
  readonly offered: number;
  readonly forwarded: number;
  readonly sent: number;
  /** Also those that arrived after the last was sent. */
  readonly received: number;
}

/** One program by BPF_PROG_RUN. */
export interface ProgSample {
  readonly kind: 'prog';
  readonly block: number;
  readonly program: string;
  readonly case: string;
  /** Nanoseconds a run, with what makes the packet new again before it. */
  readonly grossNs: number;
  /** Of that alone. */
  readonly restoreNs: number;
}

/** A pair of the gate: the same burst through both dataplanes, in random order. */
export interface PairSample {
  readonly kind: 'pair';
  /** Of the self-test; 0 otherwise. */
  readonly run: number;
  readonly block: number;
  readonly case: string;
  readonly first: 'a' | 'b';
  /** CPU time a packet, nanoseconds. */
  readonly aNs: number;
  readonly bNs: number;
}

export type BenchSample =
  | RouterSample
  | RateSample
  | ProgSample
  | PairSample
  | GoodputSample
  | LatencySample
  | BringupSample;

export interface RatioRow {
  readonly case: string;
  readonly cores: number;
  readonly frameBytes: number;
  /** Packets a second by subject: median and interval over blocks. */
  readonly rates: Readonly<Record<string, Interval>>;
  /** Throughput of `cilion` ÷ that of the subject. */
  readonly ratios: Readonly<Record<string, Interval>>;
  /** Of all sent to `cilion`, the share that did not arrive. */
  readonly loss: number;
}

export interface RouterSummary {
  readonly bench: 'router';
  readonly rows: readonly RatioRow[];
}

export interface ProgRow {
  readonly program: string;
  readonly case: string;
  /** Net of making the packet new again. */
  readonly ns: Interval;
  readonly instructions: number | null;
  readonly verdict: string;
}

export interface ProgramSize {
  readonly program: string;
  readonly jitedBytes: number;
  readonly verifiedInstructions: number;
}

export interface ProgSummary {
  readonly bench: 'prog';
  readonly rows: readonly ProgRow[];
  readonly programs: readonly ProgramSize[];
}

export interface GateSummary {
  readonly bench: 'gate';
  readonly against: { readonly ref: string; readonly commit: string };
  readonly rules: GateRules;
  readonly decision: Decision;
  /** Machine time of the measurement, seconds. */
  readonly seconds: number;
}

export interface PowerRow {
  /** Compiled in, relative: 0 is A against A. */
  readonly slowdown: number;
  /** As measured over all runs. */
  readonly measured: number;
  readonly runs: number;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Share of runs with the verdict `slower` (or, of A against A, `slower` or `faster`), with its 95 % interval. */
  readonly share: Interval;
  /** Median of a run, seconds. */
  readonly seconds: number;
  readonly blocks: number;
}

export interface SelftestSummary {
  readonly bench: 'selftest';
  readonly rules: GateRules;
  readonly rows: readonly PowerRow[];
}

export type BenchSummary =
  | RouterSummary
  | ProgSummary
  | GateSummary
  | SelftestSummary
  | GoodputSummary
  | LatencySummary
  | BringupSummary;
