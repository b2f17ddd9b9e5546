/** Carries a packet through a topology whose every AS is one model router. */
import { forwardingKeys } from '../../src/scion/segments.ts';
import type { InterfaceId, IsdAs, LinkEnd, LinkKind, Topology } from '../../src/topology/model.ts';
import type { Outcome } from './outcome.ts';
import { type Neighbour, type RouterConfig, type RouterInterface, routePacket } from './router.ts';

export interface Network {
  readonly routers: ReadonlyMap<IsdAs, RouterConfig>;
  /** The other end of a link, by `ia#ifid`. */
  readonly farEnds: ReadonlyMap<string, LinkEnd>;
}

export interface WalkHop {
  readonly ia: IsdAs;
  readonly ingress: InterfaceId;
  readonly egress: InterfaceId;
}

export interface Walk {
  /** ASes that the packet was in; where it stopped has egress 0. */
  readonly hops: readonly WalkHop[];
  /** Of the last router. */
  readonly end: Outcome;
}

/** One router for each AS, with keys from the seed and all links up. */
export function buildNetwork(topology: Topology, seed: number): Network {
  const keys = forwardingKeys(topology, seed);
  const interfaces = new Map(topology.ases.map(({ ia }) => [ia, new Map<InterfaceId, RouterInterface>()]));
  const farEnds = new Map<string, LinkEnd>();
  for (const { kind, a, b } of topology.links) {
    interfaces.get(a.ia)!.set(a.ifid, { neighbour: neighbourOf(kind, 'a'), up: true });
    interfaces.get(b.ia)!.set(b.ifid, { neighbour: neighbourOf(kind, 'b'), up: true });
    farEnds.set(`${a.ia}#${a.ifid}`, b).set(`${b.ia}#${b.ifid}`, a);
  }
  const routers = topology.ases.map(
    ({ ia }) => [ia, { ia, forwardingKey: keys.get(ia)!, interfaces: interfaces.get(ia)! }] as const,
  );
  return { routers: new Map(routers), farEnds };
}

/** From a host in `src` on, until a router delivers or refuses the packet. */
export function walkPacket(network: Network, src: IsdAs, packet: Uint8Array, now: number): Walk {
  const hops: WalkHop[] = [];
  let at: LinkEnd = { ia: src, ifid: 0 };
  let bytes = packet;
  // CurrHF has six bits and grows with every AS.
  for (let crossed = 0; crossed <= 64; crossed++) {
    const end = routePacket(bytes, at.ifid, network.routers.get(at.ia)!, now);
    const egress = end.verdict === 'forward' ? end.egress : 0;
    hops.push({ ia: at.ia, ingress: at.ifid, egress });
    if (end.verdict !== 'forward') return { hops, end };
    bytes = end.packet;
    at = network.farEnds.get(`${at.ia}#${egress}`)!;
  }
  throw new Error('the packet was forwarded more often than its path has hop fields');
}

function neighbourOf(kind: LinkKind, end: 'a' | 'b'): Neighbour {
  if (kind !== 'child') return kind;
  return end === 'a' ? 'child' : 'parent';
}
