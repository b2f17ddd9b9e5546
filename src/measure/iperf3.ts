/**
 * iperf3's interval lines, read as they come: its JSON has no start time finer than a second and comes only at the end.
 * Both ends run longer than the window and are ended by signal, so a connection that a fault has swallowed ends like any
 * other.
 */
import { endNs, type Place, secondsFrom, type Window } from './workload.ts';

export const INTERVAL_S = 0.1;
/** Lines of the last interval come after its end. */
export const TAIL_NS = 150_000_000n;
const LINES = ['-i', String(INTERVAL_S), '-f', 'k', '--forceflush'];

/** Serves one client, and prints a line for each interval. */
export function serverArgv({ serverAddress, port }: Place): string[] {
  return ['iperf3', '-s', '-1', '-B', serverAddress, '-p', String(port), ...LINES];
}

/** Runs longer than the window. */
export function clientArgv({ serverAddress, port }: Place, window: Window): string[] {
  const seconds = Math.max(0, secondsFrom(process.hrtime.bigint(), endNs(window)));
  return ['iperf3', '-c', serverAddress, '-p', String(port), '-t', String(Math.ceil(seconds) + 60), ...LINES];
}

/** One interval line: seconds from the test's start, and bytes that went by. */
export interface IntervalLine {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Of the receiver of datagrams. */
export interface DatagramLine extends IntervalLine {
  readonly datagrams: number;
  /** Numbers that were missing in what arrived. */
  readonly lost: number;
}

/** Which flow, from and to when, at what rate; then what depends on protocol and end. */
const LINE = /^\[ *(\d+|SUM)\] +([\d.]+)-([\d.]+) +sec +[\d.]+ \w+ +([\d.]+) Kbits\/sec(.*)$/;
/** The client's lines go on with retransmissions and the window of each flow. */
const TCP_REST = /^(?: +\d+(?: +[\d.]+ \w+)?)? *$/;
/** Jitter, missing and all datagrams. */
const DATAGRAMS_REST = /^ +[\d.]+ ms +(-?\d+)\/(\d+) /;

/** Parses an interval line of either end of TCP flows, the sum's where there are several; null for any other. */
export function parseInterval(text: string, flows: number): IntervalLine | null {
  const { flow, rest = '', line } = parseLine(text) ?? {};
  if (line === undefined || (flow === 'SUM') !== flows > 1 || !TCP_REST.test(rest)) return null;
  return line;
}

/** Parses an interval line of the receiver of datagrams; null for any other. */
export function parseDatagrams(text: string): DatagramLine | null {
  const { rest = '', line } = parseLine(text) ?? {};
  const counts = DATAGRAMS_REST.exec(rest);
  if (line === undefined || counts === null) return null;
  return { ...line, datagrams: Number(counts[2]), lost: Number(counts[1]) };
}

/**
 * The rate, whole kbit/s over the interval's true length, is finer than the transfer column with its three digits; the
 * printed times are rounded to 10 ms.
 */
function parseLine(text: string): { flow: string; rest: string; line: IntervalLine } | undefined {
  const match = LINE.exec(text);
  if (match === null) return undefined;
  const [, flow = '', from, to, rate, rest = ''] = match;
  const [begin, end, kbps] = [Number(from), Number(to), Number(rate)];
  return { flow, rest, line: { from: begin, to: end, bytes: Math.round((kbps * 1000 * (end - begin)) / 8) } };
}

/** An interval on the window's clock: its end, seconds from the window's start, and its length. */
export type Timed<Line extends IntervalLine> = Omit<Line, 'from' | 'to'> & {
  readonly t: number;
  readonly interval: number;
};

/** The interval lines of one end, with when they came. */
export class Intervals<Line extends IntervalLine> {
  readonly #lines: { readonly atNs: bigint; readonly line: Line }[] = [];
  readonly #parse: (text: string) => Line | null;

  constructor(parse: (text: string) => Line | null) {
    this.#parse = parse;
  }

  get count(): number {
    return this.#lines.length;
  }

  add(text: string): void {
    const line = this.#parse(text);
    // On its end iperf3 prints the last interval again.
    if (line !== null && line.from >= (this.#lines.at(-1)?.line.to ?? 0))
      this.#lines.push({ atNs: process.hrtime.bigint(), line });
  }

  /** All of them, also those outside the window. */
  samples(window: Window): Timed<Line>[] {
    // A line comes when its interval ends, never before: the earliest, seen from its interval, is the best clock.
    const start = Math.min(...this.#lines.map(({ atNs, line }) => secondsFrom(window.t0Ns, atNs) - line.to));
    return this.#lines.map(({ line: { from, to, ...counts } }) => ({
      t: round(start + to),
      interval: round(to - from),
      ...counts,
    }));
  }
}

/** What began before the window, or ended after it, is not wholly of it. */
export function whollyWithin<Sample extends { readonly t: number; readonly interval: number }>(
  samples: readonly Sample[],
  { durationNs }: Window,
): Sample[] {
  return samples.filter(({ t, interval }) => t - interval >= 0 && t <= durationNs / 1e9);
}

/** To microseconds: more digits would be noise. */
function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
