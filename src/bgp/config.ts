/**
 * BIRD configuration of one router, rendered from what the router is (BgpRouter) and what it does right now
 * (BgpState). Pure: an attack is the same router rendered again with another state, then `configure`.
 */

/** What the neighbour at the other end of a session is to us. */
export type NeighborKind = 'provider' | 'customer' | 'peer' | 'core' | 'internal';

export interface BgpSession {
  /** Unique in the router; letters, digits and underscores. */
  readonly name: string;
  readonly kind: NeighborKind;
  readonly localAddress: string;
  /** Must be on the same wire as `localAddress`: sessions are single hop. */
  readonly neighborAddress: string;
  readonly interface: string;
  readonly neighborAsn: number;
}

export interface BgpRouter {
  /** IPv4 form, unique in the lab. */
  readonly routerId: string;
  /** 1 … 2³² − 1. */
  readonly asn: number;
  /** Source of what the router itself sends; an address that the namespace holds. */
  readonly loopback: string;
  /** Announced to every neighbour. Kernel routes inside them (pod CIDRs) win by length; the rest is unreachable. */
  readonly prefixes: readonly string[];
  readonly sessions: readonly BgpSession[];
  /** Hold time, whole seconds ≥ 3 (RFC 4271 section 4.2). Keepalives go out every third of it. */
  readonly holdSeconds: number;
  /** Bidirectional forwarding detection on every session, 100 ms × 3. */
  readonly bfd: boolean;
}

export interface Hijack {
  /** What is announced as if it were ours: the victim's prefix or parts of it. */
  readonly prefixes: readonly string[];
  /** Stands at the end of the AS path in place of our own number. */
  readonly forgedOriginAsn?: number;
}

/** What an AS does beyond (or short of) its duty. Render it into every router of the AS. */
export interface BgpState {
  readonly hijacks: readonly Hijack[];
  /** Everything is exported to everybody (RFC 7908 types 1 to 4). */
  readonly leaking: boolean;
  /** The AS's own prefixes are not announced. */
  readonly withdrawn: boolean;
}

export const HONEST: BgpState = { hijacks: [], leaking: false, withdrawn: false };

/** Names of the static protocols, which tell own routes from false ones in filters and in `show route`. */
export const ORIGINATED = 'originated';
export const HIJACK = 'hijack';

const BFD_INTERVAL_MS = 100;
const BFD_MULTIPLIER = 3;

interface Relation {
  /** Last field of the large community (asn, 1, mark) that remembers where a route came from. */
  readonly mark: number;
  readonly preference: number;
}

/**
 * A customer pays, a peer is free, a provider costs: hence customer > peer > provider (Gao and Rexford). A core link
 * stands between the last two. It reaches everything, as a provider does, so a peer's own cone is better reached over
 * the peering, which is there for that; but nobody pays for it, so it comes before a provider.
 */
const RELATIONS: Readonly<Record<Exclude<NeighborKind, 'internal'>, Relation>> = {
  customer: { mark: 1, preference: 400 },
  peer: { mark: 2, preference: 300 },
  core: { mark: 3, preference: 200 },
  provider: { mark: 4, preference: 100 },
};

/**
 * The whole configuration file. Pure and deterministic.
 * @throws RangeError when a name or number cannot stand in a configuration.
 */
