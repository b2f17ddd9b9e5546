/**
 * One GET every interval, each on a connection of its own. A program of its own, run by Node inside the client's
 * namespace; its one argument is Settings as JSON. Says `ready`, waits for a line with its Span, writes an HttpSample a
 * line as each request ends, and exits when the last one has.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { HttpSample } from '../results/bundle.ts';
import { MARKER } from './marker.ts';

export interface Settings {
  readonly address: string;
  readonly port: number;
  readonly intervalNs: number;
  readonly timeoutNs: number;
  readonly responseBytes: number;
  /** Where the samples go. */
  readonly file: string;
}

/** The window of time. */
export interface Span {
  /** CLOCK_MONOTONIC, nanoseconds, decimal. */
  readonly t0Ns: string;
  readonly durationNs: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as Settings;
const samples = createWriteStream(settings.file);
await once(samples, 'open');
console.log('ready');
const span = await readSpan();
const t0Ns = BigInt(span.t0Ns);
const durationS = span.durationNs / 1e9;
const now = (): number => Number(process.hrtime.bigint() - t0Ns) / 1e9;

/** Whoever started this says nothing when it ends before: then there is nothing to do. */
async function readSpan(): Promise<Span> {
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line) as Span;
  process.exit(0);
}

/** Requests keep to the grid of t0 + n × interval, whatever becomes of those before. */
function schedule(n: number): void {
  const at = (n * settings.intervalNs) / 1e9;
  if (at >= durationS) return;
  setTimeout(
    () => {
      void request();
      schedule(n + 1);
    },
    // Node cuts off fractions and counts from the last whole millisecond: one more, or a request begins before its time.
    Math.max(0, Math.ceil((at - now()) * 1000) + 1),
  );
}

async function request(): Promise<void> {
  const began = now();
  const error = await exchange().then(
    (body) => fault(body),
    (reason: NodeJS.ErrnoException) => reason.code ?? reason.message,
  );
  const sample: HttpSample = { t: began, ms: (now() - began) * 1000, ok: error === null, error };
  samples.write(`${JSON.stringify(sample)}\n`);
}

/** Resolves with the body of a response with status 200. */
function exchange(): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { address: host, port, timeoutNs } = settings;
  const request = get({ host, port, path: `/${MARKER}`, agent: false });
  const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutNs / 1e6);
  request.on('response', (response: IncomingMessage) => {
    if (response.statusCode !== 200) return request.destroy(new Error(`status ${response.statusCode}`));
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    return response.on('end', () => resolve(Buffer.concat(chunks)));
  });
  request.on('error', reject);
  return promise.finally(() => clearTimeout(timer));
}

function fault(body: Buffer): string | null {
  if (body.length !== settings.responseBytes) return `body of ${body.length} bytes`;
  return body.subarray(0, MARKER.length).toString() === MARKER.slice(0, body.length) ? null : 'body without the marker';
}

/** At once when the program was late: the grid's missed points are lost, and the workload reports it. */
schedule(Math.max(0, Math.ceil((now() * 1e9) / settings.intervalNs)));
