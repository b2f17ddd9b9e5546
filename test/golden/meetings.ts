/** Where packets on real paths meet border routers: what comes in by which interface. */
import { pathCombiner } from '../../src/scion/combine.ts';
import type { Path } from '../../src/scion/end-to-end-path.ts';
import { computeSegments } from '../../src/scion/segments.ts';
import type { InterfaceId, Topology } from '../../src/topology/model.ts';
import { buildPacket, type PacketOptions } from '../model/packets.ts';
import { type RouterConfig, routePacket } from '../model/router.ts';
import { buildNetwork, type Network } from '../model/walk.ts';

export const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };
export const NOW = OPTIONS.timestamp + 60;

/** A packet where it meets a router, with the router. */
export interface Meeting {
  readonly path: Path;
  readonly router: RouterConfig;
  readonly ingress: InterfaceId;
  readonly packet: Uint8Array;
}

/** Every router that a packet from end to end meets after the source's own. */
export function meetings(network: Network, path: Path, content: Partial<PacketOptions> = {}): Meeting[] {
  const met: Meeting[] = [];
  let packet = buildPacket({ ...path, ...content });
  let ingress = 0;
  let ia = path.src;
  for (;;) {
    const router = network.routers.get(ia)!;
    if (ingress !== 0) met.push({ path, router, ingress, packet });
    const outcome = routePacket(packet, ingress, router, NOW);
    if (outcome.verdict !== 'forward') return met;
    const far = network.farEnds.get(`${ia}#${outcome.egress}`)!;
    [packet, ingress, ia] = [outcome.packet, far.ifid, far.ia];
  }
}

export function allPaths(topology: Topology): Path[] {
  const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
  const ias = topology.ases.map(({ ia }) => ia);
  return ias.flatMap((src) => ias.flatMap((dst) => [...combine(src, dst)]));
}

export function allMeetings(topology: Topology): Meeting[] {
  const network = buildNetwork(topology, OPTIONS.seed);
  return allPaths(topology).flatMap((path) => meetings(network, path));
}

/** Kinds of a path's segments, where they peer, and how many hop fields each has. */
export function shapeOf(path: Path): string {
  return path.segments.map(({ kind, peer, ases }) => `${kind}${peer}${ases.length}`).join();
}

/** One path of every shape. */
export function oneOfEachShape(cases: readonly Meeting[]): Meeting[] {
  const first = [...Map.groupBy(cases, ({ path }) => shapeOf(path)).values()].map(([meeting]) => meeting!.path);
  return cases.filter(({ path }) => first.includes(path));
}
