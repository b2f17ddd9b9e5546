/** The border router of transit ASes: one loaded program for all of a lab, told apart by the device a frame arrives on. */
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { type NativeMap, type NativeObject, type NativeProgram, native } from '../native.ts';
import { parseIpv4 } from '../topology/ipv4.ts';
import { bpfObject } from './build.ts';
import { structCodec, u32 } from './layout.ts';
import { enums, layouts } from './layouts.gen.ts';
import { ROUTER_MAP_NAMES, RouterMaps } from './router-maps.ts';
import type { UnderlayEnd } from './underlay.ts';

export interface RouterSizes {
  /** Above every interface index that carries a link. */
  readonly ifindexLimit: number;
  readonly asCount: number;
  /** Above every linkBase + interface identifier. */
  readonly linkCount: number;
  /** Links on devices that they share, and routers of the AS. Default 0. */
  readonly neighbourCount?: number;
  /** Sessions of BFD that are watched, numbered from 1. Default: one for each neighbour. */
  readonly bfdSessionCount?: number;
  /** Frames may be larger than one buffer (border_router_jumbo.bpf.c). Default false. */
  readonly jumbo?: boolean;
}

/** Another object with a program `border_router` and the same maps. */
export interface RouterVariant {
  /** `bench_slow_router` for bpf/bench_slow_router.bpf.c. */
  readonly object: string;
  /** Before it is loaded. */
  readonly prepare: (object: NativeObject) => void;
}

/** Who is at the other end of a UDP/IPv4 underlay on a shared device (bpf/inside.h). */
export interface NeighbourSettings {
  readonly own: SocketEnd;
  readonly remote: SocketEnd;
  /** 0 for another router of the AS. */
  readonly ifid: number;
  /** Default 0: none. */
  readonly bfdSession?: number;
}

type SocketEnd = Pick<UnderlayEnd, 'address' | 'port'>;

const neighbourKey = structCodec(layouts.cilion_underlay);
const neighbourCodec = structCodec(layouts.cilion_neighbour);
const bfdCodec = structCodec(layouts.cilion_bfd_session);

export class BorderRouterDataplane extends RouterMaps {
  readonly #object: NativeObject | undefined;
  readonly #program: NativeProgram | undefined;

  private constructor(map: (name: string) => NativeMap, object?: NativeObject) {
    super(map, object && kernelAes(object));
    this.#object = object;
    this.#program = object?.program('border_router');
  }

  /** Loads a fresh instance; it lives as long as this process unless attached or pinned. @throws Error with the verifier's log */
  static load(sizes: RouterSizes, variant?: RouterVariant): BorderRouterDataplane {
    const name = variant?.object ?? (sizes.jumbo === true ? 'border_router_jumbo' : 'border_router');
    const object = native().openObject(bpfObject(name));
    sizeRouterMaps(object, sizes);
    object.setMaxEntries('neighbours', Math.max(1, sizes.neighbourCount ?? 0));
    object.setMaxEntries('bfd_sessions', 1 + (sizes.bfdSessionCount ?? sizes.neighbourCount ?? 0));
    variant?.prepare(object);
    object.load();
    const router = new BorderRouterDataplane(loadedMaps(object), object);
    router.setClock();
    return router;
  }

  /** The maps of an instance that `pin` has left: they can be read and written, but nothing more can be attached. */
  static reopen(directory: string): BorderRouterDataplane {
    return new BorderRouterDataplane(openPinned(directory, ROUTER_MAP_NAMES));
  }

