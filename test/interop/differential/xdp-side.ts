/** The XDP router's half: the program that `cilion router` would attach, set up by the same code, run on one packet at a time. */

import { planFastPath, RouterTables, SLOT } from '../../../src/dataplane/standalone/router-tables.ts';
import type { Device } from '../../../src/dataplane/standalone/underlay-routes.ts';
import { native } from '../../../src/native.ts';
import { readRouterFolder } from '../../../src/scion/router-folder.ts';
import { openFrame, wrapFrame } from '../../golden/frame.ts';
import { CountedReason, LOOPBACK, XDP_DROP, XDP_PASS, XDP_REDIRECT } from '../../golden/router-bench.ts';
import { aroundMac, deviceOf, routerMac, type TestAs, wiresOf } from './autonomous-systems.ts';
import type { Origin } from './base-packets.ts';

export interface XdpOutcome {
  readonly action: 'send' | 'drop' | 'slow path';
  readonly reason: string;
  /** What is sent: underlay addresses and SCION packet. */
  readonly from?: string;
  readonly to?: string;
  readonly payload?: Uint8Array;
}

export class XdpSide {
  readonly #tables: RouterTables;
  readonly #counted: CountedReason;
  readonly #netns: string;
  readonly #ifids: ReadonlyMap<string, number>;

  private constructor(tables: RouterTables, netns: string, ifids: ReadonlyMap<string, number>) {
    this.#tables = tables;
    this.#netns = netns;
    this.#ifids = ifids;
    this.#counted = new CountedReason(tables.dataplane.map('counters'));
  }

  /** @param netns the reference router's: XDP asks the kernel there for the way to a host, as it would at work */
  static async start(as: TestAs, folder: string, netns: string): Promise<XdpSide> {
    const plan = planFastPath(await readRouterFolder(folder));
    const devices = wiresOf(as).map(
      ({ device, address, mtu }): Device => ({
        name: device,
        ifindex: native().ifindex(device, netns),
        mtu,
        mac: routerMac(device),
        addresses: [address.replace(/\/\d+$/, '')],
      }),
    );
    const byAddress = new Map(devices.map((device) => [device.addresses[0]!, device]));
    const limit = 1 + Math.max(...devices.map(({ ifindex }) => ifindex));
    const tables = native().inNetns(netns, () => new RouterTables(plan, byAddress, limit, true));
    tables.setNextHops(
      plan.links.map((link) => {
        const device = byAddress.get(link.local.address)!;
        return { device, address: link.remote.address, mac: aroundMac(device.name), permanent: true };
      }),
    );
    const ifids = new Map(as.links.filter(({ router }) => router === 'brA').map((link) => [deviceOf(link), link.ifid]));
    return new XdpSide(tables, netns, ifids);
  }

  /** Of packets that come from one origin. */
  outcomes(origin: Origin, packets: readonly Uint8Array[]): XdpOutcome[] {
    const { device, from, to } = origin;
    this.#tables.dataplane.configureDevice(LOOPBACK, SLOT, this.#ifids.get(device) ?? 0);
    const [source, target] = [
      { ...from, mac: aroundMac(device) },
      { ...to, mac: routerMac(device) },
    ];
    const { program } = this.#tables.dataplane;
    return native().inNetns(this.#netns, () =>
      packets.map((packet) => {
        const { retval, data } = program.run({ data: wrapFrame(source, target, packet) });
        return outcome(retval, this.#counted.next(), data);
      }),
    );
  }

  close(): void {
    this.#tables.dataplane.close();
  }
}

function outcome(action: number, reason: string, data: Uint8Array): XdpOutcome {
  if (action === XDP_DROP) return { action: 'drop', reason };
  if (action === XDP_PASS) return { action: 'slow path', reason };
  if (action !== XDP_REDIRECT) throw new Error(`XDP action ${action}`);
  const { from, to, packet } = openFrame(data);
  return {
    action: 'send',
    reason,
    from: `${from.address}:${from.port}`,
    to: `${to.address}:${to.port}`,
    payload: packet,
  };
}
