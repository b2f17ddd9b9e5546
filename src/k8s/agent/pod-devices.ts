/**
 * The devices of a node's pods: each gets the program that encapsulates, as soon as the API server knows the pod's address.
 * Until then the routes into the segmenter carry its packets the slower way.
 */
import { readFileSync } from 'node:fs';
import type { NodeDataplane } from '../../dataplane/node.ts';
import { native } from '../../native.ts';
import { parseIpv4 } from '../../topology/ipv4.ts';
import type { OwnPod } from './desired-state.ts';

/** The main table of the network namespace that this thread is in: no program need be started to read it. */
const ROUTES = '/proc/net/route';
const MASK_COLUMN = 7;
const ONE_HOST = 'FFFFFFFF';

interface Attached {
  readonly pod: OwnPod;
  readonly ifindex: number;
}

export class PodDevices {
  readonly #dataplane: Pick<NodeDataplane, 'attachPodSide'>;
  readonly #netns: string;
  /** By address; the device ends with the pod, and another pod may get the address. */
  readonly #attached = new Map<string, Attached>();

  /** @param netns Path of the node's network namespace. */
  constructor(dataplane: Pick<NodeDataplane, 'attachPodSide'>, netns: string) {
    this.#dataplane = dataplane;
    this.#netns = netns;
  }

  /**
   * Looks only at the pods that are not as they were: thousands have their program already.
   * @param failed Told of a device that the program cannot be put on; the next call tries again.
   */
  follow(pods: readonly OwnPod[], failed: (error: unknown) => void): void {
    const addresses = new Set(pods.map(({ address }) => address));
    for (const address of this.#attached.keys()) if (!addresses.has(address)) this.#attached.delete(address);
    const changed = pods.filter((pod) => this.#attached.get(pod.address)?.pod !== pod);
    if (changed.length > 0) native().inNetns(this.#netns, () => this.#attach(changed, failed));
  }

  #attach(pods: readonly OwnPod[], failed: (error: unknown) => void): void {
    const devices = devicesOf(new Set(pods.map(({ address }) => inHex(address))), readFileSync(ROUTES, 'latin1'));
    for (const pod of pods) {
      const device = devices.get(inHex(pod.address));
      if (device === undefined) continue;
      try {
        const ifindex = native().ifindex(device);
        if (this.#attached.get(pod.address)?.ifindex !== ifindex) {
          this.#dataplane.attachPodSide({ ifindex, netns: this.#netns });
        }
        this.#attached.set(pod.address, { pod, ifindex });
      } catch (error) {
        failed(error);
      }
    }
  }
}

/** An address as the table has it: in hexadecimal, the first byte last. */
function inHex(address: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(parseIpv4(address));
  return bytes.toString('hex').toUpperCase();
}

/** By address, where there is a route to that host alone. Of thousands of lines only those few are taken apart. */
function devicesOf(addresses: ReadonlySet<string>, routes: string): Map<string, string> {
  const devices = new Map<string, string>();
  for (const line of routes.split('\n')) {
    const at = line.indexOf('\t');
    const address = line.slice(at + 1, at + 1 + ONE_HOST.length);
    if (addresses.has(address) && line.split('\t')[MASK_COLUMN] === ONE_HOST) devices.set(address, line.slice(0, at));
  }
  return devices;
}
