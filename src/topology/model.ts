/**
 * The topology as plain immutable data: ASes and the links between them, and nothing of how a lab realises them.
 * Both file formats (our YAML and scionproto `.topo`) load into this.
 */

/** Canonical text form `1-ff00:0:110`. Made only by `parseIsdAs` (src/scion/isd-as.ts). */
export type IsdAs = string & { readonly __isdAs: unique symbol };

/** SCION interface identifier, 1…65535, unique within its AS. */
export type InterfaceId = number;

export type LinkKind = 'core' | 'child' | 'peer';

/**
 * How a link carries SCION. `wire`: UDP/IP straight over its wire. `internet`: UDP/IP between addresses of the two ASes,
 * routed by BGP over whatever wires it says; the link has no wire of its own. `none`: not at all, the wire carries IP alone.
 */
export type Underlay = 'wire' | 'internet' | 'none';

/** What a wire does to the frames that cross it in one direction. */
export interface Shape {
  readonly delayNs: number;
  /** Uniform in [0, jitterNs), order kept. */
  readonly jitterNs: number;
  /** Independent loss, parts per million. */
  readonly lossPpm: number;
  /** Bits per second of frames incl. 24 B of preamble, FCS and gap a frame; 0 is unlimited. */
  readonly rateBps: number;
  /** Longest time a frame may queue for the rate limit before tail drop; 0 is the default (50 ms). */
  readonly queueNs: number;
  /** Silently discard everything. */
  readonly cut: boolean;
}

export interface As {
  readonly ia: IsdAs;
  readonly isd: number;
  /** 48-bit AS number. */
  readonly asn: bigint;
  readonly core: boolean;
  readonly voting: boolean;
  readonly authoritative: boolean;
  readonly issuing: boolean;
  readonly certIssuer?: IsdAs;
  /** MTU inside the AS, bytes of an IP packet. */
  readonly mtu: number;
  /** A word for people, shown beside the ISD-AS in pictures and tables: `attacker`, `transit-eu`. */
  readonly label?: string;
  /** IPv4 prefix the AS originates in BGP; planned from the pool where the file names none. */
  readonly prefix?: string;
}

export interface LinkEnd {
  readonly ia: IsdAs;
  readonly ifid: InterfaceId;
  /** Label of the border router in `.topo` files (`A` in `1-ff00:0:120-A#6`). Groups interfaces on one router. */
  readonly router?: string;
}

export interface Link {
  /** `a#ifid--b#ifid` in canonical text, e.g. `1-ff00:0:110#1--1-ff00:0:111#41`. Unique. */
  readonly id: string;
  /** `child`: a is the parent (provider) of b. */
  readonly kind: LinkKind;
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  /** Largest IP packet, bytes: on the wire, or routed between the ends. */
  readonly mtu: number;
  readonly underlay: Underlay;
  /** From a to b and back; absent on a link that the file does not shape. */
  readonly shape?: { readonly ab: Shape; readonly ba: Shape };
}

export interface Topology {
  readonly name: string;
  /** The file it was read from, as given by the user. */
  readonly source: string;
  readonly ases: readonly As[];
  /** Those that carry SCION. */
  readonly links: readonly Link[];
  /** Those that carry IP and BGP alone (underlay `none`). */
  readonly ipLinks: readonly Link[];
}

/** Links with a wire: where IP packets and BGP sessions are. */
export function wiresOf({ links, ipLinks }: Pick<Topology, 'links' | 'ipLinks'>): Link[] {
  return [...links.filter(({ underlay }) => underlay !== 'internet'), ...ipLinks];
}

/** Every link of the file. */
export function allLinks({ links, ipLinks }: Pick<Topology, 'links' | 'ipLinks'>): Link[] {
  return [...links, ...ipLinks];
}
