/** Where packets go right now: best routes followed from router to router. */
import { HIJACK, ORIGINATED } from './config.ts';
import type { BirdRoute } from './routes.ts';

export interface Journey {
  /** Names of the routers in the order of travel, the first being the start. */
  readonly routers: readonly string[];
  /**
   * `originated`: the last router announces the prefix as its own. `hijacked`: it announces it falsely. `none`: it has no
   * route. `loop`: the last router was passed before. `outside`: its next hop is no router of the lab.
   */
  readonly end: 'originated' | 'hijacked' | 'none' | 'loop' | 'outside';
}

/**
 * Follows packets for an address until they end.
 * @param address IPv4 address of the destination.
 * @param routeTo Best route of a router for the address (BirdControl.routeTo of that router).
 * @param owners Address of a session's end → name of the router that holds it.
 */
export async function follow(
  from: string,
  address: string,
  routeTo: (router: string, address: string) => Promise<BirdRoute | null>,
  owners: ReadonlyMap<string, string>,
): Promise<Journey> {
  const routers: string[] = [];
  for (let router = from; ; ) {
    const seen = routers.includes(router);
    routers.push(router);
    if (seen) return { routers, end: 'loop' };
    const route = await routeTo(router, address);
    if (route === null) return { routers, end: 'none' };
    if (route.via === null) return { routers, end: endOf(route) };
    const next = owners.get(route.via);
    if (next === undefined) return { routers, end: 'outside' };
    router = next;
  }
}

function endOf(route: BirdRoute): Journey['end'] {
  if (route.protocol.startsWith(HIJACK)) return 'hijacked';
  return route.protocol === ORIGINATED ? 'originated' : 'none';
}
