/** One AS's router as the BPF program's maps have it: made from its configuration folder and from what the kernel knows of the underlay. */
import { isIPv4 } from 'node:net';
import { InputError } from '../../errors.ts';
import type { FolderLink, RouterFolder } from '../../scion/router-folder.ts';
import { BorderRouterDataplane } from '../router.ts';
import type { Device, NextHop, Wanted } from './underlay-routes.ts';

/** The one AS that the program serves. */
export const SLOT = 0;
/** Frames that one buffer holds on every driver, with room before and behind: larger ones come in several. */
const ONE_BUFFER_MTU = 3000;

export interface RouterLink extends FolderLink {
  /** Entry of `bfd_sessions`; siblings that are one router share one. 0: BFD is off. */
  readonly bfdSession: number;
}

/** What XDP does of the configuration, and what it leaves. */
export interface FastPathPlan {
  readonly folder: RouterFolder;
  readonly links: readonly RouterLink[];
  /** What is left to the slow path, as sentences. */
  readonly left: readonly string[];
}

/** @throws InputError when the router's own network is not IPv4 */
export function planFastPath(folder: RouterFolder): FastPathPlan {
  const { internal, internalPath, topology } = folder;
  if (!isIPv4(internal.address)) {
    throw new InputError([topology.problem(internalPath, `is ${internal.address}`, 'an IPv4 address')]);
  }
  const served = folder.links.filter(({ local, remote }) => isIPv4(local.address) && isIPv4(remote.address));
  const left = [
    ...[...folder.otherUnderlays].map(([ifid, what]) => `interface ${ifid}: ${what}`),
    ...folder.links.filter((link) => !served.includes(link)).map(({ ifid }) => `interface ${ifid}: IPv6 underlay`),
  ];
  const sessions = new Map<string, number>();
  const links = served.map((link) => {
    if (link.bfdMinRxNs === undefined) return { ...link, bfdSession: 0 };
    const remote = `${link.local.address}:${link.local.port} ${link.remote.address}:${link.remote.port}`;
    if (!sessions.has(remote)) sessions.set(remote, sessions.size + 1);
    return { ...link, bfdSession: sessions.get(remote)! };
  });
  return { folder, links, left };
}

/** The device that has each of the router's addresses. @throws InputError with the address that no device has */
export function ownDevices({ folder, links }: FastPathPlan, devices: readonly Device[]): Map<string, Device> {
  const owned = new Map<string, Device>();
  const problems = [
    { address: folder.internal.address, path: folder.internalPath },
    ...links
      .filter(({ sibling }) => !sibling)
      .map(({ local, path }) => ({ address: local.address, path: [...path, 'underlay', 'local'] })),
  ].flatMap(({ address, path }) => {
    const device = devices.find(({ addresses }) => addresses.includes(address));
    if (device !== undefined) owned.set(address, device);
    const expected = 'an address of this network namespace (ip address show)';
    return device === undefined ? [folder.topology.problem(path, `no device has ${address}`, expected)] : [];
  });
  if (problems.length > 0) throw new InputError(problems);
  return owned;
}

export class RouterTables {
  readonly dataplane: BorderRouterDataplane;
  readonly plan: FastPathPlan;
  /** By address. */
  readonly devices: ReadonlyMap<string, Device>;
  #slowPath: boolean;

  /**
   * Loads the program and fills everything but the next hops: links stay down until `setNextHops`.
   * @param ifindexLimit above every device that may be attached or sent on
   */
  constructor(plan: FastPathPlan, devices: ReadonlyMap<string, Device>, ifindexLimit: number, slowPath: boolean) {
    this.plan = plan;
    this.devices = devices;
    this.#slowPath = slowPath;
    const { links } = plan;
    this.dataplane = BorderRouterDataplane.load({
      ifindexLimit,
      asCount: 1,
      linkCount: this.#linkLimit,
      neighbourCount: links.length,
      jumbo: [...devices.values()].some(({ mtu }) => mtu > ONE_BUFFER_MTU),
    });
    this.#writeAs();
    for (const { local, remote, ifid, sibling, bfdSession, bfdMinRxNs } of links) {
      this.dataplane.setNeighbour(SLOT, { own: local, remote, ifid: sibling ? 0 : ifid, bfdSession });
      if (bfdMinRxNs !== undefined) this.dataplane.beginBfdSession(bfdSession, bfdMinRxNs);
    }
    for (const device of new Set(devices.values())) {
      this.dataplane.configureDevice(device.ifindex, SLOT, this.#onlyLinkOf(device));
    }
    this.setNextHops(links.map(() => undefined));
  }

  /** Somebody gets what XDP does not finish; otherwise it is dropped, and BFD is no longer asked which links are up. */
  get slowPath(): boolean {
    return this.#slowPath;
  }

  set slowPath(present: boolean) {
    if (present === this.#slowPath) return;
    this.#slowPath = present;
    this.#writeAs();
  }

  /** For `readNextHops`: one for each of the plan's links, in their order. */
  get wanted(): Wanted[] {
    return this.plan.links.map(({ local, remote }) => ({ local: local.address, remote: remote.address }));
  }

  /** Whether XDP can send by this next hop: its MAC address is known, and it is reached by one of the router's own devices. */
  canSendBy(hop: NextHop | undefined): hop is NextHop & { mac: string } {
    return hop?.mac !== undefined && [...this.devices.values()].some(({ ifindex }) => ifindex === hop.device.ifindex);
  }

  /** Of the plan's links in their order. One that XDP cannot send by takes no packets. */
  setNextHops(hops: readonly (NextHop | undefined)[]): void {
    for (const [index, link] of this.plan.links.entries()) {
      const hop = hops[index];
      const usable = this.canSendBy(hop);
      const device = usable ? hop.device : this.devices.get(link.local.address);
      if (device === undefined) throw new RangeError(`no device has ${link.local.address}`);
      this.dataplane.configureLink(SLOT, {
        ifid: link.ifid,
        role: link.linkTo,
        ifindex: device.ifindex,
        own: { ...link.local, mac: device.mac },
        remote: { ...link.remote, mac: usable ? hop.mac : '00:00:00:00:00:00' },
        mtu: Math.min(device.mtu, 65_535),
        up: usable,
        sibling: link.sibling,
        bfdSession: link.bfdSession,
      });
    }
  }

  get #linkLimit(): number {
    return 1 + Math.max(0, ...this.plan.links.map(({ ifid }) => ifid));
  }

  #writeAs(): void {
    const { ia, forwardingKey, internal, hostPorts } = this.plan.folder;
    const device = this.devices.get(internal.address);
    if (device === undefined) throw new RangeError(`no device has ${internal.address}`);
    this.dataplane.configureAs(SLOT, {
      ia,
      forwardingKey,
      linkBase: 0,
      linkLimit: this.#linkLimit,
      slowPath: this.#slowPath,
      internal: { ...internal, ifindex: device.ifindex, hostPorts },
    });
  }

  /** The link that a device carries; 0 where it carries several, or the AS's own network. */
  #onlyLinkOf(device: Device): number {
    const { folder, links } = this.plan;
    const carried = links.filter(({ local, sibling }) => !sibling && this.devices.get(local.address) === device);
    const internal = this.devices.get(folder.internal.address) === device;
    return !internal && carried.length === 1 ? carried[0]!.ifid : 0;
  }
}
