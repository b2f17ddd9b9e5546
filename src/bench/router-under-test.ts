/** A border router at a site, as the bench's AS has it. */
import { BorderRouterDataplane, type RouterSizes } from '../dataplane/router.ts';
import { deriveForwardingKey } from '../scion/mac.ts';
import { HOST_PORTS } from '../scion/ports.ts';
import type { Site } from './bench-lab.ts';
import {
  HERE,
  INTERNAL,
  LINK_LIMIT,
  LINKS,
  MASTER_KEY,
  ownEnd,
  remoteEnd,
  SIDES,
  type Side,
  WIRE_MTU,
} from './places.ts';

/** What the bench needs of a dataplane, also of one that another version of this project brings along. */
export type RouterUnderTest = Pick<
  BorderRouterDataplane,
  'configureAs' | 'configureLink' | 'configureDevice' | 'attach' | 'detach' | 'counters' | 'close' | 'program'
>;

export interface RouterLoader {
  load(sizes: RouterSizes): RouterUnderTest;
}

const SLOT = 0;
/** The link that a device carries alone, for traffic that comes in there; 0: the AS's own network. */
export const IFID_OF: Readonly<Record<Side, number>> = { in: 1, out: 2, host: 0 };

/** Loads a fresh instance and fills its maps; nothing is attached yet. @throws Error with the verifier's log */
export function loadRouter(
  site: Site,
  ifindexLimit: number,
  loader: RouterLoader = BorderRouterDataplane,
): RouterUnderTest {
  const router = loader.load({ ifindexLimit, asCount: 1, linkCount: LINK_LIMIT, neighbourCount: 0 });
  router.configureAs(SLOT, {
    ia: HERE,
    forwardingKey: deriveForwardingKey(MASTER_KEY),
    linkBase: 0,
    linkLimit: LINK_LIMIT,
    internal: { ifindex: site.devices.host, address: INTERNAL.address, port: INTERNAL.port, hostPorts: HOST_PORTS },
  });
  for (const link of LINKS) {
    router.configureLink(SLOT, {
      ifid: link.ifid,
      role: link.role,
      ifindex: site.devices[link.side],
      own: ownEnd(link),
      remote: remoteEnd(link),
      mtu: WIRE_MTU,
    });
  }
  return router;
}

export function attachRouter(router: RouterUnderTest, site: Site): void {
  for (const side of SIDES) {
    router.attach({ ifindex: site.devices[side], netns: site.netns, slot: SLOT, ifid: IFID_OF[side] });
  }
}

/** Packets by reason since it was loaded. */
export function routerCounts(router: RouterUnderTest): Readonly<Record<string, number>> {
  return Object.fromEntries(router.counters(SLOT).map(({ reason, packets }) => [reason, packets]));
}
