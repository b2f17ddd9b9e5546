/**
 * TCP goodput with iperf3, as the receiver measured it every 100 ms.
 *
 * The server's interval lines are read as they come, because iperf3's JSON has no start time finer than a second and
 * comes only at the end. Both ends run longer than the window and are ended by signal, so a connection that a fault has
 * swallowed ends like any other.
 */
import type { TcpSample } from '../results/bundle.ts';
import type { TcpWorkload } from '../scenario/model.ts';
import { pauses } from './starvation.ts';
import {
  ending,
  endNs,
  type Outcome,
  type Place,
  type Prepared,
  Programs,
  secondsFrom,
  type Window,
} from './workload.ts';

/**
 * Linux's default, whatever this host prefers: a comparison of transports should not depend on it, and BBR, say, stops
 * for 200 ms every ten seconds to measure.
 */
export const CONGESTION_CONTROL = 'cubic';

const INTERVAL_S = 0.1;
/** Lines of the last interval come after its end. */
const TAIL_NS = 150_000_000n;
/** A paced sender writes a block at least this often, so that every interval holds several. */
const BLOCKS_PER_SECOND = 100;
const MAX_BLOCK_BYTES = 128 * 1024;
const MIN_BLOCK_BYTES = 1000;

/** One interval line: seconds from the test's start, bytes received, and when the line came. */
export interface IntervalLine {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Starts the iperf3 server. */
export async function prepareTcp(
  workload: TcpWorkload,
  place: Place,
  signal?: AbortSignal,
): Promise<Prepared<TcpSample>> {
  const programs = await Programs.of(workload.name, place, signal);
  const received = new Intervals(workload.flows);
  const sent = new Intervals(workload.flows);
  await programs.startReady('server', serverArgv(place), /^Server listening/, {
    netns: place.serverNetns,
    onStdoutLine: (line) => received.add(line),
  });
  const run = (window: Window) =>
    ending(programs, async () => {
      const client = programs.start('client', clientArgv(workload, place, window), {
        netns: place.clientNetns,
        onStdoutLine: (line) => sent.add(line),
      });
      await programs.until(endNs(window) + TAIL_NS, client);
      if (programs.broken && received.lines.length === 0) return { samples: [], faults: [], starved: [] };
      return outcome(workload, received, sent, programs.elapsed(window));
    });
  return { run, stop: () => programs.stop() };
}

function serverArgv({ serverAddress, port }: Place): string[] {
  // No data for a day is no reason to give up: a fault may last.
  return [
    'iperf3',
    '-s',
    '-1',
    '-B',
    serverAddress,
    '-p',
    String(port),
    '-i',
    String(INTERVAL_S),
    '-f',
    'k',
    '--forceflush',
    '--rcv-timeout',
    '86400000',
  ];
}

function clientArgv(workload: TcpWorkload, { serverAddress, port }: Place, window: Window): string[] {
  const seconds = Math.max(0, secondsFrom(process.hrtime.bigint(), endNs(window)));
  const argv = [
    'iperf3',
    '-c',
    serverAddress,
    '-p',
    String(port),
    '-t',
    String(Math.ceil(seconds) + 60),
    '-P',
    String(workload.flows),
    '--repeating-payload',
    '-C',
    CONGESTION_CONTROL,
    // Of its own bytes nothing is told: the lines say that it runs.
    '-i',
    String(INTERVAL_S),
    '-f',
    'k',
    '--forceflush',
  ];
  if (workload.rateBps === 0) return argv;
  const flowBps = Math.max(1, Math.round(workload.rateBps / workload.flows));
  const block = Math.round(flowBps / 8 / BLOCKS_PER_SECOND);
  return [...argv, '-b', String(flowBps), '-l', String(Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, block)))];
}

/** The client's lines go on with retransmissions and the window of each flow. */
const LINE = /^\[ *(\d+|SUM)\] +([\d.]+)-([\d.]+) +sec +[\d.]+ \w+ +([\d.]+) Kbits\/sec(?: +\d+(?: +[\d.]+ \w+)?)? *$/;

/**
 * Parses an interval line of either end; null for any other. The rate, whole kbit/s over the interval's true length, is
 * finer than the transfer column with its three digits; the printed times are rounded to 10 ms.
 */
export function parseInterval(text: string, flows: number): IntervalLine | null {
  const match = LINE.exec(text);
  if (match === null || (match[1] === 'SUM') !== flows > 1) return null;
  const [from, to, kbps] = [Number(match[2]), Number(match[3]), Number(match[4])];
  return { from, to, bytes: Math.round((kbps * 1000 * (to - from)) / 8) };
}

/** The interval lines of one end, with when they came. */
class Intervals {
  readonly lines: { readonly atNs: bigint; readonly interval: IntervalLine }[] = [];
  readonly #flows: number;

  constructor(flows: number) {
    this.#flows = flows;
  }

  add(text: string): void {
    const interval = parseInterval(text, this.#flows);
    // On its end iperf3 prints the last interval again.
    if (interval !== null && interval.from >= (this.lines.at(-1)?.interval.to ?? 0))
      this.lines.push({ atNs: process.hrtime.bigint(), interval });
  }

  /** In seconds from the window's start. */
  samples(window: Window): TcpSample[] {
    // A line comes when its interval ends, never before: the earliest, seen from its interval, is the best clock.
    const start = Math.min(...this.lines.map(({ atNs, interval }) => secondsFrom(window.t0Ns, atNs) - interval.to));
    return this.lines.map(({ interval }) => ({
      t: round(start + interval.to),
      interval: round(interval.to - interval.from),
      bytes: interval.bytes,
    }));
  }
}

function outcome(workload: TcpWorkload, received: Intervals, sent: Intervals, window: Window): Outcome<TcpSample> {
  const seconds = window.durationNs / 1e9;
  const samples = received.samples(window);
  const starved = [
    ...starvedEnd(`${workload.name}: the receiver`, samples, seconds),
    ...starvedEnd(`${workload.name}: the sender`, sent.samples(window), seconds),
  ];
  return {
    // What began before t0 is not wholly of this window.
    samples: samples.filter(({ t, interval }) => t - interval >= 0 && t <= seconds),
    faults: samples.length === 0 ? [`${workload.name}: the client never connected`] : [],
    starved,
  };
}

/** From its first line on, an end that runs prints one every interval, whatever the network does. */
function starvedEnd(who: string, lines: readonly TcpSample[], seconds: number): string[] {
  const times = lines.map(({ t }) => t);
  const first = times[0];
  if (first === undefined) return [];
  const activity = { what: 'line of its figures was printed', times, interval: INTERVAL_S };
  return pauses(activity, Math.max(0, first), seconds).map((text) => `${who}: ${text}`);
}

/** To microseconds: more digits would be noise. */
function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
