/**
 * When a reference router's links work. BFD takes two to three seconds to find that out (RFC 5880 section 6.8.3: once a
 * second until a session is up), and until then the router tells whoever sends over a link that it is down, which a control
 * service believes for ten seconds.
 */
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { connectInNetns } from '../daemon/namespace-connection.ts';

/** The routers work for each answer, on the CPUs on which all else starts. */
const POLL_MS = 200;
/** Of links between ASes and of the routers of one's own AS (router/metrics.go). */
const GAUGE = /^router_(?:interface_up|sibling_reachable)\{[^}]*\} (\d+)$/gm;

/**
 * Resolves with true once all links of the router work, with false when some do not after so long: one may be cut.
 *
 * @param port of its metrics, on 127.0.0.1
 */
export async function linksUp(netns: string, port: number, patienceMs: number, signal: AbortSignal): Promise<boolean> {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; ) {
    signal.throwIfAborted();
    const states = [...(await metrics(netns, port)).matchAll(GAUGE)].map((match) => match[1]);
    if (states.length > 0 && states.every((state) => state === '1')) return true;
    await setTimeout(POLL_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

/** In the text format of Prometheus; empty while nobody answers. */
async function metrics(netns: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request(
    { path: '/metrics', createConnection: () => connectInNetns(netns, '127.0.0.1', port) },
    resolve,
  );
  asked.on('error', reject).end();
  try {
    return await text(await promise);
  } catch {
    return '';
  }
}
