/**
 * A cluster's node: its programs (node_wan on uplinks and the cluster's network, pod_egress on pods' veths and behind the
 * segmenter, prober for this process to run) and their maps. The maps outlive this process when they are pinned; forwarding goes on without it.
 */
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { type NativeMap, type NativeObject, type NativeProgram, native } from '../native.ts';
import { bigintToIsdAs, isdAsToBigint } from '../scion/isd-as.ts';
import { formatIpv4, formatPrefix, mask, parseIpv4, parsePrefix } from '../topology/ipv4.ts';
import type { InterfaceId, IsdAs } from '../topology/model.ts';
import { bpfObject } from './build.ts';
import { structCodec, u32 } from './layout.ts';
import { enums, layouts } from './layouts.gen.ts';
import { HealthTable } from './path-health.ts';
import { probeFrame } from './probe-frame.ts';
import { kernelAes, loadedMaps, openPinned, sizeRouterMaps } from './router.ts';
import { type AsSettings, type LinkSettings, linkEntry, ROUTER_MAP_NAMES, RouterMaps } from './router-maps.ts';
import { ipHeaderSum, type UnderlayEnd } from './underlay.ts';

/** Paths that one policy can have towards one remote node. */
export const MAX_PATHS_OF_SET = 8;

const NODE_MAP_NAMES = [
  'node',
  'remote_pods',
  'pod_policy_map',
  'scion_path_cache',
  'paths',
  'path_health',
  'path_counters',
  'siblings',
] as const;
/** Name under which the program that sends probes is pinned. */
const PROBER_PIN = 'prober';
/** A node is the only AS of its own instance. */
const SLOT = 0;

const nodeCodec = structCodec(layouts.cilion_node);
const prefixCodec = structCodec(layouts.cilion_prefix);
const remoteCodec = structCodec(layouts.cilion_remote);
const routeKeyCodec = structCodec(layouts.cilion_route_key);
const pathSetCodec = structCodec(layouts.cilion_path_set);
const pathCodec = structCodec(layouts.cilion_path);
const linkCodec = structCodec(layouts.cilion_link);
const downCodec = structCodec(layouts.cilion_interface_down);

export interface NodeSizes {
  /** Above every interface index on which the node sends or receives SCION. */
  readonly ifindexLimit: number;
  /** Above every interface identifier of the AS. */
  readonly linkLimit: number;
  /** Default 256. */
  readonly pathCount?: number;
}

export interface NodeSettings {
  /** The node's address inside the AS: SCION host and underlay. */
  readonly address: string;
  /** UDP port at which routers of the AS reach one another. */
  readonly routerPort: number;
  /** UDP port at which routers deliver to hosts; 30041 by convention. */
  readonly hostPort: number;
  readonly podCidr: string;
  /** Half of the segmenter pair that traffic is sent into, and half where it comes out (tc program there). */
  readonly segmenterIn: number;
  readonly segmenterOut: number;
  /** Firewall mark of packets that a policy lets fall back to plain IP. Default 0. */
  readonly fallbackMark?: number;
}

export interface RemoteSettings {
  /** Of the remote node, for path sets. */
  readonly id: number;
  readonly ia: IsdAs;
  /** Largest pod packet that all paths to it take, bytes: TCP's segment size follows it both ways. */
  readonly innerMtu: number;
}

export interface PathSettings {
  /** From `pathHeader`. */
  readonly header: Uint8Array;
  /** Device to send on. */
  readonly ifindex: number;
  /** The node's own interface that it leaves by, for the link's counters; 0 where a sibling node sends. */
  readonly ifid: number;
  /** BGP routes the underlay of that interface's link: the kernel's routes say by which device. Default false. */
  readonly routed?: boolean;
  /** From `innerMtu`. */
  readonly innerMtu: number;
  /** Unix seconds. */
  readonly expiry: number;
}

export interface PathSetSettings {
  /** `weight` 1…65535, default 1. Order counts for the strategy `ordered`. */
  readonly paths: readonly { readonly id: number; readonly weight?: number }[];
  /** Default `ordered`: the first usable one. `weighted`: by flow, in proportion to the weights. */
  readonly strategy?: 'ordered' | 'weighted';
  /** When none is usable. Default `block`; `pass` leaves packets to the kernel's routes under the fallback mark. */
  readonly onNone?: 'block' | 'pass';
}

export interface InterfaceDown {
  readonly ia: IsdAs;
  readonly ifid: InterfaceId;
}

