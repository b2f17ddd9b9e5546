/**
 * Where the links of this node end, as the kernel knows it: the device that leads to the neighbour, both hardware addresses.
 * In this process's network namespace. Asked again and again: a device can be replaced at either end.
 */
import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../process/process.ts';
import type { PlacedLink } from './link-places.ts';
import type { OwnInterface } from './node-view.ts';

/** From one answer of the kernel to the next question, while the neighbour's address is being resolved. */
const RESOLVING_MS = 20;
const RESOLVING_TRIES = 25;
/** From one failure to the next attempt. */
const RETRY_MS = 1000;
/** From one answer to the next question. */
const CHECK_MS = 5000;
const NO_NEIGHBOUR = 'NoNeighbour';
/** RFC 863: what the neighbour's kernel throws away, and resolves no address for. */
const DISCARD_PORT = 9;

/** Why a link does not work yet. */
export interface EndFault {
  readonly reason: string;
  readonly message: string;
}

type End = { readonly own: OwnInterface; readonly device: string } | { readonly fault: EndFault };

interface Entry {
  /** The part of the object that the end follows from. */
  readonly key: string;
  end?: End;
}

interface Route {
  readonly dev: string;
  readonly gateway?: string;
  readonly prefsrc?: string;
}

interface Device {
  readonly ifindex: number;
  readonly address: string;
  readonly mtu: number;
}

interface Neighbour {
  readonly lladdr?: string;
}

class Unresolved extends Error {
  readonly fault: EndFault;

  constructor(reason: string, message: string) {
    super(message);
    this.fault = { reason, message };
  }
}

export class LinkEnds {
  readonly #entries = new Map<string, Entry>();
  readonly #changed: () => void;
  #over = false;

  /** @param changed Told when an end is known, or why it is not. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Undefined while the kernel is being asked. */
  get(link: PlacedLink): End | undefined {
    return this.#entries.get(link.object.metadata.name)?.end;
  }

  /** Begins to ask for those that are new or other than before, forgets those that are gone. */
  follow(links: readonly PlacedLink[]): void {
    const names = new Set(links.map(({ object }) => object.metadata.name));
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#entries.delete(name);
    for (const link of links) {
      const { name } = link.object.metadata;
      const key = JSON.stringify([link.ifid, link.spec]);
      if (this.#entries.get(name)?.key === key) continue;
      const entry: Entry = { key };
      this.#entries.set(name, entry);
      void this.#resolve(name, entry, link);
    }
  }

  stop(): void {
    this.#over = true;
  }

  async #resolve(name: string, entry: Entry, link: PlacedLink): Promise<void> {
    const isWanted = () => !this.#over && this.#entries.get(name) === entry;
    while (isWanted()) {
      const now = await endOf(link).catch(faultyEnd);
      if (!isWanted()) return;
      if (isNews(now, entry.end)) {
        entry.end = now;
        this.#changed();
      }
      await sleep('fault' in now ? RETRY_MS : CHECK_MS, undefined, { ref: false });
    }
  }
}

/** A neighbour that is silent for a while has not moved: whether its link works is for others to judge. */
function isNews(now: End, before: End | undefined): boolean {
  if (before !== undefined && 'own' in before && 'fault' in now && now.fault.reason === NO_NEIGHBOUR) return false;
  return JSON.stringify(now) !== JSON.stringify(before);
}

function faultyEnd(error: unknown): End {
  if (error instanceof Unresolved) return { fault: error.fault };
  return { fault: { reason: 'Unknown', message: error instanceof Error ? error.message : String(error) } };
}

async function endOf({ ifid, role, spec }: PlacedLink): Promise<End> {
  const { underlay, mtu } = spec;
  const { remoteIP, remotePort, localIP, localPort = remotePort } = underlay;
  const [route] = await ip<Route>(
    ['route', 'get', remoteIP, ...(localIP === undefined ? [] : ['from', localIP])],
    () => {
      const from = localIP === undefined ? '' : ` from ${localIP}`;
      return new Unresolved('NoRoute', `the node has no route to ${remoteIP}${from}`);
    },
  );
  if (route === undefined || route.gateway !== undefined) {
    throw new Unresolved('NotOnLink', `${remoteIP} is not on a wire of this node: a router leads to it`);
  }
  const device = route.dev;
  const address = localIP ?? route.prefsrc;
  if (address === undefined) throw new Unresolved('NoAddress', `${device} has no address`);
  const [link] = await ip<Device>(['link', 'show', 'dev', device]);
  if (link === undefined) throw new Unresolved('NoDevice', `${device} has gone`);
  if (link.mtu < mtu) {
    throw new Unresolved('DeviceTooNarrow', `mtu is ${mtu}, and ${device} takes packets of ${link.mtu} bytes at most`);
  }
  const mac = await neighbour(remoteIP, device);
  return {
    device,
    own: {
      ifid,
      role,
      ifindex: link.ifindex,
      own: { address, port: localPort, mac: link.address },
      remote: { address: remoteIP, port: remotePort, mac },
      mtu,
    },
  };
}

/** Has the kernel ask for the neighbour's hardware address where it does not know it, or has not heard of it lately. */
async function neighbour(address: string, device: string): Promise<string> {
  await nudge(address);
  for (let tries = 0; tries < RESOLVING_TRIES; tries += 1) {
    const [known] = await ip<Neighbour>(['neigh', 'show', 'to', address, 'dev', device]);
    if (known?.lladdr !== undefined) return known.lladdr;
    await sleep(RESOLVING_MS, undefined, { ref: false });
  }
  throw new Unresolved(NO_NEIGHBOUR, `nobody on ${device} answers for ${address}`);
}

/** An empty datagram, to which the neighbour need not answer. */
function nudge(address: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = createSocket('udp4');
  const done = (): void => {
    socket.close();
    resolve();
  };
  socket.once('error', done);
  socket.send('', DISCARD_PORT, address, done);
  return promise;
}

async function ip<T>(argv: readonly string[], failed: (error: unknown) => Error = asError): Promise<readonly T[]> {
  try {
    return JSON.parse((await run(['ip', '-json', ...argv])).stdout || '[]') as T[];
  } catch (error) {
    throw failed(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