export function renderBirdConfig(router: BgpRouter, state: BgpState): string {
  check(router, state);
  const parts = [
    general(router),
    statics(ORIGINATED, router.prefixes, 'unreachable'),
    ...state.hijacks.map((hijack, index) => statics(`${HIJACK}${index}`, hijack.prefixes, 'blackhole')),
    exportFunction(router, state),
    ...(router.bfd ? [bfdProtocol(router)] : []),
    ...router.sessions.map((session) => sessionProtocol(router, session, state)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function check(router: BgpRouter, state: BgpState): void {
  if (!Number.isInteger(router.holdSeconds) || router.holdSeconds < 3) {
    throw new RangeError(`hold time ${router.holdSeconds} s: whole seconds from 3 (RFC 4271 section 4.2)`);
  }
  const forged = state.hijacks.flatMap((hijack) => hijack.forgedOriginAsn ?? []);
  for (const asn of [router.asn, ...router.sessions.map((session) => session.neighborAsn), ...forged]) {
    if (!Number.isInteger(asn) || asn < 1 || asn > 0xffffffff)
      throw new RangeError(`AS number ${asn}: 1 to 4294967295`);
  }
  for (const { name } of router.sessions) {
    if (!/^[A-Za-z]\w*$/.test(name)) throw new RangeError(`session name "${name}": letters, digits, underscores`);
    if (name === ORIGINATED || name.startsWith(HIJACK)) throw new RangeError(`session name "${name}" is taken`);
  }
}

/** The kernel protocol writes best routes and reads nothing back, so its scan is idle work: a long interval. */
function general(router: BgpRouter): string {
  return `log stderr { warning, error, fatal, bug };
router id ${router.routerId};
timeformat protocol iso short ms;
timeformat route iso short ms;

protocol device { scan time 60; }

protocol kernel {
  scan time 600;
  learn off;
  persist off;
  merge paths off;
  ipv4 {
    import none;
    export filter {
      if source = RTS_BGP then krt_prefsrc = ${router.loopback};
      accept;
    };
  };
}`;
}

/**
 * A blackhole swallows in silence. An attacker's hijack uses it because an ICMP error or a TCP reset would tell the
 * sender at once, and because the packets then have to arrive on the attacker's wires to end there.
 */
function statics(name: string, prefixes: readonly string[], kind: 'unreachable' | 'blackhole'): string {
  const routes = prefixes.map((prefix) => `  route ${prefix} ${kind};`);
  return [`protocol static ${name} {`, '  ipv4;', ...routes, '}'].join('\n');
}

/** Accepts what goes to everybody whatever the relation, so that the sessions' own rules come after it. */
function exportFunction(router: BgpRouter, state: BgpState): string {
  const hijacks = state.hijacks.map(({ forgedOriginAsn }, index) => {
    const forge = forgedOriginAsn === undefined ? '' : `bgp_path.prepend(${forgedOriginAsn}); `;
    return `  if proto = "${HIJACK}${index}" then { ${forge}accept; }`;
  });
  return [
    'function to_everybody() {',
    ...hijacks,
    `  if proto = "${ORIGINATED}" then ${state.withdrawn ? 'reject' : 'accept'};`,
    // Marks are for the routers of this AS only.
    `  bgp_large_community.delete([(${router.asn}, *, *)]);`,
    '}',
  ].join('\n');
}

function bfdProtocol(router: BgpRouter): string {
  const timing = `{ interval ${BFD_INTERVAL_MS} ms; multiplier ${BFD_MULTIPLIER}; }`;
  return [
    'protocol bfd {',
    ...[...new Set(router.sessions.map((session) => session.interface))].map(
      (name) => `  interface "${name}" ${timing};`,
    ),
    '}',
  ].join('\n');
}

/**
 * Retry and error times are far below a production router's, so that a run measures detection and route exchange and
 * not the patience of a reconnect timer. `check link` ends a session the moment its wire has no carrier.
 */
function sessionProtocol(router: BgpRouter, session: BgpSession, state: BgpState): string {
  const internal = session.kind === 'internal';
  return `protocol bgp ${session.name} {
  description "${session.kind}";
  local ${session.localAddress} as ${router.asn};
  neighbor ${session.neighborAddress} as ${session.neighborAsn};
  interface "${session.interface}";
  direct;
  check link on;
  connect delay time 1;
  connect retry time 1;
  error wait time 1, 2;
  hold time ${router.holdSeconds};
  startup hold time ${router.holdSeconds};
  keepalive time ${Math.max(1, Math.floor(router.holdSeconds / 3))};
  graceful restart off;
  bfd ${router.bfd ? 'on' : 'off'};
  ipv4 {
    import ${internal ? 'all' : importFilter(router.asn, RELATIONS[session.kind])};
    export ${exportFilter(router.asn, session.kind, state)};${internal ? '\n    next hop self;' : ''}
  };
}`;
}

/** Marks from outside are removed first: a neighbour must not be able to set ours. */
function importFilter(asn: number, { mark, preference }: Relation): string {
  return `filter {
      bgp_large_community.delete([(${asn}, *, *)]);
      bgp_large_community.add((${asn}, 1, ${mark}));
      bgp_local_pref = ${preference};
      accept;
    }`;
}

/** Gao-Rexford: customers, cores and our own routers get everything; peers and providers what we and our customers originate. */
function exportFilter(asn: number, kind: NeighborKind, state: BgpState): string {
  if (kind === 'internal') return INTERNAL_EXPORT;
  if (state.leaking || kind === 'customer' || kind === 'core') return 'filter { to_everybody(); accept; }';
  return `filter {
      bool customer = (${asn}, 1, ${RELATIONS.customer.mark}) ~ bgp_large_community;
      to_everybody();
      if customer then accept;
      reject;
    }`;
}

/** Inside the AS the marks stay on. Own prefixes and false ones are rendered into every router, and not passed on. */
const INTERNAL_EXPORT = `filter { if source = RTS_STATIC then reject; accept; }`;