export interface NodeContents {
  readonly sets: readonly { readonly policy: number; readonly remote: number; readonly paths: readonly number[] }[];
  /** Address → policy. */
  readonly pods: ReadonlyMap<string, number>;
  /** CIDRs of remote nodes' pods. */
  readonly remotes: readonly string[];
}

export interface Attachment {
  readonly ifindex: number;
  readonly netns: string;
}

/** The program on a node's uplinks and on its cluster's network. */
export const NODE_WAN = 'node_wan';

interface Programs {
  readonly wan: NativeObject;
  readonly egress: NativeObject;
  readonly prober: NativeObject;
  readonly nodeWan: NativeProgram;
  readonly podEgress: NativeProgram;
}

export class NodeDataplane extends RouterMaps {
  readonly health: HealthTable;
  readonly #node: (name: (typeof NODE_MAP_NAMES)[number]) => NativeMap;
  readonly #programs: Programs | undefined;
  readonly #prober: NativeProgram | undefined;
  /** Frames by path id, made at the first probe. */
  readonly #probes = new Map<number, Uint8Array>();

  private constructor(
    map: (name: string) => NativeMap,
    programs?: Programs,
    prober = programs?.prober.program('send_probe'),
  ) {
    super(map, programs && kernelAes(programs.wan));
    this.#node = map;
    this.#programs = programs;
    this.#prober = prober;
    this.health = new HealthTable(map('path_health'));
  }

  /** Loads fresh programs and maps. @throws Error with the verifier's log */
  static load({ ifindexLimit, linkLimit, pathCount = 256 }: NodeSizes): NodeDataplane {
    const wan = native().openObject(bpfObject(NODE_WAN));
    sizeRouterMaps(wan, { ifindexLimit, asCount: 1, linkCount: linkLimit });
    for (const name of ['paths', 'path_health', 'path_counters']) wan.setMaxEntries(name, pathCount);
    wan.load();
    const map = loadedMaps(wan);
    const beside = (name: string): NativeObject => {
      const object = native().openObject(bpfObject(name));
      for (const shared of object.mapNames.filter((each) => wan.mapNames.includes(each) && !each.includes('.'))) {
        object.reuseMap(shared, map(shared));
      }
      object.load();
      return object;
    };
    const [egress, prober] = [beside('pod_egress'), beside('prober')];
    const programs = { wan, egress, prober, nodeWan: wan.program(NODE_WAN), podEgress: egress.program('pod_egress') };
    const node = new NodeDataplane(map, programs);
    node.setClock();
    return node;
  }

  /** What `pin` has left of an instance: maps can be read and written, probes sent, but nothing more can be attached. */
  static reopen(directory: string): NodeDataplane {
    const maps = openPinned(directory, [...ROUTER_MAP_NAMES, ...NODE_MAP_NAMES]);
    return new NodeDataplane(maps, undefined, native().openPinnedProgram(join(directory, PROBER_PIN)));
  }

