/** TCP from this process into a network namespace. */
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { native } from '../../native.ts';

/**
 * Starts to connect from inside the namespace; listen for `connect` and `error` as with any socket.
 *
 * A socket belongs for good to the namespace in which its system call is made. Node makes the call at once, before
 * `connect` returns, only where the host's name is resolved by a lookup that answers at once: hence this lookup.
 *
 * @param address IPv4, numeric
 */
export function connectInNetns(netns: string, address: string, port: number): Socket {
  return native().inNetns(netns, () =>
    connect({
      host: 'in-namespace',
      port,
      autoSelectFamily: false,
      lookup: (_name, _options, found) => found(null, address, 4),
    }),
  );
}

/** Resolves once something accepts connections at the address; asks again while nothing does, or until aborted. */
export async function acceptsConnections(
  netns: string,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await accepts(connectInNetns(netns, address, port))) return;
    // Aborted, it is the signal's own reason that matters.
    await setTimeout(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Nobody tells when another process begins to listen. */
const RETRY_MS = 100;

function accepts(socket: Socket): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
