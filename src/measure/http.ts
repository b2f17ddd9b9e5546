/** HTTP requests at a fixed interval, each on a new connection, by two small Node programs of our own. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { HttpSample } from '../results/bundle.ts';
import type { HttpWorkload } from '../scenario/model.ts';
import type { Settings, Span } from './http-client.ts';
import { pauses, shortfall } from './starvation.ts';
import { ending, endNs, type Outcome, type Place, type Prepared, Programs, type Window } from './workload.ts';

const SERVER = fileURLToPath(new URL('./http-server.ts', import.meta.url));
const CLIENT = fileURLToPath(new URL('./http-client.ts', import.meta.url));
/**
 * V8's options for both. A collection of garbage stops requests, and the longer the fewer of its threads get a turn on a
 * busy machine (0.2 s was seen); with this much room none is needed for half a minute of fifty requests a second. And at
 * the 510th request V8 would have begun to optimise, which holds up three requests for 20 ms and more: every request costs
 * the same without, a fifth of a millisecond more.
 */
const UNDISTURBED = [
  ...['--min-semi-space-size=64', '--max-semi-space-size=64', '--single-threaded-gc'],
  ...['--no-opt', '--no-maglev'],
];
/** Beyond the window's end and the last request's timeout. */
const OVERDUE_NS = 2_000_000_000n;

const Sample = z.object({ t: z.number(), ms: z.number(), ok: z.boolean(), error: z.string().nullable() });

/** Starts the HTTP server, and the client, which takes longest to start, up to where it waits for its window. */
export async function prepareHttp(
  workload: HttpWorkload,
  place: Place,
  signal?: AbortSignal,
): Promise<Prepared<HttpSample>> {
  const programs = await Programs.of(workload.name, place, signal);
  const { serverAddress, port, serverNetns, clientNetns } = place;
  const file = programs.file('samples.ndjson');
  const serve = [process.execPath, ...UNDISTURBED, SERVER, serverAddress, String(port), String(workload.responseBytes)];
  const ask = [process.execPath, ...UNDISTURBED, CLIENT, settings(workload, place, file)];
  const options = { netns: clientNetns, takesLines: true, endsByItself: true, paced: true };
  const [client] = await Promise.all([
    programs.startReady('client', ask, /^ready$/, options),
    programs.startReady('server', serve, /^listening$/, { netns: serverNetns, paced: true }),
  ]);
  const run = (window: Window) =>
    ending(programs, async () => {
      const faults: string[] = [];
      client.running.send(JSON.stringify(spanOf(window)));
      const how = await programs.until(endNs(window) + BigInt(Math.round(workload.timeoutNs)) + OVERDUE_NS, client);
      if (how === 'late') faults.push(`${workload.name}: the client did not end by itself`);
      const measured = programs.elapsed(window);
      await client.running.stop();
      return parseSamples(await readFile(file, 'utf8'), workload, measured, faults);
    });
  return { run, stop: () => programs.stop() };
}

function settings(workload: HttpWorkload, place: Place, file: string): string {
  const all: Settings = {
    address: place.serverAddress,
    port: place.port,
    intervalNs: workload.intervalNs,
    timeoutNs: workload.timeoutNs,
    responseBytes: workload.responseBytes,
    file,
  };
  return JSON.stringify(all);
}

function spanOf({ t0Ns, durationNs }: Window): Span {
  return { t0Ns: String(t0Ns), durationNs };
}

/** Reads the client's lines; requests end in another order than they began, and those under way at a break are lost. */
export function parseSamples(
  text: string,
  workload: HttpWorkload,
  window: Window,
  faults: readonly string[] = [],
): Outcome<HttpSample> {
  const found = [...faults];
  const samples: HttpSample[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    try {
      samples.push(Sample.parse(JSON.parse(line)));
    } catch {
      found.push(`${workload.name}: not a sample: ${line.slice(0, 100)}`);
    }
  }
  samples.sort((a, b) => a.t - b.t);
  const seconds = window.durationNs / 1e9;
  const activity = { what: 'requests began', times: samples.map(({ t }) => t), interval: workload.intervalNs / 1e9 };
  const starved = [...pauses({ ...activity, what: 'request began' }, 0, seconds), ...shortfall(activity, seconds)];
  return { samples, faults: found, starved: starved.map((text) => `${workload.name}: ${text}`) };
}