  configureNode(settings: NodeSettings): void {
    const pods = parsePrefix(settings.podCidr);
    this.#node('node').update(
      u32(0),
      nodeCodec.encode({
        internal_ip: parseIpv4(settings.address),
        router_port: settings.routerPort,
        host_port: settings.hostPort,
        pod_net: pods.network,
        pod_mask: mask(pods.length),
        segmenter_in: settings.segmenterIn,
        segmenter_out: settings.segmenterOut,
        fallback_mark: settings.fallbackMark ?? 0,
      }),
    );
  }

  /** The node's AS; `linkBase` is 0. */
  setAs(as: Omit<AsSettings, 'linkBase'>): void {
    this.configureAs(SLOT, { ...as, linkBase: 0 });
  }

  /** A link of the AS: the node's own, or a sibling's (`sibling: true`, ends are addresses of the AS's network). */
  setLink(link: LinkSettings): void {
    this.configureLink(SLOT, link);
  }

  /** A link that is no longer the AS's. */
  removeLink(ifid: number): void {
    this.forgetLink(SLOT, ifid);
  }

  /** Another node of the AS as a host: packets for it that arrive here go to `remote` (its host port). */
  setSibling(own: UnderlayEnd, remote: UnderlayEnd, ifindex: number, mtu: number): void {
    const entry = linkEntry({ ifid: 0, role: 'core', ifindex, own, remote, mtu, sibling: true });
    this.#node('siblings').update(ipKey(remote.address), linkCodec.encode(entry));
  }

  /** Pods of a remote node, by their CIDR. */
  setRemote(cidr: string, remote: RemoteSettings): void {
    const value = { ia: isdAsToBigint(remote.ia), id: remote.id, inner_mtu: remote.innerMtu };
    this.#node('remote_pods').update(prefixKey(cidr), remoteCodec.encode(value));
  }

  removeRemote(cidr: string): boolean {
    return this.#node('remote_pods').delete(prefixKey(cidr));
  }

  /**
   * Policies of the node's pods, by address, in one call; a pod without one has policy 0.
   * @throws Error when not all could be written: some of them may be
   */
  setPodPolicies(policies: ReadonlyMap<string, number>): void {
    const keys = Buffer.concat([...policies.keys()].map(ipKey));
    this.#node('pod_policy_map').updateBatch(keys, Buffer.concat([...policies.values()].map(u32)), policies.size);
  }

  /** Also of pods that have none. @throws Error when not all are gone: some of them may be */
  removePodPolicies(addresses: readonly string[]): void {
    this.#node('pod_policy_map').deleteBatch(Buffer.concat(addresses.map(ipKey)), addresses.length);
  }

  /** Writes a path under an id that no path set names: a path in use is never changed, it is replaced by another id. */
  setPath(id: number, path: PathSettings): void {
    const value = this.#pathValue(path);
    this.health.reset(id);
    this.#probes.delete(id);
    this.#node('path_counters').update(u32(id), new Uint8Array(layouts.cilion_counter.size));
    this.#node('paths').update(u32(id), value);
  }

  #pathValue(path: PathSettings): Uint8Array {
    const header = new Uint8Array(layouts.cilion_path.fields.find(({ name }) => name === 'header')!.size);
    if (path.header.length > header.length) throw new RangeError(`path header of ${path.header.length} bytes`);
    header.set(path.header);
    return pathCodec.encode({
      expiry_ns: BigInt(path.expiry) * 1_000_000_000n,
      ifindex: path.ifindex,
      link: path.ifid === 0 ? 0 : this.linkIndex(SLOT, path.ifid),
      header_len: path.header.length,
      inner_mtu: path.innerMtu,
      ip_sum: ipHeaderSum(path.header),
      flags: path.routed === true ? enums.cilion_path_flag.CILION_PATH_ROUTED : 0,
      header,
    });
  }

  /** Which of these paths stand under one of the ids already, byte for byte: id → key. */
  knownPaths(ids: Iterable<number>, paths: ReadonlyMap<string, PathSettings>): Map<number, string> {
    const text = (value: Uint8Array) => Buffer.from(value).toString('latin1');
    const keys = new Map([...paths].map(([key, path]) => [text(this.#pathValue(path)), key]));
    const known = new Map<number, string>();
    for (const id of new Set(ids)) {
      const value = text(this.#node('paths').lookup(u32(id)) ?? new Uint8Array());
      const key = keys.get(value);
      if (key !== undefined) known.set(id, key);
      // The same bytes under a second id are nobody's.
      keys.delete(value);
    }
    return known;
  }

  /** Replaces the paths of a policy towards a remote node, in one step for packets under way. */
  setPathSet(policy: number, remote: number, set: PathSetSettings): void {
    if (set.paths.length > MAX_PATHS_OF_SET) throw new RangeError(`${set.paths.length} paths in a set, at most 8`);
    const slots = Array.from({ length: MAX_PATHS_OF_SET }, (_, index) => set.paths[index]);
    const weights = slots.map((path) => path?.weight ?? 1);
    if (weights.some((weight) => !(weight >= 1 && weight <= 0xffff))) throw new RangeError('weights are 1 to 65535');
    const { CILION_STRATEGY_ORDERED, CILION_STRATEGY_WEIGHTED } = enums.cilion_strategy;
    const { CILION_ON_NONE_BLOCK, CILION_ON_NONE_PASS } = enums.cilion_on_none;
    const value = {
      count: set.paths.length,
      strategy: set.strategy === 'weighted' ? CILION_STRATEGY_WEIGHTED : CILION_STRATEGY_ORDERED,
      on_none: set.onNone === 'pass' ? CILION_ON_NONE_PASS : CILION_ON_NONE_BLOCK,
      path: slots.map((path) => path?.id ?? 0),
      weight: weights,
    };
    this.#node('scion_path_cache').update(routeKeyCodec.encode({ policy, remote }), pathSetCodec.encode(value));
  }

  /** What an agent before this one has left in the maps. */
  contents(): NodeContents {
    const cache = this.#node('scion_path_cache');
    const sets = cache.keys().map((key) => {
      const { path, count } = pathSetCodec.decode(cache.lookup(key) ?? new Uint8Array(pathSetCodec.size));
      return { ...routeKeyCodec.decode(key), paths: path.slice(0, count) };
    });
    const pods = this.#node('pod_policy_map');
    const policies = pods.keys().map((key) => {
      const number = new DataView((pods.lookup(key) ?? u32(0)).slice().buffer).getUint32(0, true);
      return [formatIpv4(Buffer.from(key).readUInt32BE()), number] as const;
    });
    const remotes = this.#node('remote_pods')
      .keys()
      .map((key) => prefixCodec.decode(key))
      .map(({ length, ip }) => formatPrefix({ network: ip, length }));
    return { sets, pods: new Map(policies), remotes };
  }

  removePathSet(policy: number, remote: number): boolean {
    return this.#node('scion_path_cache').delete(routeKeyCodec.encode({ policy, remote }));
  }

  /**
   * Sends a probe over each of these paths, at once; the far node's answers show in `health`.
   * @throws RangeError when an id has no path
   */
  sendProbes(ids: readonly number[], netns: string): void {
    if (this.#prober === undefined) throw new LabError('this node has no program to send probes with');
    const frames = ids.map((id) => this.#probe(id));
    this.#prober.runEach({
      data: Buffer.concat(frames),
      lengths: Uint32Array.from(frames, ({ length }) => length),
      netns,
    });
  }

  #probe(id: number): Uint8Array {
    const made = this.#probes.get(id);
    if (made !== undefined) return made;
    const path = pathCodec.decode(this.#node('paths').lookup(u32(id)) ?? new Uint8Array(pathCodec.size));
    if (path.header_len === 0) throw new RangeError(`no path ${id}`);
    const frame = probeFrame(path.header.subarray(0, path.header_len), id, this.health.token(id));
    this.#probes.set(id, frame);
    return frame;
  }

  /** Calls back with every interface that a router on the way says is down (bpf/scmp.h), when it is polled. */
  watchInterfaces(onDown: (down: InterfaceDown) => void): { poll(): void; close(): void } {
    const ring = native().openRing(this.#loaded().wan.map('events'), (record) => {
      const { ia, ifid } = downCodec.decode(record);
      onDown({ ia: bigintToIsdAs(ia), ifid: Number(ifid) });
    });
    return { poll: () => void ring.poll(), close: () => ring.close() };
  }

  attachUplink(device: Attachment & { readonly ifid: number }): void {
    this.configureDevice(device.ifindex, SLOT, device.ifid, device.netns);
    this.#loaded().nodeWan.attachXdp(device.ifindex, device.netns);
  }

  /** A wire of the node that carries no SCION link of its own (`configureAccess`). */
  attachAccess(device: Attachment): void {
    this.configureAccess(device.ifindex, SLOT, device.netns);
    this.#loaded().nodeWan.attachXdp(device.ifindex, device.netns);
  }

  /** The node's device on the cluster's network. */
  attachInternal(device: Attachment): void {
    this.configureDevice(device.ifindex, SLOT, 0, device.netns);
    this.#loaded().nodeWan.attachXdp(device.ifindex, device.netns);
  }

  /** Host side of a pod's veth, or the half of the segmenter where frames come out. */
  attachPodSide(device: Attachment): void {
    this.#loaded().podEgress.attachTc(device.ifindex, 'ingress', device.netns);
  }

  detachXdp(device: Attachment): void {
    native().detachXdp(device.ifindex, device.netns);
    this.forgetDevice(device.ifindex);
  }

  detachPodSide(device: Attachment): void {
    native().detachTc(device.ifindex, device.netns);
  }

  /** Into a folder of a BPF file system. */
  pin(directory: string): void {
    for (const name of ROUTER_MAP_NAMES) this.map(name).pin(join(directory, name));
    for (const name of NODE_MAP_NAMES) this.#node(name).pin(join(directory, name));
    this.#prober?.pin(join(directory, PROBER_PIN));
  }

  close(): void {
    this.#programs?.prober.close();
    this.#programs?.egress.close();
    this.#programs?.wan.close();
  }

  /** For tests that run a program on a packet. */
  get programs(): Programs {
    return this.#loaded();
  }

  #loaded(): Programs {
    if (this.#programs === undefined) throw new LabError('a reopened node has no programs to attach');
    return this.#programs;
  }
}

function ipKey(address: string): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, parseIpv4(address));
  return bytes;
}

function prefixKey(cidr: string): Uint8Array {
  const { network, length } = parsePrefix(cidr);
  return prefixCodec.encode({ length, ip: network });
}
