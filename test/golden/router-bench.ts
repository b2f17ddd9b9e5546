/** Runs border_router on single packets (BPF_PROG_RUN), set up as the model's router is. */
import assert from 'node:assert/strict';
import { u32 } from '../../src/dataplane/layout.ts';
import { layouts } from '../../src/dataplane/layouts.gen.ts';
import { BorderRouterDataplane } from '../../src/dataplane/router.ts';
import type { LinkSettings } from '../../src/dataplane/router-maps.ts';
import { UNDERLAY_LENGTH } from '../../src/dataplane/underlay.ts';
import { type NativeMap, native } from '../../src/native.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import type { RouterConfig } from '../model/router.ts';
import { ReasonCounts } from './counted.ts';
import { openFrame, wrapFrame } from './frame.ts';

export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_REDIRECT = 4;

/** BPF_PROG_RUN makes packets arrive on the loopback device unless told otherwise. */
export const LOOPBACK = 1;
const SLOT = 0;

export interface Run {
  readonly action: number;
  /** What was counted. */
  readonly reason: string;
  readonly frame: Uint8Array;
}

/** Both ends of a router's link: the addresses depend on nothing but the interface. */
export function benchLink(ifid: InterfaceId, options: Partial<LinkSettings> = {}): LinkSettings {
  const tail = `${ifid >> 8}.${ifid & 0xff}`;
  return {
    ifid,
    role: 'core',
    ifindex: 1000 + ifid,
    own: { address: `172.20.${tail}`, port: 40_000 + (ifid & 0xfff), mac: '02:00:00:00:00:01' },
    remote: { address: `172.21.${tail}`, port: 41_000 + (ifid & 0xfff), mac: '02:00:00:00:00:02' },
    mtu: 1500,
    ...options,
  };
}

/** Above every interface of the test topologies, and few enough for an array. */
const LINK_LIMIT = 1024;

export class RouterBench {
  readonly router = BorderRouterDataplane.load({
    ifindexLimit: 1000 + LINK_LIMIT,
    asCount: 1,
    linkCount: LINK_LIMIT,
  });
  readonly counted = new CountedReason(this.router.map('counters'));
  #known: readonly InterfaceId[] = [];

  /** Becomes the router of an AS at `now`, Unix seconds. */
  configure(config: RouterConfig, now: number, options: Partial<LinkSettings> & { slowPath?: boolean } = {}): void {
    const { slowPath = false, ...link } = options;
    const { ia, forwardingKey } = config;
    for (const ifid of this.#known)
      this.router.map('links').update(u32(ifid), new Uint8Array(layouts.cilion_link.size));
    this.router.configureAs(SLOT, { ia, forwardingKey, linkBase: 0, linkLimit: LINK_LIMIT, slowPath });
    for (const [ifid, { neighbour, up, mtu = 1500 }] of config.interfaces) {
      this.router.configureLink(SLOT, benchLink(ifid, { role: neighbour, up, mtu, ...link }));
      // Where a redirect would go does not matter here: nothing is sent.
      this.router.map('tx_ports').update(u32(benchLink(ifid).ifindex), u32(LOOPBACK));
    }
    this.#known = [...config.interfaces.keys()];
    this.setNow(now);
  }

  setNow(now: number): void {
    this.router.setClock(BigInt(Math.round(now * 1000)) * 1_000_000n - native().monotonicNs());
  }

  /** A SCION packet comes in by interface `ingress`. */
  receive(packet: Uint8Array, ingress: InterfaceId): Run {
    const { own, remote } = benchLink(ingress);
    return this.receiveFrame(wrapFrame(remote, own, packet), ingress);
  }

  receiveFrame(frame: Uint8Array, ingress: InterfaceId): Run {
    this.router.configureDevice(LOOPBACK, SLOT, ingress);
    const { retval, data } = this.router.program.run({ data: frame });
    return { action: retval, reason: this.counted.next(), frame: data };
  }
}

/** Tells under which reason the packet since the last call was counted. */
export class CountedReason {
  readonly counts: ReasonCounts;
  #seen: ReadonlyMap<string, number>;

  constructor(counters: NativeMap) {
    this.counts = new ReasonCounts(counters);
    this.#seen = this.counts.read();
  }

  next(): string {
    const now = this.counts.read();
    const changed = [...now.keys()].filter((reason) => now.get(reason) !== this.#seen.get(reason));
    this.#seen = now;
    assert.ok(changed.length <= 1, `a packet is counted under one reason, not ${changed}`);
    return changed[0] ?? 'NONE';
  }
}

/** The SCION packet of a frame that left by `egress`, once its underlay has been found right. */
export function sentBy(frame: Uint8Array, egress: InterfaceId): Uint8Array {
  const { own, remote } = benchLink(egress);
  const { from, to, packet } = openFrame(frame);
  assert.deepEqual(from, own);
  assert.deepEqual(to, remote);
  assert.equal(frame.length, UNDERLAY_LENGTH + packet.length);
  return packet;
}
