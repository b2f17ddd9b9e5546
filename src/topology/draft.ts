/** A topology as it was read, before interface numbers are dealt and the whole has been checked. */
import type { FieldPath } from '../input/yaml.ts';
import { parseIsdAs } from '../scion/isd-as.ts';
import type { Endpoint } from './endpoint.ts';
import type { As, InterfaceId, IsdAs, Link, LinkEnd, Topology } from './model.ts';

export interface DraftAs {
  readonly as: As;
  /** Where it stands in the file. */
  readonly path: FieldPath;
}

export interface DraftLink extends Omit<Link, 'id' | 'a' | 'b'> {
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly path: FieldPath;
}

export interface Draft {
  readonly name: string;
  readonly source: string;
  readonly ases: readonly DraftAs[];
  readonly links: readonly DraftLink[];
}

/** Reads the keys of the AS map; reports those that are no ISD-AS or name an AS that an earlier key named. */
export function readAsKeys(
  keys: readonly string[],
  report: (key: string, message: string, expected: string) => void,
): Map<string, IsdAs> {
  const read = new Map<string, IsdAs>();
  const seen = new Set<IsdAs>();
  for (const key of keys) {
    try {
      const ia = parseIsdAs(key);
      if (seen.has(ia)) report(key, `${ia} is already defined above`, 'each AS once');
      else read.set(key, ia);
      seen.add(ia);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      report(key, error.message, 'an ISD-AS such as 1-ff00:0:110');
    }
  }
  return read;
}

/**
 * Gives each end without a number the lowest that is free in its AS, in the order of the links, and names the links.
 * (The reference draws such numbers at random; the same file must give the same lab here.)
 */
export function completeTopology(draft: Draft): Topology {
  const used = new Map<IsdAs, Set<InterfaceId>>();
  const usedIn = (ia: IsdAs): Set<InterfaceId> => {
    const found = used.get(ia) ?? new Set();
    used.set(ia, found);
    return found;
  };
  for (const end of draft.links.flatMap((link) => [link.a, link.b])) {
    if (end.ifid !== undefined) usedIn(end.ia).add(end.ifid);
  }
  // Below these, every number is taken.
  const lowest = new Map<IsdAs, InterfaceId>();
  const deal = (ia: IsdAs): InterfaceId => {
    const taken = usedIn(ia);
    let ifid = lowest.get(ia) ?? 1;
    while (taken.has(ifid)) ifid++;
    lowest.set(ia, ifid + 1);
    return ifid;
  };
  const complete = (end: Endpoint): LinkEnd => ({ ...end, ifid: end.ifid ?? deal(end.ia) });
  const links = draft.links.map(({ path: _, ...link }): Link => {
    const a = complete(link.a);
    const b = complete(link.b);
    return { id: `${a.ia}#${a.ifid}--${b.ia}#${b.ifid}`, ...link, a, b };
  });
  const [ipLinks = [], scionLinks = []] = [true, false].map((ip) =>
    links.filter(({ underlay }) => (underlay === 'none') === ip),
  );
  return { name: draft.name, source: draft.source, ases: draft.ases.map(({ as }) => as), links: scionLinks, ipLinks };
}
