/**
 * The router's maps as user space fills them (bpf/maps.h): the same for border_router, which serves many ASes at once,
 * and for a node, which is slot 0 of its own.
 */

import type { NativeMap } from '../native.ts';
import { isdAsToBigint } from '../scion/isd-as.ts';
import { aesRoundKeys, cmacSubkeys } from '../scion/mac.ts';
import { parseIpv4 } from '../topology/ipv4.ts';
import type { IsdAs } from '../topology/model.ts';
import { setClock } from './clock.ts';
import { type Count, type ReasonCount, readCount, readCounters } from './counters.ts';
import { structCodec, u32 } from './layout.ts';
import { type CilionLink, enums, layouts } from './layouts.gen.ts';
import { macBytes } from './mac-address.ts';
import { ipHeaderSum, type UnderlayEnd, underlayHeader } from './underlay.ts';

export const ROUTER_MAP_NAMES = [
  'devices',
  'links',
  'routed_links',
  'ases',
  'tx_ports',
  'counters',
  'link_counters',
  'clock',
  'ticks',
] as const;
export type RouterMapName = (typeof ROUTER_MAP_NAMES)[number];

/** What the neighbour on the link is to this AS. */
export type LinkRole = 'core' | 'parent' | 'child' | 'peer';

export interface AsSettings {
  readonly ia: IsdAs;
  /** 16 bytes: the AS's key for hop-field MACs (`deriveForwardingKey`). */
  readonly forwardingKey: Uint8Array;
  /** Its links are entries linkBase + 1 … linkBase + linkLimit − 1 of the link table, by interface identifier. */
  readonly linkBase: number;
  readonly linkLimit: number;
  /** A user-space router listens on the same addresses and gets what XDP does not finish. Default false: dropped. */
  readonly slowPath?: boolean;
  /** The router's end of the AS's own network, where border_router serves that too (inside.h). */
  readonly internal?: InternalSettings;
}

export interface InternalSettings {
  /** Device of the network. */
  readonly ifindex: number;
  /** IPv4 address. */
  readonly address: string;
  readonly port: number;
  /** First and last of the ports that hosts have for themselves; undefined: all is for the slow path. */
  readonly hostPorts: readonly [number, number] | undefined;
}

export interface LinkSettings {
  readonly ifid: number;
  readonly role: LinkRole;
  /** Device to send on; of no meaning where `routed`. */
  readonly ifindex: number;
  readonly own: UnderlayEnd;
  readonly remote: UnderlayEnd;
  /** Largest IP packet, bytes. */
  readonly mtu: number;
  /** Default true. */
  readonly up?: boolean;
  /** Another router of the AS terminates the link: both ends are addresses of the AS's own network. Default false. */
  readonly sibling?: boolean;
  /** The kernel's routes say where the underlay goes, and it comes in by any device of the AS. Default false. */
  readonly routed?: boolean;
  /** Entry of `bfd_sessions` (bfd.h) that says whether the link works. Default 0: none does. */
  readonly bfdSession?: number;
}

const asCodec = structCodec(layouts.cilion_as);
const linkCodec = structCodec(layouts.cilion_link);
const routedEndCodec = structCodec(layouts.cilion_routed_end);
const deviceCodec = structCodec(layouts.cilion_device);

const LINK_KINDS: Readonly<Record<LinkRole, number>> = {
  core: enums.cilion_link_kind.CILION_LINK_CORE,
  parent: enums.cilion_link_kind.CILION_LINK_PARENT,
  child: enums.cilion_link_kind.CILION_LINK_CHILD,
  peer: enums.cilion_link_kind.CILION_LINK_PEER,
};

/** The entry of the link table (and of a node's table of siblings). */
export function linkEntry(link: LinkSettings): CilionLink {
  const { CILION_LINK_UP, CILION_LINK_SIBLING, CILION_LINK_ROUTED } = enums.cilion_link_flag;
  const flags = link.sibling === true ? CILION_LINK_SIBLING : link.routed === true ? CILION_LINK_ROUTED : 0;
  return {
    ifid: link.ifid,
    kind: LINK_KINDS[link.role],
    flags: (link.up === false ? 0 : CILION_LINK_UP) | flags,
    ifindex: link.ifindex,
    own_ip: parseIpv4(link.own.address),
    remote_ip: parseIpv4(link.remote.address),
    own_port: link.own.port,
    remote_port: link.remote.port,
    own_mac: macBytes(link.own.mac),
    remote_mac: macBytes(link.remote.mac),
    mtu: link.mtu,
    ip_sum: ipHeaderSum(underlayHeader(link.own, link.remote)),
    bfd_session: link.bfdSession ?? 0,
  };
}

export class RouterMaps {
  readonly map: (name: RouterMapName) => NativeMap;
  readonly #keyChanged: (slot: number) => void;

  /** @param keyChanged told when an AS's key stands in the map, for programs that use the kernel's AES */
  constructor(map: (name: RouterMapName) => NativeMap, keyChanged: (slot: number) => void = () => {}) {
    this.map = map;
    this.#keyChanged = keyChanged;
  }

