/** UDP round trips with irtt: one probe every interval, its payload the marker. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LabError } from '../errors.ts';
import type { UdpSample } from '../results/bundle.ts';
import type { UdpWorkload } from '../scenario/model.ts';
import { MARKER, UDP_HEADER_BYTES, UDP_MIN_PAYLOAD_BYTES } from './marker.ts';
import { pauses, shortfall } from './starvation.ts';
import { ending, endNs, type Place, type Prepared, Programs, secondsFrom, type Window } from './workload.ts';

/** After the last probe, answers are awaited for twice the longest round trip, or this long if there was none. */
const WAIT_MS = 1000;
/** The handshake is tried again after each of these, and after the last irtt gives up. */
const OPEN_TIMEOUTS = '200ms,200ms,200ms,400ms,1s,2s';
/** Beyond the expected end, before a client is ended by signal; it then still writes what it has. */
const OVERDUE_NS = 3_000_000_000n;

const Result = z.object({
  send_err: z.unknown().optional(),
  receive_err: z.unknown().optional(),
  round_trips: z.array(
    z.object({
      seqno: z.number(),
      lost: z.string(),
      timestamps: z.object({ client: z.object({ send: z.object({ wall: z.number(), monotonic: z.number() }) }) }),
      delay: z.object({ rtt: z.number().optional() }),
    }),
  ),
});

/**
 * Starts the irtt server.
 * @throws LabError when a payload is too small to hold the marker.
 */
export async function prepareUdp(
  workload: UdpWorkload,
  place: Place,
  signal?: AbortSignal,
): Promise<Prepared<UdpSample>> {
  if (workload.payloadBytes < UDP_MIN_PAYLOAD_BYTES) {
    throw new LabError(
      `${workload.name}: a payload of ${workload.payloadBytes} bytes; at least ${UDP_MIN_PAYLOAD_BYTES} hold irtt's header and the marker`,
    );
  }
  const programs = await Programs.of(workload.name, place, signal);
  await programs.startReady('server', serverArgv(place), /^\[ListenerStart\]/, {
    netns: place.serverNetns,
    paced: true,
  });
  const run = (window: Window) =>
    ending(programs, async () => {
      const faults: string[] = [];
      const wallToMonotonicNs = wallOffsetNs();
      const file = programs.file('irtt.json');
      const argv = clientArgv(workload, place, window, file);
      const client = programs.start('client', argv, { netns: place.clientNetns, endsByItself: true, paced: true });
      const how = await programs.until(endNs(window) + BigInt(WAIT_MS) * 1_000_000n + OVERDUE_NS, client);
      if (how === 'late') faults.push(`${workload.name}: the client did not end by itself`);
      const measured = programs.elapsed(window);
      await client.running.stop();
      const text = await readFile(file, 'utf8').catch(() => '');
      // Broken off before it had anything to write, or killed.
      if (programs.broken && text === '') return { samples: [], faults: [], starved: [] };
      const { samples, faults: found } = parseIrtt(text, workload.name, measured, wallToMonotonicNs, faults);
      // An irtt that is broken off complains of it.
      if (programs.broken) return { samples, faults: [], starved: [] };
      return { samples, faults: found, starved: samples.length === 0 ? [] : starved(workload, samples, measured) };
    });
  return { run, stop: () => programs.stop() };
}

function serverArgv({ serverAddress, port }: Place): string[] {
  // No lower bound on the interval, probes echoed as they are, and no end to a connection that a fault silences.
  return ['irtt', 'server', '-b', `${serverAddress}:${port}`, '-i', '0', '-d', '0', '--timeout=0', '--fill=none'];
}

function clientArgv(
  workload: UdpWorkload,
  { serverAddress, port, lateAnswers = false }: Place,
  window: Window,
  file: string,
): string[] {
  const ns = endNs(window) - process.hrtime.bigint();
  return [
    'irtt',
    'client',
    '-d',
    `${ns}ns`,
    '-i',
    `${Math.round(workload.intervalNs)}ns`,
    '-l',
    String(workload.payloadBytes),
    `--fill=pattern:${fillPattern(workload.payloadBytes).toString('hex')}`,
    // Timestamps of one clock: the round trip is then without the time spent inside the server.
    '--stats=none',
    '--tstamp=both',
    '--clock=monotonic',
    `--timeouts=${OPEN_TIMEOUTS}`,
    // An answer to what was sent again after seconds says nothing of how long the others take.
    `--wait=${lateAnswers ? '' : '2x'}${WAIT_MS}ms`,
    '-Q',
    '-o',
    file,
    `${serverAddress}:${port}`,
  ];
}

/**
 * What irtt repeats from packet to packet behind its own header: just as long as there is room, so that each packet
 * begins it anew and holds the marker whole.
 */
function fillPattern(payloadBytes: number): Buffer {
  return Buffer.alloc(payloadBytes - UDP_HEADER_BYTES, '.').fill(MARKER, 0, MARKER.length);
}

/** CLOCK_MONOTONIC − wall clock, nanoseconds; exact to microseconds by waiting for a millisecond's edge. */
function wallOffsetNs(): bigint {
  const before = Date.now();
  let wall = before;
  while (wall === before) wall = Date.now();
  return process.hrtime.bigint() - BigInt(wall) * 1_000_000n;
}

/**
 * Reads irtt's JSON. Wall time places the first probe, irtt's monotonic clock the others, so a clock that is set while
 * the run goes on shifts nothing.
 */
export function parseIrtt(
  text: string,
  name: string,
  window: Window,
  wallToMonotonicNs: bigint,
  faults: readonly string[] = [],
): { samples: UdpSample[]; faults: string[] } {
  const found = [...faults];
  const result = parse(text);
  if (typeof result === 'string') return { samples: [], faults: [...found, `${name}: irtt's output: ${result}`] };
  for (const error of [result.send_err, result.receive_err]) {
    if (error !== undefined && error !== null) found.push(`${name}: irtt stopped: ${JSON.stringify(error)}`);
  }
  const first = result.round_trips[0]?.timestamps.client.send;
  if (first === undefined) return { samples: [], faults: [...found, `${name}: irtt sent no probe`] };
  // Wall nanoseconds exceed what a number holds exactly, by less than a microsecond.
  const zero = secondsFrom(window.t0Ns, BigInt(first.wall) + wallToMonotonicNs) - first.monotonic / 1e9;
  const samples = result.round_trips
    .map(({ seqno, lost, timestamps, delay }) => ({
      t: Math.round((zero + timestamps.client.send.monotonic / 1e9) * 1e6) / 1e6,
      seq: seqno,
      rtt: lost === 'false' && delay.rtt !== undefined ? delay.rtt / 1e6 : null,
    }))
    .filter(({ t }) => t >= 0 && t < window.durationNs / 1e9);
  return { samples, faults: found };
}

/** irtt leaves out what it is too late for. */
export function starved({ name, intervalNs }: UdpWorkload, samples: readonly UdpSample[], window: Window): string[] {
  const seconds = window.durationNs / 1e9;
  const activity = { what: 'probes were sent', times: samples.map(({ t }) => t), interval: intervalNs / 1e9 };
  return [...pauses({ ...activity, what: 'probe was sent' }, 0, seconds), ...shortfall(activity, seconds)].map(
    (text) => `${name}: ${text}`,
  );
}

function parse(text: string): z.infer<typeof Result> | string {
  if (text === '') return 'there is none';
  try {
    const result = Result.safeParse(JSON.parse(text));
    return result.success ? result.data : z.prettifyError(result.error);
  } catch (error) {
    return (error as Error).message;
  }
}
