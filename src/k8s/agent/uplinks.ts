/** The devices of a node's links: each has the border router's program as long as the link is there. */
import { NODE_WAN, type NodeDataplane } from '../../dataplane/node.ts';
import { native } from '../../native.ts';
import { run } from '../../process/process.ts';
import type { OwnInterface } from './node-view.ts';

/** Of no link. */
const NO_INTERFACE = 0;

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

  /** Takes over devices that have the program already: `keep` frees those of no link. */
  adopt(devices: readonly number[]): void {
    for (const ifindex of devices) if (!this.#attached.has(ifindex)) this.#attached.set(ifindex, NO_INTERFACE);
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

/** Devices of this network namespace that have the border router's program of a node, whoever has put it there. */
export async function devicesWithProgram(): Promise<number[]> {
  const { stdout } = await run(['ip', '-json', 'link', 'show']);
  return (JSON.parse(stdout) as { ifindex: number }[])
    .map(({ ifindex }) => ifindex)
    .filter((ifindex) => {
      const id = native().xdpProgramId(ifindex);
      return id !== 0 && native().programById(id).name === NODE_WAN;
    });
}