  /** Sets or replaces an AS. A new key takes effect at once: MACs cached under the old one no longer count. */
  configureAs(slot: number, as: AsSettings): void {
    const before = asCodec.decode(this.map('ases').lookup(u32(slot)) ?? new Uint8Array(asCodec.size));
    const roundKeys = aesRoundKeys(as.forwardingKey);
    const subkey = cmacSubkeys(as.forwardingKey).k1;
    const { CILION_AS_SLOW_PATH, CILION_AS_ROUTED } = enums.cilion_as_flag;
    this.map('ases').update(
      u32(slot),
      asCodec.encode({
        ia: isdAsToBigint(as.ia),
        slot,
        link_base: as.linkBase,
        link_limit: as.linkLimit,
        flags: (as.slowPath === true ? CILION_AS_SLOW_PATH : 0) | (before.flags & CILION_AS_ROUTED),
        key_epoch: (before.key_epoch + 1) % 2 ** 32,
        internal_ifindex: as.internal?.ifindex ?? 0,
        internal_ip: as.internal === undefined ? 0 : parseIpv4(as.internal.address),
        internal_port: as.internal?.port ?? 0,
        host_port_min: as.internal?.hostPorts?.[0] ?? 0,
        host_port_max: as.internal?.hostPorts?.[1] ?? 0,
        subkey: littleEndianWords(subkey, 8, (view, at) => view.getBigUint64(at, true)),
        round_keys: littleEndianWords(roundKeys, 4, (view, at) => view.getUint32(at, true)),
      }),
    );
    this.#keyChanged(slot);
  }

  /** Sets or replaces a link of an AS. @throws RangeError when the AS has no such slot for it */
  configureLink(slot: number, link: LinkSettings): void {
    this.map('links').update(u32(this.linkIndex(slot, link.ifid)), linkCodec.encode(linkEntry(link)));
    if (link.routed === true && link.sibling !== true) this.#expectRouted(slot, link);
  }

  /** The AS has no such link any more. For one with a wire of its own or of a sibling. */
  forgetLink(slot: number, ifid: number): void {
    this.map('links').update(u32(this.linkIndex(slot, ifid)), new Uint8Array(linkCodec.size));
  }

  /** From now on packets to the link's own end are looked for on every device of the AS. */
  #expectRouted(slot: number, { ifid, own }: LinkSettings): void {
    const end = { as_slot: slot, ip: parseIpv4(own.address), port: own.port };
    this.map('routed_links').update(routedEndCodec.encode(end), u32(ifid));
    const as = asCodec.decode(this.map('ases').lookup(u32(slot)) ?? new Uint8Array(asCodec.size));
    const flags = as.flags | enums.cilion_as_flag.CILION_AS_ROUTED;
    this.map('ases').update(u32(slot), asCodec.encode({ ...as, flags }));
  }

  /** A link that is down takes no packets: they go to the slow path or are dropped as EGRESS_DOWN. */
  setLinkUp(slot: number, ifid: number, up: boolean): void {
    const index = u32(this.linkIndex(slot, ifid));
    const entry = linkCodec.decode(this.map('links').lookup(index) ?? new Uint8Array(linkCodec.size));
    const { CILION_LINK_UP } = enums.cilion_link_flag;
    const flags = up ? entry.flags | CILION_LINK_UP : entry.flags & ~CILION_LINK_UP;
    this.map('links').update(index, linkCodec.encode({ ...entry, flags }));
  }

  /** Says what arrives on a device (`ifid` 0: the AS's own network) and lets the programs send on it. */
  configureDevice(ifindex: number, slot: number, ifid: number, netns?: string): void {
    const { CILION_ROLE_EXTERNAL, CILION_ROLE_INTERNAL } = enums.cilion_role;
    this.#configureDevice(ifindex, slot, ifid === 0 ? CILION_ROLE_INTERNAL : CILION_ROLE_EXTERNAL, ifid, netns);
  }

  /** A device without a link of the AS: only what is routed to the AS's routed links comes in and goes out by it. */
  configureAccess(ifindex: number, slot: number, netns?: string): void {
    this.#configureDevice(ifindex, slot, enums.cilion_role.CILION_ROLE_ACCESS, 0, netns);
  }

  #configureDevice(ifindex: number, slot: number, role: number, ifid: number, netns?: string): void {
    this.map('tx_ports').update(u32(ifindex), u32(ifindex), 'any', netns);
    this.map('devices').update(u32(ifindex), deviceCodec.encode({ role, as_slot: slot, ifid }));
  }

  /** The device is no longer ours: frames on it go to the kernel. */
  forgetDevice(ifindex: number): void {
    const { CILION_ROLE_NONE } = enums.cilion_role;
    this.map('devices').update(u32(ifindex), deviceCodec.encode({ role: CILION_ROLE_NONE, as_slot: 0, ifid: 0 }));
    this.map('tx_ports').delete(u32(ifindex));
  }

  setClock(offsetNs?: bigint): void {
    setClock(this.map('clock'), this.map('ticks'), offsetNs);
  }

  /** Since the programs were loaded. */
  counters(slot: number): ReasonCount[] {
    return readCounters(this.map('counters'), slot);
  }

  /** Frames of one link since the programs were loaded, bytes with the Ethernet header. */
  linkCounters(slot: number, ifid: number): { readonly received: Count; readonly sent: Count } {
    const index = this.linkIndex(slot, ifid) * 2;
    return {
      received: readCount(this.map('link_counters'), index),
      sent: readCount(this.map('link_counters'), index + 1),
    };
  }

  /** Index in the link table. */
  linkIndex(slot: number, ifid: number): number {
    const bytes = this.map('ases').lookup(u32(slot));
    const as = bytes === undefined ? undefined : asCodec.decode(bytes);
    if (as === undefined || ifid < 1 || ifid >= as.link_limit) {
      throw new RangeError(`AS slot ${slot} has no interface ${ifid}: configure the AS first`);
    }
    return as.link_base + ifid;
  }
}

function littleEndianWords<T>(bytes: Uint8Array, size: number, read: (view: DataView, at: number) => T): T[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, index) => read(view, index * size));
}
