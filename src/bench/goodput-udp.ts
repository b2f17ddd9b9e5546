/** UDP goodput with iperf3: one flow, datagrams as fast as the sender gets rid of them, counted where they arrive. */
import {
  ending,
  endNs,
  type Outcome,
  type Place,
  type Prepared,
  Programs,
  secondsFrom,
  type Window,
} from '../measure/workload.ts';

export interface UdpFlood {
  readonly name: string;
  /** Payload of a datagram, bytes: it must fit the narrowest transport's path, or fragments are measured. */
  readonly payloadBytes: number;
}

/** An interval of the receiver. */
export interface FloodSample {
  /** End of the interval, seconds from the window's start. */
  readonly t: number;
  readonly interval: number;
  readonly bytes: number;
  readonly datagrams: number;
  /** Numbers that were missing in what arrived. */
  readonly lost: number;
}

const INTERVAL_S = 0.1;
/** Lines of the last interval come after its end. */
const TAIL_NS = 150_000_000n;

/** Starts the iperf3 server. */
export async function prepareFlood(flood: UdpFlood, place: Place, signal: AbortSignal): Promise<Prepared<FloodSample>> {
  const programs = await Programs.of(flood.name, place, signal);
  const lines: { readonly atNs: bigint; readonly line: FloodLine }[] = [];
  await programs.startReady('server', serverArgv(place), /^Server listening/, {
    netns: place.serverNetns,
    onStdoutLine: (text) => {
      const line = parseFloodLine(text);
      // On its end iperf3 prints the last interval again.
      if (line !== null && line.from >= (lines.at(-1)?.line.to ?? 0))
        lines.push({ atNs: process.hrtime.bigint(), line });
    },
  });
  const run = (window: Window) =>
    ending(programs, async (): Promise<Outcome<FloodSample>> => {
      const client = programs.start('client', clientArgv(flood, place, window), { netns: place.clientNetns });
      await programs.until(endNs(window) + TAIL_NS, client);
      const samples = samplesOf(lines, window);
      return {
        samples,
        faults: samples.length === 0 ? [`${flood.name}: nothing arrived`] : [],
        starved: [],
      };
    });
  return { run, stop: () => programs.stop() };
}

interface FloodLine {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly datagrams: number;
  readonly lost: number;
}

/** `[  5]   0.10-0.20   sec  11.9 MBytes  998240 Kbits/sec  0.002 ms  12/10410 (0.12%)` */
const LINE = /^\[ *\d+\] +([\d.]+)-([\d.]+) +sec +[\d.]+ \w+ +([\d.]+) Kbits\/sec +[\d.]+ ms +(-?\d+)\/(\d+) /;

/** Parses an interval line of the receiver; null for any other. */
export function parseFloodLine(text: string): FloodLine | null {
  const match = LINE.exec(text);
  if (match === null) return null;
  const [from = 0, to = 0, kbps = 0, lost = 0, datagrams = 0] = match.slice(1).map(Number);
  return { from, to, bytes: Math.round((kbps * 1000 * (to - from)) / 8), datagrams, lost };
}

/** A line comes when its interval ends, never before: the earliest, seen from its interval, is the best clock. */
function samplesOf(
  lines: readonly { readonly atNs: bigint; readonly line: FloodLine }[],
  window: Window,
): FloodSample[] {
  const start = Math.min(...lines.map(({ atNs, line }) => secondsFrom(window.t0Ns, atNs) - line.to));
  return lines
    .map(({ line: { from, to, ...counts } }) => ({ t: start + to, interval: to - from, ...counts }))
    .filter(({ t, interval }) => t - interval >= 0 && t <= window.durationNs / 1e9);
}

function serverArgv({ serverAddress, port }: Place): string[] {
  const place = ['-B', serverAddress, '-p', String(port)];
  return ['iperf3', '-s', '-1', ...place, '-i', String(INTERVAL_S), '-f', 'k', '--forceflush'];
}

function clientArgv({ payloadBytes }: UdpFlood, { serverAddress, port }: Place, window: Window): string[] {
  const seconds = Math.max(0, secondsFrom(process.hrtime.bigint(), endNs(window)));
  const flood = ['-u', '-b', '0', '-l', String(payloadBytes), '--repeating-payload'];
  return ['iperf3', '-c', serverAddress, '-p', String(port), '-t', String(Math.ceil(seconds) + 60), ...flood];
}
