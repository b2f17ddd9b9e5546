/** A path as the daemon describes it → the project's own structure, the same that the `computed` control plane gives. */
import { UNDERLAY_OVERHEAD } from '../../topology/schema.ts';
import { fingerprintOf, type Path, type PathHop, type PathInterface, type PathSegment } from '../end-to-end-path.ts';
import { FormatError } from '../format-error.ts';
import type { HopField } from '../hop-field.ts';
import type { InfoField } from '../info-field.ts';
import { bigintToIsdAs } from '../isd-as.ts';
import { decodePath, type ScionPath } from '../path.ts';

/** Message `Path` of daemon.proto as proto-loader gives it: 64-bit numbers are decimal strings. */
export interface DaemonPath {
  readonly raw: Uint8Array;
  readonly interfaces: readonly { readonly isd_as: string; readonly id: string }[];
  /** Largest SCION packet, bytes; that of `Path` is the IP packet that carries it. */
  readonly mtu: number;
  readonly expiration: { readonly seconds: string; readonly nanos: number } | null;
  readonly latency: readonly { readonly seconds: string; readonly nanos: number }[];
}

/**
 * @param fromCore the first AS is a core AS; the bytes do not tell an up segment from a core segment
 * @throws FormatError when the raw path cannot be that of the interfaces
 */
export function pathFromDaemon(path: DaemonPath, fromCore: boolean): Path {
  const interfaces = path.interfaces.map(({ isd_as, id }) => ({ ia: bigintToIsdAs(BigInt(isd_as)), ifid: Number(id) }));
  const hops = hopsOf(interfaces);
  const decoded = decodePath(path.raw);
  return {
    fingerprint: fingerprintOf(interfaces),
    src: hops[0]!.ia,
    dst: hops.at(-1)!.ia,
    hops,
    interfaces,
    segments: segmentsOf(decoded, hops, fromCore),
    mtu: path.mtu + UNDERLAY_OVERHEAD,
    latencyNs: path.latency.reduce((sum, part) => sum + Math.max(0, nanoseconds(part)), 0),
    expiry: Number(path.expiration?.seconds ?? 0),
    raw: Uint8Array.from(path.raw),
  };
}

/** A negative duration says that the AS announced none. */
function nanoseconds({ seconds, nanos }: DaemonPath['latency'][number]): number {
  return Number(seconds) * 1e9 + nanos;
}

/** Interfaces come in pairs, one a link: out of an AS and into the next. */
function hopsOf(interfaces: readonly PathInterface[]): PathHop[] {
  if (interfaces.length === 0 || interfaces.length % 2 !== 0) {
    throw new FormatError(`a path over ${interfaces.length} interfaces`);
  }
  const hops: PathHop[] = [];
  let ingress = 0;
  for (let i = 0; i < interfaces.length; i += 2) {
    const out = interfaces[i]!;
    hops.push({ ia: out.ia, ingress, egress: out.ifid });
    const into = interfaces[i + 1]!;
    const next = interfaces[i + 2];
    if (next !== undefined && next.ia !== into.ia) throw new FormatError(`a path enters ${into.ia}, leaves ${next.ia}`);
    ingress = into.ifid;
  }
  return [...hops, { ia: interfaces.at(-1)!.ia, ingress, egress: 0 }];
}

/**
 * Where segments join inside an AS both have a hop field for it; where they join over a peering link each AS has one.
 */
function segmentsOf(path: ScionPath, hops: readonly PathHop[], fromCore: boolean): PathSegment[] {
  let next = 0;
  let field = 0;
  const segments = path.infos.map((info, index): PathSegment => {
    const length = path.segmentLengths[index]!;
    const own = path.hops.slice(field, field + length);
    field += length;
    const first = index > 0 && !info.peer ? next - 1 : next;
    const ases = hops.slice(first, first + length);
    next = first + length;
    if (ases.length !== length)
      throw new FormatError(`a path of ${hops.length} ASes with segments ${path.segmentLengths}`);
    checkInterfaces(own, ases, info, index === 0);
    const kind = info.consDir ? 'down' : index === 0 && !fromCore ? 'up' : 'core';
    return { kind, peer: info.peer, ases: ases.map(({ ia }) => ia) };
  });
  if (next !== hops.length) throw new FormatError(`segments ${path.segmentLengths} in a path of ${hops.length} ASes`);
  return segments;
}

/** The hop field at the end of a segment still names the interface beyond it, which only a peering link makes use of. */
function checkInterfaces(fields: readonly HopField[], ases: readonly PathHop[], info: InfoField, first: boolean): void {
  for (const [i, { ia, ingress, egress }] of ases.entries()) {
    const { consIngress, consEgress } = fields[i]!;
    const [into, out] = info.consDir ? [consIngress, consEgress] : [consEgress, consIngress];
    const enters = i > 0 || (info.peer && !first);
    const leaves = i < ases.length - 1 || (info.peer && first);
    if ((enters && into !== ingress) || (leaves && out !== egress)) {
      throw new FormatError(`the hop field of ${ia} has interfaces ${into}, ${out} instead of ${ingress}, ${egress}`);
    }
  }
}
