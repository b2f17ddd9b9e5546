/**
 * The reference router's half: everybody around it, each with a socket, and what it sends them. That it has discarded a
 * packet is known from what comes later: its one processor, its one slow-path processor and each of its links keep order.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { SocketAddress } from '../../../src/scion/topology-json.ts';
import { farDevice, INTERNAL, localEnd, ownLinks, type TestAs, wiresOf } from './autonomous-systems.ts';
import { type BasePacket, certainPackets, type Origin, originsOf, refusedPacket } from './base-packets.ts';
import { MARK_LENGTH } from './mutations.ts';
import { type SeenDatagram, UdpCapture } from './udp-capture.ts';

const MARK = 0xd1ff_e4e7;
/** Sequence numbers of packets that are surely answered; what is compared has smaller ones. */
const CERTAIN = 0x8000_0000;
const RESEND_MS = 200;
const PATIENCE_MS = 60_000;
/** Few enough for every queue on the way. */
export const BATCH = 192;

/** As it goes to both routers. */
export interface Probe extends BasePacket {
  readonly sequence: number;
}

export class ReferenceSide {
  readonly #as: TestAs;
  readonly #key: Uint8Array;
  readonly #sockets = new Map<string, Socket>();
  readonly #captures: UdpCapture[] = [];
  readonly #waiting = new Map<number, () => void>();
  #byFlow = new Map<number, number>();
  #seen = new Map<number, SeenDatagram[]>();
  #nextCertain = CERTAIN;

  private constructor(as: TestAs, key: Uint8Array) {
    this.#as = as;
    this.#key = key;
  }

  /** In the namespace around the router. */
  static async start(as: TestAs, key: Uint8Array): Promise<ReferenceSide> {
    const side = new ReferenceSide(as, key);
    const router = [INTERNAL.brA.address, ...ownLinks(as).map((link) => localEnd(link).address)];
    for (const { device } of wiresOf(as)) {
      side.#captures.push(await UdpCapture.start(farDevice(device), router, (seen) => side.#onSeen(seen)));
    }
    for (const { from } of originsOf(as)) side.#sockets.set(text(from), await bound(from));
    return side;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.values()) socket.close();
    await Promise.all(this.#captures.map((capture) => capture.stop()));
  }

  /** What the router sends for each of the probes, by their sequence numbers. They have one origin and are at most BATCH. */
  async outcomes(probes: readonly Probe[]): Promise<ReadonlyMap<number, readonly SeenDatagram[]>> {
    if (probes.length === 0) return new Map();
    this.#seen = new Map(probes.map(({ sequence }) => [sequence, []]));
    this.#byFlow = new Map(probes.map(({ sequence }) => [flowOf(sequence), sequence]));
    for (const { origin, bytes } of probes) await this.#send(origin, bytes);
    const now = Math.floor(Date.now() / 1000);
    const certain = certainPackets(this.#as, this.#key, now);
    // Its answer means that all before it have been looked at, also by the slow path.
    await this.#exchange(refusedPacket(this.#as, this.#key, probes[0]!.origin, now));
    for (const packet of certain) await this.#exchange(packet);
    return this.#seen;
  }

  /** Sends a packet, again if need be, until something comes of it. */
  async #exchange({ origin, bytes }: BasePacket): Promise<void> {
    const sequence = this.#nextCertain++;
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#waiting.set(sequence, () => resolve(true));
    const packet = mark(bytes, sequence);
    const deadline = performance.now() + PATIENCE_MS;
    do {
      assert.ok(
        performance.now() < deadline,
        `no answer to a packet from ${origin.name}: ${Buffer.from(packet).toString('hex')}`,
      );
      await this.#send(origin, packet);
    } while ((await Promise.race([promise, setTimeout(RESEND_MS, false, { ref: false })])) === false);
    this.#waiting.delete(sequence);
  }

  #send({ from, to }: Origin, bytes: Uint8Array): Promise<void> {
    const socket = this.#sockets.get(text(from))!;
    return new Promise((resolve, reject) => {
      socket.send(bytes, to.port, to.address, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** By its mark, which SCMP messages carry in their quote; else by its flow, which a cut packet still has. */
  #onSeen(seen: SeenDatagram): void {
    const sequence = markOf(seen.payload) ?? this.#byFlow.get(flowIn(seen.payload));
    if (sequence === undefined) return;
    if (sequence >= CERTAIN) this.#waiting.get(sequence)?.();
    else this.#seen.get(sequence)?.push(seen);
  }
}

async function bound({ address, port }: SocketAddress): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  socket.bind(port, address);
  await once(socket, 'listening');
  // Read, so that nothing is refused; what arrives is taken from the captures.
  socket.on('message', () => {});
  return socket;
}

/** With flow and mark of its sequence number. A cut packet keeps what is left of it. */
export function mark(bytes: Uint8Array, sequence: number, marked = true): Uint8Array {
  const packet = Uint8Array.from(bytes);
  const view = new DataView(packet.buffer);
  if (packet.length >= 4) view.setUint32(0, (view.getUint32(0) ^ flowOf(sequence)) >>> 0);
  if (marked) {
    view.setUint32(packet.length - MARK_LENGTH, MARK);
    view.setUint32(packet.length - 4, sequence);
  }
  return packet;
}

function markOf(payload: Uint8Array): number | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < MARK_LENGTH || view.getUint32(payload.length - MARK_LENGTH) !== MARK) return undefined;
  return view.getUint32(payload.length - 4);
}

/** Never 0, and different for all packets of a batch. */
function flowOf(sequence: number): number {
  return 0x80000 | (sequence & 0x7ffff);
}

function flowIn(payload: Uint8Array): number {
  return payload.length < 4 ? 0 : ((payload[1]! & 15) << 16) | (payload[2]! << 8) | payload[3]!;
}

function text({ address, port }: SocketAddress): string {
  return `${address}:${port}`;
}
