/** TCP goodput with iperf3, as the receiver measured it every 100 ms. */
import type { TcpSample } from '../results/bundle.ts';
import type { TcpWorkload } from '../scenario/model.ts';
import {
  clientArgv,
  INTERVAL_S,
  type IntervalLine,
  Intervals,
  parseInterval,
  serverArgv,
  TAIL_NS,
  whollyWithin,
} from './iperf3.ts';
import { pauses } from './starvation.ts';
import { ending, endNs, type Outcome, type Place, type Prepared, Programs, type Window } from './workload.ts';

/**
 * Linux's default, whatever this host prefers: a comparison of transports should not depend on it, and BBR, say, stops
 * for 200 ms every ten seconds to measure.
 */
export const CONGESTION_CONTROL = 'cubic';

/** A paced sender writes a block at least this often, so that every interval holds several. */
const BLOCKS_PER_SECOND = 100;
const MAX_BLOCK_BYTES = 128 * 1024;
const MIN_BLOCK_BYTES = 1000;

/** Starts the iperf3 server. */
export async function prepareTcp(
  workload: TcpWorkload,
  place: Place,
  signal?: AbortSignal,
): Promise<Prepared<TcpSample>> {
  const programs = await Programs.of(workload.name, place, signal);
  const parse = (text: string) => parseInterval(text, workload.flows);
  const received = new Intervals(parse);
  const sent = new Intervals(parse);
  // No data for a day is no reason to give up: a fault may last.
  const server = [...serverArgv(place), '--rcv-timeout', '86400000'];
  await programs.startReady('server', server, /^Server listening/, {
    netns: place.serverNetns,
    onStdoutLine: (line) => received.add(line),
  });
  const run = (window: Window) =>
    ending(programs, async () => {
      const client = programs.start('client', [...clientArgv(place, window), ...load(workload)], {
        netns: place.clientNetns,
        onStdoutLine: (line) => sent.add(line),
      });
      await programs.until(endNs(window) + TAIL_NS, client);
      if (programs.broken && received.count === 0) return { samples: [], faults: [], starved: [] };
      return outcome(workload, received, sent, programs.elapsed(window));
    });
  return { run, stop: () => programs.stop() };
}

/** What the client does; of its own bytes nothing is told, its lines say that it runs. */
function load(workload: TcpWorkload): string[] {
  const argv = ['-P', String(workload.flows), '--repeating-payload', '-C', CONGESTION_CONTROL];
  if (workload.rateBps === 0) return argv;
  const flowBps = Math.max(1, Math.round(workload.rateBps / workload.flows));
  const block = Math.round(flowBps / 8 / BLOCKS_PER_SECOND);
  return [...argv, '-b', String(flowBps), '-l', String(Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, block)))];
}

function outcome(
  workload: TcpWorkload,
  received: Intervals<IntervalLine>,
  sent: Intervals<IntervalLine>,
  window: Window,
): Outcome<TcpSample> {
  const seconds = window.durationNs / 1e9;
  const samples = received.samples(window);
  const starved = [
    ...starvedEnd(`${workload.name}: the receiver`, samples, seconds),
    ...starvedEnd(`${workload.name}: the sender`, sent.samples(window), seconds),
  ];
  return {
    samples: whollyWithin(samples, window),
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
