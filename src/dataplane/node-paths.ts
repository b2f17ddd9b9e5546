/** The paths of a node as its pinned maps have them: for whoever looks in from another process. */

import { type NativeMap, native } from '../native.ts';
import { decodePacket } from '../scion/header.ts';
import { bigintToIsdAs } from '../scion/isd-as.ts';
import { decodePath } from '../scion/path.ts';
import { formatIpv4 } from '../topology/ipv4.ts';
import type { IsdAs } from '../topology/model.ts';
import { type Count, readCount } from './counters.ts';
import { structCodec, u32 } from './layout.ts';
import { layouts } from './layouts.gen.ts';
import { HealthTable } from './path-health.ts';
import { openPinned } from './router.ts';
import { UNDERLAY_LENGTH } from './underlay.ts';

/** `unprobed`: nobody judges it, so it counts as working. `down`: taken out of use. */
export type PathState = 'answers' | 'silent' | 'unprobed' | 'down' | 'expired';

export interface NodePath {
  readonly id: number;
  readonly policy: number;
  /** Place in its set, 0 is preferred. */
  readonly rank: number;
  readonly dst: IsdAs;
  /** IPv4 address of the node that it leads to. */
  readonly host: string;
  /** MACs of its hop fields, hexadecimal, in the order of travel: no other path has the same. */
  readonly macs: string;
  readonly state: PathState;
  /** Of the last answer to a probe, nanoseconds; undefined where none has come. */
  readonly rttNs: number | undefined;
  /** Pods' packets, bytes without SCION's headers, since the path was written. */
  readonly sent: Count;
}

const MAPS = ['scion_path_cache', 'paths', 'path_health', 'path_counters', 'clock'] as const;
const routeKeyCodec = structCodec(layouts.cilion_route_key);
const pathSetCodec = structCodec(layouts.cilion_path_set);
const pathCodec = structCodec(layouts.cilion_path);
const clockCodec = structCodec(layouts.cilion_clock);

export class NodePaths {
  readonly #map: (name: (typeof MAPS)[number]) => NativeMap;
  readonly #health: HealthTable;

  /** @param directory Where `NodeDataplane.pin` put the maps. */
  constructor(directory: string) {
    this.#map = openPinned(directory, MAPS) as (name: (typeof MAPS)[number]) => NativeMap;
    this.#health = new HealthTable(this.#map('path_health'));
  }

  /** In the order of policies, destinations and preference. */
  read(): NodePath[] {
    const cache = this.#map('scion_path_cache');
    return cache.keys().flatMap((key) => {
      const value = cache.lookup(key);
      if (value === undefined) return []; // Gone since the keys were read.
      const { policy } = routeKeyCodec.decode(key);
      const { count, path } = pathSetCodec.decode(value);
      return path.slice(0, count).map((id, rank) => this.#path(id, policy, rank));
    });
  }

  #path(id: number, policy: number, rank: number): NodePath {
    const { header, header_len, expiry_ns } = pathCodec.decode(this.#map('paths').lookup(u32(id))!);
    const packet = decodePacket(header.subarray(UNDERLAY_LENGTH, header_len)).header;
    const { lastHeardNs, lapseNs, rttNs } = this.#health.read(id);
    return {
      id,
      policy,
      rank,
      dst: bigintToIsdAs(packet.dst.ia),
      host: formatIpv4(Buffer.from(packet.dst.host.bytes).readUInt32BE()),
      macs: macsOf(packet.path),
      state: this.#state(id, expiry_ns),
      rttNs: lapseNs === 0n || lastHeardNs === 0n || rttNs === 0n ? undefined : Number(rttNs),
      sent: readCount(this.#map('path_counters'), id),
    };
  }

  /** As the programs see it (bpf/choose_path.h). */
  #state(id: number, expiryNs: bigint): PathState {
    const { down, lapseNs, lastHeardNs } = this.#health.read(id);
    const now = native().monotonicNs();
    const { unix_offset_ns } = clockCodec.decode(this.#map('clock').lookup(u32(0))!);
    if (down) return 'down';
    if (expiryNs <= now + unix_offset_ns) return 'expired';
    if (lapseNs === 0n) return 'unprobed';
    return now - lastHeardNs <= lapseNs ? 'answers' : 'silent';
  }
}

/** Of a path header's bytes. */
export function macsOf(path: Uint8Array): string {
  return decodePath(path)
    .hops.map(({ mac }) => Buffer.from(mac).toString('hex'))
    .join('');
}
