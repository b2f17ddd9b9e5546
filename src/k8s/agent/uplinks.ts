/** The devices of a node's links: each has the border router's program as long as the link is there. */
import type { NodeDataplane } from '../../dataplane/node.ts';
import type { OwnInterface } from './node-view.ts';

type Interfaces = readonly Pick<OwnInterface, 'ifid' | 'ifindex' | 'routed'>[];

export class Uplinks {
  readonly #dataplane: Pick<NodeDataplane, 'attachUplink' | 'detachXdp'>;
  readonly #netns: string;
  /** Device → interface. */
  readonly #attached = new Map<number, number>();

  /** @param netns Path of the network namespace of the devices. */
  constructor(dataplane: Pick<NodeDataplane, 'attachUplink' | 'detachXdp'>, netns: string) {
    this.#dataplane = dataplane;
    this.#netns = netns;
  }

  attach(interfaces: Interfaces): void {
    for (const { ifindex, ifid, routed } of interfaces) {
      if (routed === true || this.#attached.get(ifindex) === ifid) continue;
      this.#dataplane.attachUplink({ ifindex, ifid, netns: this.#netns });
      this.#attached.set(ifindex, ifid);
    }
  }

  /** Takes the program off the devices of all other links. */
  keep(interfaces: Interfaces): void {
    const kept = new Set(interfaces.map(({ ifindex }) => ifindex));
    for (const ifindex of this.#attached.keys()) {
      if (kept.has(ifindex)) continue;
      this.#attached.delete(ifindex);
      this.#dataplane.detachXdp({ ifindex, netns: this.#netns });
    }
  }
}
