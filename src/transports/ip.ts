/** Plain IP: pods' packets are routed by BGP from node to node. Nothing is attached; BIRD's routes carry them. */
import { bgpRoute } from './bgp-route.ts';
import type { Transport } from './transport.ts';

export const ip: Transport = {
  name: 'ip',
  about: 'plain IP, routed by BGP',
  async attach(lab) {
    return {
      route: ({ node }, { pod }) => bgpRoute(lab, node, pod.address),
      drops: () => ({}),
      release: () => {},
      detach: async () => {},
    };
  },
};
