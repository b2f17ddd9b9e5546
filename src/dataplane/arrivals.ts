/** Counts, at the devices of pods, the packets that somebody waits for (bpf/arrivals.bpf.c). */

import { type NativeMap, type NativeObject, native } from '../native.ts';
import { bpfObject } from './build.ts';
import { structCodec } from './layout.ts';
import { layouts } from './layouts.gen.ts';

/** A packet must be so long to be told from others, bytes from the IPv4 header on. */
export const AWAITED_BYTES = layouts.cilion_awaited.size;

const codec = structCodec(layouts.cilion_awaited);
const COUNT_BYTES = 8;
const TTL_AT = 8;
const CHECK_AT = 10;

export interface PodDevice {
  readonly ifindex: number;
  readonly netns: string;
}

export class ArrivalCounter {
  readonly #object: NativeObject;
  readonly #devices: readonly PodDevice[];
  readonly #awaited: NativeMap;

  /** Nothing is awaited yet. The devices must have no tc program. @throws errors of the kernel; nothing stays attached then */
  constructor(devices: readonly PodDevice[]) {
    this.#object = native().openObject(bpfObject('arrivals'));
    this.#object.load();
    this.#awaited = this.#object.map('awaited');
    const program = this.#object.program('count_arrival');
    const attached: PodDevice[] = [];
    try {
      for (const device of devices) {
        program.attachTc(device.ifindex, 'ingress', device.netns);
        attached.push(device);
      }
    } catch (error) {
      detach(attached);
      throw error;
    }
    this.#devices = attached;
  }

  /** From now on these are counted, and no others. @param packets from the IPv4 header on, AWAITED_BYTES at least */
  expect(packets: readonly Uint8Array[]): void {
    for (const key of this.#awaited.keys()) this.#awaited.delete(key);
    for (const packet of packets) this.#awaited.update(keyOf(packet), new Uint8Array(COUNT_BYTES));
  }

  /** How many of those that are expected have arrived so far, one that came twice counted twice. */
  count(): number {
    const counts = this.#awaited.keys().map((key) => this.#awaited.lookup(key));
    return counts.reduce((sum, bytes) => sum + (bytes === undefined ? 0 : number(bytes)), 0);
  }

  close(): void {
    detach(this.#devices);
    this.#object.close();
  }
}

function keyOf(packet: Uint8Array): Uint8Array {
  const head = packet.slice(0, AWAITED_BYTES);
  head.fill(0, TTL_AT, TTL_AT + 1);
  head.fill(0, CHECK_AT, CHECK_AT + 2);
  return codec.encode({ head });
}

function number(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

function detach(devices: readonly PodDevice[]): void {
  for (const { ifindex, netns } of devices) native().detachTc(ifindex, netns);
}
