/** Runs node_wan on single packets (BPF_PROG_RUN): a router that shares its AS with another, and a host. */
import { u32 } from '../../src/dataplane/layout.ts';
import { layouts } from '../../src/dataplane/layouts.gen.ts';
import { NodeDataplane } from '../../src/dataplane/node.ts';
import type { UnderlayEnd } from '../../src/dataplane/underlay.ts';
import { native } from '../../src/native.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import type { Ingress, RouterConfig } from '../model/router.ts';
import { wrapFrame } from './frame.ts';
import { benchLink, CountedReason, LOOPBACK, type Run } from './router-bench.ts';

const LINK_LIMIT = 1024;
/** Device of the AS's own network. */
const INTERNAL = 900;

export const ROUTER_PORT = 30_042;
export const HOST_PORT = 30_041;
export const POD_CIDR = '10.2.1.0/24';
export const NODE: UnderlayEnd = { address: '10.2.0.1', port: ROUTER_PORT, mac: '02:00:00:00:01:01' };
export const SIBLING: UnderlayEnd = { address: '10.2.0.2', port: ROUTER_PORT, mac: '02:00:00:00:01:02' };
export const SIBLING_NAME = 'sibling';

export class NodeBench {
  readonly node = NodeDataplane.load({ ifindexLimit: 1000 + LINK_LIMIT, linkLimit: LINK_LIMIT });
  readonly counted = new CountedReason(this.node.map('counters'));
  #known: readonly InterfaceId[] = [];

  constructor() {
    this.node.configureNode({
      address: NODE.address,
      routerPort: ROUTER_PORT,
      hostPort: HOST_PORT,
      podCidr: POD_CIDR,
      segmenterIn: 1,
      segmenterOut: 1,
    });
    this.node.setSibling(NODE, { ...SIBLING, port: HOST_PORT }, INTERNAL, 1500);
    this.node.map('tx_ports').update(u32(INTERNAL), u32(LOOPBACK));
  }

  /** Becomes a router of the AS at `now`, Unix seconds. All siblings of the model are one router here. */
  configure(config: RouterConfig, now: number): void {
    const { ia, forwardingKey } = config;
    for (const ifid of this.#known) this.node.map('links').update(u32(ifid), new Uint8Array(layouts.cilion_link.size));
    this.node.setAs({ ia, forwardingKey, linkLimit: LINK_LIMIT });
    for (const [ifid, { neighbour, up, sibling, mtu = 1500 }] of config.interfaces) {
      const own = benchLink(ifid, { role: neighbour, up, mtu });
      const siblings = { ifindex: INTERNAL, own: NODE, remote: SIBLING, sibling: true };
      this.node.setLink(sibling === undefined ? own : { ...own, ...siblings });
      this.node.map('tx_ports').update(u32(own.ifindex), u32(LOOPBACK));
    }
    this.#known = [...config.interfaces.keys()];
    this.setNow(now);
  }

  /** @param now Unix seconds */
  setNow(now: number): void {
    this.node.setClock(BigInt(Math.round(now * 1000)) * 1_000_000n - native().monotonicNs());
  }

  /** A SCION packet comes in by an interface, from the sibling router, or from a host of the AS (0). */
  receive(packet: Uint8Array, ingress: Ingress): Run {
    if (typeof ingress === 'number' && ingress !== 0) {
      const { own, remote } = benchLink(ingress);
      return this.receiveFrame(wrapFrame(remote, own, packet), ingress);
    }
    const from = ingress === 0 ? { ...SIBLING, address: '10.2.0.77', port: HOST_PORT } : SIBLING;
    return this.receiveFrame(wrapFrame(from, NODE, packet), 0);
  }

  /** @param ingress 0 for the AS's own network */
  receiveFrame(frame: Uint8Array, ingress: InterfaceId): Run {
    this.node.configureDevice(LOOPBACK, 0, ingress);
    const { retval, data } = this.node.programs.nodeWan.run({ data: frame });
    return { action: retval, reason: this.counted.next(), frame: data };
  }
}
