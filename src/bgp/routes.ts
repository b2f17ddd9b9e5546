/** BIRD's printed tables as data. Pure: takes the text lines of a reply without their codes. */

export interface BirdRoute {
  /** `10.1.0.0/16`. */
  readonly prefix: string;
  /** Next hop's address; null where packets end in this router (unreachable, blackhole) or leave without a gateway. */
  readonly via: string | null;
  /** `unicast`, `unreachable`, `blackhole` or `prohibit`. */
  readonly kind: string;
  /** Name of the protocol that gave the route, as in the configuration. */
  readonly protocol: string;
  /** Empty for routes of this router. The first is the neighbour, the last the (claimed) origin. */
  readonly asPath: readonly number[];
  /** Chosen for forwarding. */
  readonly best: boolean;
}

export interface BirdProtocol {
  readonly name: string;
  /** `BGP`, `Static`, `Kernel`, … */
  readonly kind: string;
  /** `up`, `start`, `down`. */
  readonly state: string;
  /** When it entered that state, as BIRD prints it. */
  readonly since: string;
  /** For BGP the session's state and the last error, e.g. `Active        Socket: Connection refused`; else empty. */
  readonly info: string;
}

const ROUTE = /^(\S+)?\s+(unicast|unreachable|blackhole|prohibit) \[(\S+) [^\]]*\](.*)$/;

/** Parses `show route … all`. */
export function parseRoutes(lines: readonly string[]): BirdRoute[] {
  const routes: { -readonly [Key in keyof BirdRoute]: BirdRoute[Key] }[] = [];
  // A prefix with several routes is printed once, before the first.
  let prefix = '';
  for (const line of lines) {
    const head = ROUTE.exec(line);
    if (head !== null) {
      prefix = head[1] ?? prefix;
      const [, , kind = '', protocol = '', flags = ''] = head;
      routes.push({ prefix, kind, protocol, best: /^( \([^)]*\))? \*/.test(flags), via: null, asPath: [] });
      continue;
    }
    const route = routes.at(-1);
    if (route === undefined) continue;
    const via = /^\s+via (\S+) on /.exec(line);
    if (via !== null) route.via = via[1] ?? null;
    const path = /^\s+BGP\.as_path: ?(.*)$/.exec(line);
    if (path !== null) route.asPath = (path[1] ?? '').split(' ').filter(Boolean).map(Number);
  }
  return routes;
}

/** Parses `show protocols`. */
export function parseProtocols(lines: readonly string[]): BirdProtocol[] {
  return lines.slice(1).flatMap((line) => {
    const match = /^(\S+)\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null) return [];
    const [, name = '', kind = '', state = '', since = '', info = ''] = match;
    return [{ name, kind, state, since, info: info.trim() }];
  });
}

/** Parses the line of `show route count`: how many prefixes the main table holds. */
export function parseNetworkCount(lines: readonly string[]): number | null {
  const match = lines
    .map((line) => /routes for (\d+) networks in table master4/.exec(line))
    .find((found) => found !== null);
  return match === undefined ? null : Number(match?.[1]);
}
