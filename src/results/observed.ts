/**
 * From the frames on the observer's wire to the packets of pods' traffic that arrived there.
 *
 * A SCION packet counts when it carries a pod's packet, or probes a path for one; another, when an IPv4 address of it,
 * outside or inside VXLAN, lies in a prefix of a pod or node. What routers and control services say to each other never
 * counts: ARP, BGP, BFD in either plane, beacons and look-ups of segments.
 */
import { PROTOCOL_EXPERIMENT, PROTOCOL_PROBE } from '../scion/header.ts';
import { GATEWAY_DATA_PORT } from '../scion/ports.ts';
import { contains, type Prefix, parsePrefix } from '../topology/ipv4.ts';
import { WIREGUARD_PORT } from '../transports/tunnel-ports.ts';
import type { ObservedPacket } from './bundle.ts';
import { type IpPacket, innerFrame, parseFrame, type ScionPacket, scionOf } from './packet.ts';

export interface CapturedFrame {
  readonly timeNs: bigint;
  /** Length on the wire, bytes; `bytes` may be cut short by the capture. */
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

export interface Observer {
  /** Topology link id of the wire. */
  readonly link: string;
  /** Time of t = 0 of the pass, on the frames' clock. */
  readonly startNs: bigint;
  /** IPv4 prefixes of pods and nodes, `10.1.0.0/16`. */
  readonly prefixes: readonly string[];
  /** MAC address of the observer's end (`02:…`): only frames to it arrived; without it, frames of both directions count. */
  readonly mac?: string;
  /** Whether a workload's marker stands in the bytes in clear text. */
  readonly containsMarker: (bytes: Uint8Array) => boolean;
  /** Names of the workloads between two pods, by their addresses; without it, packets name none. */
  readonly workloadsBetween?: (src: string, dst: string) => readonly string[];
}

/** The packets that count among frames, in the frames' order. @throws RangeError for a prefix that is none. */
export async function* observe(
  frames: AsyncIterable<CapturedFrame> | Iterable<CapturedFrame>,
  observer: Observer,
): AsyncGenerator<ObservedPacket> {
  const prefixes = observer.prefixes.map(parsePrefix);
  const mac = observer.mac?.toLowerCase();
  for await (const frame of frames) {
    const found = classify(frame.bytes, prefixes, mac);
    if (found === null) continue;
    const { pods, ...outside } = found;
    const workloads = pods === null ? [] : (observer.workloadsBetween?.(pods.src, pods.dst) ?? []);
    yield {
      t: Number(frame.timeNs - observer.startNs) / 1e9,
      link: observer.link,
      bytes: frame.originalLength,
      ...outside,
      readable: observer.containsMarker(frame.bytes),
      ...(workloads.length === 0 ? {} : { workloads }),
    };
  }
}

interface Classified extends Pick<ObservedPacket, 'src' | 'dst' | 'protocol'> {
  /** The pods' own packet, where it can be seen. */
  readonly pods: IpPacket | null;
}

/** BGP (RFC 4271), single-hop and multihop BFD control and echo (RFC 5881, RFC 5883). */
const BGP_PORT = 179;
const BFD_PORTS: ReadonlySet<number> = new Set([3784, 3785, 4784]);

function classify(bytes: Uint8Array, prefixes: readonly Prefix[], mac: string | undefined): Classified | null {
  const frame = parseFrame(bytes);
  if (frame === null || (mac !== undefined && frame.destination !== mac)) return null;
  const scion = frame.ip === null ? null : scionOf(frame.ip);
  if (scion !== null) return classifyScion(scion);
  const { ip } = frame;
  if (ip === null || isRouting(ip)) return null;
  const inner = innerFrame(ip);
  if (inner !== null) {
    const tunnelled = touches(ip, prefixes) || (inner.ip !== null && touches(inner.ip, prefixes));
    return tunnelled ? { src: ip.src, dst: ip.dst, protocol: 'vxlan', pods: inner.ip } : null;
  }
  return touches(ip, prefixes) ? { src: ip.src, dst: ip.dst, protocol: nameOf(ip), pods: ip } : null;
}

function classifyScion(scion: ScionPacket): Classified | null {
  if (!carriesPods(scion)) return null;
  return { src: scion.src, dst: scion.dst, protocol: 'scion', pods: scion.inner };
}

/** Protocols 253 and 254 are CilION's (docs/dataplane.md), a SCION/UDP port the reference gateway's. */
function carriesPods({ nextHeader, dstPort }: ScionPacket): boolean {
  return nextHeader === PROTOCOL_EXPERIMENT || nextHeader === PROTOCOL_PROBE || dstPort === GATEWAY_DATA_PORT;
}

function isRouting(ip: IpPacket): boolean {
  if (ip.ports === null) return false;
  const { src, dst } = ip.ports;
  return ip.protocol === 6 ? src === BGP_PORT || dst === BGP_PORT : BFD_PORTS.has(dst);
}

function touches(ip: IpPacket, prefixes: readonly Prefix[]): boolean {
  return prefixes.some((prefix) => contains(prefix, ip.srcNumber) || contains(prefix, ip.dstNumber));
}

function nameOf({ protocol, ports }: IpPacket): ObservedPacket['protocol'] {
  if (protocol === 1) return 'icmp';
  if (protocol === 6) return 'tcp';
  if (protocol !== 17) return 'other';
  return ports?.dst === WIREGUARD_PORT ? 'wireguard' : 'udp';
}
