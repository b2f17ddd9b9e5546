/**
 * The IPv4 prefix of each AS: the one that the file names, or one of 10.0.0.0/8: a /16 each, or a /20 each where there
 * are more than 250 ASes.
 */
import { overlaps, type Prefix, parseIpv4, parsePrefix } from './ipv4.ts';
import type { As, IsdAs } from './model.ts';

const POOL = parseIpv4('10.0.0.0');
const POOL_LENGTH = 8;
/** So many ASes get a /16. */
const FEW = 250;

/** The first block of the pool looks too much like a network without a number. */
const FIRST = 1;

/** As many as the pool has /20s for, whether or not the file names prefixes elsewhere. */
export const MAX_ASES = 2 ** (20 - POOL_LENGTH) - FIRST;

/** ASes for which no prefix is left are missing in the map; the loader refuses such a topology (check.ts). */
export function asPrefixes(ases: readonly As[]): ReadonlyMap<IsdAs, Prefix> {
  const length = ases.length <= FEW ? 16 : 20;
  const named = ases.flatMap((as) => (as.prefix === undefined ? [] : [parsePrefix(as.prefix)]));
  const result = new Map<IsdAs, Prefix>();
  let next = FIRST;
  for (const as of ases) {
    const prefix = as.prefix === undefined ? nextFree() : parsePrefix(as.prefix);
    if (prefix !== undefined) result.set(as.ia, prefix);
  }
  return result;

  function nextFree(): Prefix | undefined {
    while (next < 2 ** (length - POOL_LENGTH)) {
      const candidate: Prefix = { network: POOL + next * 2 ** (32 - length), length };
      next += 1;
      if (!named.some((prefix) => overlaps(prefix, candidate))) return candidate;
    }
    return undefined;
  }
}

/** Nodes that a cluster in an AS of this prefix has room for: a /24 of pods each, beside the routers' and the LAN's. */
export function maxNodes({ length }: Prefix): number {
  return 2 ** (24 - length) - 2;
}
