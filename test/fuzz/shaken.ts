/** A router on a bad day. */
import type { RouterConfig, RouterInterface } from '../model/router.ts';
import type { Random } from './random.ts';

const MTUS = [1500, 1500, 1500, 200, 300];

/** The router with some of its links down or narrow. */
export function shaken(config: RouterConfig, random: Random): RouterConfig {
  const interfaces = [...config.interfaces].map(([ifid, link]): [number, RouterInterface] => [
    ifid,
    { ...link, up: !random.once(6), mtu: random.pick(MTUS) },
  ]);
  return { ...config, interfaces: new Map(interfaces) };
}