  /** @throws LabError on a reopened instance */
  get program(): NativeProgram {
    if (this.#program === undefined) throw new LabError('a reopened border router has no program to attach');
    return this.#program;
  }

  /** The device carries interface `ifid` of the AS in `slot`. */
  attach(device: {
    readonly ifindex: number;
    readonly netns: string;
    readonly slot: number;
    readonly ifid: number;
  }): void {
    this.configureDevice(device.ifindex, device.slot, device.ifid, device.netns);
    this.program.attachXdp(device.ifindex, device.netns);
  }

  /** A device of the AS that carries none of its links (`configureAccess`). */
  attachAccess(device: { readonly ifindex: number; readonly netns: string; readonly slot: number }): void {
    this.configureAccess(device.ifindex, device.slot, device.netns);
    this.program.attachXdp(device.ifindex, device.netns);
  }

  /** The program comes off the device when the link is closed, at the latest with this process. */
  link(ifindex: number, netns?: string): { close(): void } {
    return native().linkXdp(this.program.fd, ifindex, netns);
  }

  setNeighbour(slot: number, { own, remote, ifid, bfdSession }: NeighbourSettings): void {
    const key = {
      as_slot: slot,
      own_ip: parseIpv4(own.address),
      remote_ip: parseIpv4(remote.address),
      own_port: own.port,
      remote_port: remote.port,
    };
    const value = { ifid, bfd_session: bfdSession ?? 0 };
    this.#own('neighbours').update(neighbourKey.encode(key), neighbourCodec.encode(value));
  }

  /** Until its first message is heard, a session is down. `minRxNs`: how often this router asks for one. */
  beginBfdSession(session: number, minRxNs: number): void {
    const value = { min_rx_ns: BigInt(minRxNs), heard_ns: 0n, detection_ns: 0n, up: 0 };
    this.bfdSessions.update(u32(session), bfdCodec.encode(value));
  }

  isBfdUp(session: number): boolean {
    const bytes = this.bfdSessions.lookup(u32(session));
    if (bytes === undefined) return false;
    const { up, heard_ns, detection_ns } = bfdCodec.decode(bytes);
    return up !== 0 && native().monotonicNs() < heard_ns + detection_ns;
  }

  /** By session, as the program keeps them (struct cilion_bfd_session). */
  get bfdSessions(): NativeMap {
    return this.#own('bfd_sessions');
  }

  #own(name: 'neighbours' | 'bfd_sessions'): NativeMap {
    if (this.#object === undefined) throw new LabError(`a reopened border router has no map ${name}`);
    return this.#object.map(name);
  }

  detach(ifindex: number, netns: string): void {
    native().detachXdp(ifindex, netns);
    this.forgetDevice(ifindex);
  }

  /** Into a folder of a BPF file system. */
  pin(directory: string): void {
    for (const name of ROUTER_MAP_NAMES) this.map(name).pin(join(directory, name));
  }

  close(): void {
    this.#object?.close();
  }
}

export function sizeRouterMaps(object: NativeObject, sizes: RouterSizes): void {
  object.setMaxEntries('devices', sizes.ifindexLimit);
  object.setMaxEntries('tx_ports', sizes.ifindexLimit);
  object.setMaxEntries('ases', sizes.asCount);
  object.setMaxEntries('links', sizes.linkCount);
  object.setMaxEntries('routed_links', Math.max(1, sizes.linkCount));
  object.setMaxEntries('link_counters', sizes.linkCount * 2);
  if (object.mapNames.includes('aes_contexts')) object.setMaxEntries('aes_contexts', sizes.asCount);
  object.setMaxEntries('counters', sizes.asCount * enums.cilion_reason.CILION_REASON_MAX);
}

const PREPARE_AES = 'prepare_aes';

/** Hands an AS's key to the kernel's AES, where the object was built for that (bpf/aes_kernel.h). */
export function kernelAes(object: NativeObject): (slot: number) => void {
  if (!object.programNames.includes(PREPARE_AES)) return () => {};
  const prepare = object.program(PREPARE_AES);
  return (slot) => {
    const error = prepare.run({ data: new Uint8Array(0), ctx: u32(slot) }).retval | 0;
    if (error !== 0) throw new LabError(`the kernel's AES refused the key of AS slot ${slot}: error ${error}`);
  };
}

/** Maps of a loaded object by name, each opened once. */
export function loadedMaps(object: NativeObject): (name: string) => NativeMap {
  return byName(object.mapNames, (name) => object.map(name));
}

/** Maps that were pinned into a folder, by name. */
export function openPinned(directory: string, names: readonly string[]): (name: string) => NativeMap {
  return byName(names, (name) => native().openPinnedMap(join(directory, name)));
}

function byName(names: readonly string[], open: (name: string) => NativeMap): (name: string) => NativeMap {
  const maps = new Map(names.map((name) => [name, open(name)]));
  return (name) => {
    const map = maps.get(name);
    if (map === undefined) throw new RangeError(`no map ${name}`);
    return map;
  };
}
