/**
 * The devices of a node's pods: each gets the program that encapsulates, as soon as the API server knows the pod's address.
 * Until then the routes into the segmenter carry its packets the slower way.
 */

import { native } from '../../dataplane/native.ts';
import type { NodeDataplane } from '../../dataplane/node.ts';
import { run } from '../../process/process.ts';

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

export class PodDevices {
  readonly #dataplane: Pick<NodeDataplane, 'attachPodSide'>;
  readonly #netns: string;
  /** By address; the device ends with the pod, and another pod may get the address. */
  readonly #attached = new Map<string, number>();
  #work: Promise<void> = Promise.resolve();

  /** @param netns Path of the network namespace that this process is in, the node's. */
  constructor(dataplane: Pick<NodeDataplane, 'attachPodSide'>, netns: string) {
    this.#dataplane = dataplane;
    this.#netns = netns;
  }

  /** @param failed Told of a device that the program cannot be put on; the next call tries again. */
  follow(addresses: readonly string[], failed: (error: unknown) => void): void {
    this.#work = this.#work.then(() => this.#attach(addresses)).catch(failed);
  }

  async #attach(addresses: readonly string[]): Promise<void> {
    const { stdout } = await run(['ip', '-json', '-4', 'route', 'show', 'table', 'main']);
    const devices = new Map((JSON.parse(stdout) as Route[]).map(({ dst, dev }) => [dst, dev]));
    for (const address of this.#attached.keys()) if (!addresses.includes(address)) this.#attached.delete(address);
    for (const address of addresses) {
      const device = devices.get(address);
      if (device === undefined) continue;
      const ifindex = native().ifindex(device, this.#netns);
      if (this.#attached.get(address) === ifindex) continue;
      this.#dataplane.attachPodSide({ ifindex, netns: this.#netns });
      this.#attached.set(address, ifindex);
    }
  }
}
