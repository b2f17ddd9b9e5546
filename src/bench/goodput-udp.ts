/** UDP goodput with iperf3: one flow, datagrams as fast as the sender gets rid of them, counted where they arrive. */
import { clientArgv, Intervals, parseDatagrams, serverArgv, TAIL_NS, whollyWithin } from '../measure/iperf3.ts';
import { ending, endNs, type Outcome, type Place, type Prepared, Programs, type Window } from '../measure/workload.ts';

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

/** Starts the iperf3 server. */
export async function prepareFlood(flood: UdpFlood, place: Place, signal: AbortSignal): Promise<Prepared<FloodSample>> {
  const programs = await Programs.of(flood.name, place, signal);
  const received = new Intervals(parseDatagrams);
  await programs.startReady('server', serverArgv(place), /^Server listening/, {
    netns: place.serverNetns,
    onStdoutLine: (line) => received.add(line),
  });
  const run = (window: Window) =>
    ending(programs, async (): Promise<Outcome<FloodSample>> => {
      const argv = [
        ...clientArgv(place, window),
        '-u',
        '-b',
        '0',
        '-l',
        String(flood.payloadBytes),
        '--repeating-payload',
      ];
      const client = programs.start('client', argv, { netns: place.clientNetns });
      await programs.until(endNs(window) + TAIL_NS, client);
      const samples = whollyWithin(received.samples(window), window);
      return {
        samples,
        faults: samples.length === 0 ? [`${flood.name}: nothing arrived`] : [],
        starved: [],
      };
    });
  return { run, stop: () => programs.stop() };
}
