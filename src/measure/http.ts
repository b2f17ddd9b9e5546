/** HTTP requests at a fixed interval, each on a new connection, by two small Node programs of our own. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { HttpSample } from '../results/bundle.ts';
import type { HttpWorkload } from '../scenario/model.ts';
import type { Settings } from './http-client.ts';
import { ended, ending, endNs, type Place, type Prepared, Programs, type Window } from './workload.ts';

const SERVER = fileURLToPath(new URL('./http-server.ts', import.meta.url));
const CLIENT = fileURLToPath(new URL('./http-client.ts', import.meta.url));
/** Beyond the window's end and the last request's timeout. */
const OVERDUE_NS = 2_000_000_000n;

const Sample = z.object({ t: z.number(), ms: z.number(), ok: z.boolean(), error: z.string().nullable() });

/** Starts the HTTP server. */
export async function prepareHttp(
  workload: HttpWorkload,
  place: Place,
  signal?: AbortSignal,
): Promise<Prepared<HttpSample>> {
  const programs = await Programs.of(workload.name, place.directory, signal);
  const { serverAddress, port, serverNetns } = place;
  const argv = [process.execPath, SERVER, serverAddress, String(port), String(workload.responseBytes)];
  const server = await programs.startServer(argv, serverNetns, /^listening$/);
  const run = (window: Window) =>
    ending(programs, async () => {
      const faults: string[] = [];
      const stdoutFile = programs.file('samples.ndjson');
      const client = programs.start('client', [process.execPath, CLIENT, settings(workload, place, window)], {
        netns: place.clientNetns,
        stdoutFile,
      });
      const exit = await programs.until(endNs(window) + BigInt(Math.round(workload.timeoutNs)) + OVERDUE_NS, client);
      if (exit === 'late') faults.push(`${workload.name}: the client did not end by itself`);
      else if (exit.code !== 0) faults.push(await ended(client, exit));
      const serverExit = await programs.until(0n, server);
      if (serverExit !== 'late') faults.push(await ended(server, serverExit));
      return parseSamples(await readFile(stdoutFile, 'utf8'), workload, window, faults);
    });
  return { run, stop: () => programs.stop() };
}

function settings(workload: HttpWorkload, place: Place, window: Window): string {
  const all: Settings = {
    address: place.serverAddress,
    port: place.port,
    t0Ns: String(window.t0Ns),
    durationNs: window.durationNs,
    intervalNs: workload.intervalNs,
    timeoutNs: workload.timeoutNs,
    responseBytes: workload.responseBytes,
  };
  return JSON.stringify(all);
}

/** Reads the client's lines; requests end in another order than they began. */
export function parseSamples(
  text: string,
  workload: HttpWorkload,
  window: Window,
  faults: readonly string[] = [],
): { samples: HttpSample[]; faults: string[] } {
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
  const expected = Math.ceil(window.durationNs / workload.intervalNs);
  if (samples.length < expected) found.push(`${workload.name}: ${samples.length} requests began, not ${expected}`);
  return { samples, faults: found };
}
