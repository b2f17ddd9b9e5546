/**
 * Who gets which number: IPv4 prefixes and addresses, ASNs, MAC addresses, interface indices, UDP ports.
 *
 * Pools, all inside the lab's own namespaces:
 *   10.0.0.0/8      one prefix an AS: a /16 each, or a /20 each where there are more than 250 ASes.
 *                   In it, by /24: .0 routers and nodes · .1…n pods of node n · the last one the cluster's LAN
 *   172.16.0.0/12   one /31 a link (RFC 3021)
 */
import { InputError } from '../errors.ts';
import { formatIpv4, formatPrefix, overlaps, type Prefix, parseIpv4, parsePrefix } from '../topology/ipv4.ts';
import type { As, IsdAs, Topology } from '../topology/model.ts';

const AS_POOL = parseIpv4('10.0.0.0');
const LINK_POOL = parseIpv4('172.16.0.0');
const LINK_POOL_SIZE = 2 ** 20;
/** 32-bit private-use ASNs begin here (RFC 6996). */
const PRIVATE_ASN = 4_200_000_000;
/** First UDP port of SCION underlays; a link's port is its own (hosts use 30041 and 31000–32767). */
const UNDERLAY_PORT = 40_000;
const UNDERLAY_PORTS = 20_000;

/** BGP-style SCION ASes keep their number; others get a private one by their place in the file. */
export function bgpAsn(as: As, index: number): number {
  return as.asn < 2n ** 32n ? Number(as.asn) : PRIVATE_ASN + index + 1;
}

/**
 * The prefix of every AS, named in the file or taken from the pool.
 * @throws InputError when the pool is exhausted.
 */
export function planPrefixes(topology: Topology): ReadonlyMap<IsdAs, Prefix> {
  const length = topology.ases.length <= 250 ? 16 : 20;
  const taken = topology.ases.flatMap((as) => (as.prefix === undefined ? [] : [parsePrefix(as.prefix)]));
  const result = new Map<IsdAs, Prefix>();
  let next = 1;
  for (const as of topology.ases) {
    if (as.prefix !== undefined) {
      result.set(as.ia, parsePrefix(as.prefix));
      continue;
    }
    let candidate: Prefix;
    do {
      if (next >= 2 ** (length - 8)) throw poolExhausted(topology, as);
      candidate = { network: AS_POOL + next * 2 ** (32 - length), length };
      next += 1;
    } while (taken.some((prefix) => overlaps(prefix, candidate)));
    result.set(as.ia, candidate);
  }
  return result;
}

function poolExhausted(topology: Topology, as: As): InputError {
  return new InputError([
    {
      file: topology.source,
      field: `ases.${as.ia}`,
      message: 'no prefix of 10.0.0.0/8 is left for this AS',
      expected: 'fewer than 4095 ASes, or a prefix of its own',
    },
  ]);
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
  /** 1 is every namespace's loopback. */
  #next = 2;

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
