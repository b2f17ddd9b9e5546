/**
 * Who gets which number: IPv4 prefixes and addresses, ASNs, MAC addresses, interface indices, UDP ports.
 *
 * Pools, all inside the lab's own namespaces:
 *   10.0.0.0/8      one prefix an AS (src/topology/as-prefixes.ts)
 *                   In it, by /24: .0 routers and nodes · .1…n pods of node n · the last one the cluster's LAN
 *   172.16.0.0/12   one /31 a link (RFC 3021)
 */
import { formatIpv4, formatPrefix, type Prefix, parseIpv4 } from '../topology/ipv4.ts';
import type { As, IsdAs } from '../topology/model.ts';

const LINK_POOL = parseIpv4('172.16.0.0');
const LINK_POOL_SIZE = 2 ** 20;
/** 32-bit private-use ASNs begin here (RFC 6996). */
const PRIVATE_ASN = 4_200_000_000;
/** AS_TRANS (RFC 6793) and the last ones of 16 and of 32 bits (RFC 7300): no speaker has them. */
const RESERVED_ASNS = [23_456, 65_535, 2 ** 32 - 1];
/** First UDP port of SCION underlays; a link's port is its own (hosts use 30041 and 31000–32767). */
const UNDERLAY_PORT = 40_000;
const UNDERLAY_PORTS = 20_000;

/**
 * ASN of each AS in BGP, unique in the lab. BGP-style SCION ASes keep their number; others, and those whose number an AS
 * of another ISD has already, get a private one by their place in the file.
 */
export function planAsns(ases: readonly As[]): ReadonlyMap<IsdAs, number> {
  const taken = new Set<number>();
  const result = new Map<IsdAs, number>();
  for (const as of ases) {
    const own = Number(as.asn);
    if (own >= 2 ** 32 || RESERVED_ASNS.includes(own) || taken.has(own)) continue;
    taken.add(own);
    result.set(as.ia, own);
  }
  let next = PRIVATE_ASN;
  for (const { ia } of ases) {
    next += 1;
    if (result.has(ia)) continue;
    while (taken.has(next)) next += 1;
    result.set(ia, next);
  }
  return result;
}

/** Address `host` of the AS's `block`-th /24. */
export function addressIn(prefix: Prefix, block: number, host: number): string {
  return formatIpv4(prefix.network + block * 256 + host);
}

/** The /24 that holds the pods of node `n` (1-based). */
export function podBlock(prefix: Prefix, n: number): string {
  return formatPrefix({ network: prefix.network + n * 256, length: 24 });
}

/** Number of the /24 at the end of the prefix: the cluster's LAN. */
export function lanBlock(prefix: Prefix): number {
  return 2 ** (24 - prefix.length) - 1;
}

/** Both ends' addresses on the /31 of the `index`-th link. */
export function linkAddresses(index: number): [string, string] {
  if (index * 2 >= LINK_POOL_SIZE) throw new RangeError(`more than ${LINK_POOL_SIZE / 2} links`);
  return [formatIpv4(LINK_POOL + index * 2), formatIpv4(LINK_POOL + index * 2 + 1)];
}

export function underlayPort(ifid: number): number {
  return UNDERLAY_PORT + (ifid % UNDERLAY_PORTS);
}

/** Hands out interface indices and, from them, locally administered unicast MAC addresses; both unique in the lab. */
export class DeviceNumbers {
  #next: number;

  /** @param first Default 2: 1 is every namespace's loopback. */
  constructor(first = 2) {
    this.#next = first;
  }

  take(): { ifindex: number; mac: string } {
    const ifindex = this.#next;
    this.#next += 1;
    const bytes = [0x02, 0x00, 24, 16, 8, 0].map((part, i) => (i < 2 ? part : (ifindex >>> part) & 0xff));
    return { ifindex, mac: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':') };
  }

  get used(): number {
    return this.#next;
  }
}
