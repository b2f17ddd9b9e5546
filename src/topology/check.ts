/** What must hold between the parts of a topology, whichever format it came from. */
import { MAX_WIRE_MTU } from '../emulator/wire/shape.ts';
import type { Problem } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { type FieldPath, formatPath, type YamlFile } from '../input/yaml.ts';
import { isdOf } from '../scion/isd-as.ts';
import { asPrefixes, MAX_ASES } from './as-prefixes.ts';
import type { Draft, DraftAs, DraftLink } from './draft.ts';
import type { Endpoint } from './endpoint.ts';
import { Graph, reach, stronglyConnected } from './graph.ts';
import { overlaps, parsePrefix } from './ipv4.ts';
import type { As, IsdAs } from './model.ts';
import { leads } from './reachable.ts';

type Report = (path: FieldPath, message: string, expected?: string) => void;

/** Every problem between ASes and links, each with its place in the file. */
export function checkTopology(draft: Draft, yaml: YamlFile<unknown>): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, expected) => problems.push(yaml.problem(path, message, expected));
  const ases = new Map(draft.ases.map(({ as }) => [as.ia, as]));
  const [first] = draft.ases;
  if (first === undefined) report([], 'has no AS');
  else if (draft.ases.length > MAX_ASES) {
    report(first.path.slice(0, 1), `there are ${draft.ases.length} ASes`, `at most ${MAX_ASES}`);
    return problems;
  }
  checkEnds(draft, ases, report);
  for (const link of draft.links) {
    checkKind(link, ases, report);
    checkWire(link, report);
  }
  const coreless = checkCores(draft, report);
  // Without sound links, the graph's shape says nothing.
  if (problems.length === 0) checkGraph(draft, report);
  checkIssuers(draft, ases, coreless, report);
  checkLabels(draft, report);
  checkPrefixes(draft, report);
  return problems;
}

/** Looking for the nearest of thousands of names takes a while, and so many lines nobody reads. */
const MAX_SUGGESTIONS = 100;

function checkEnds(draft: Draft, ases: ReadonlyMap<IsdAs, As>, report: Report): void {
  const owners = new Map<string, DraftLink>();
  let unknown = 0;
  const check = (end: Endpoint, link: DraftLink, field: 'a' | 'b'): void => {
    const path = [...link.path, field];
    if (!ases.has(end.ia)) {
      unknown += 1;
      const expected = unknown > MAX_SUGGESTIONS ? undefined : suggestion(end.ia, ases.keys());
      report(path, `no AS ${end.ia} is defined`, expected);
    }
    if (end.ifid === undefined) return;
    const name = `${end.ia}#${end.ifid}`;
    const owner = owners.get(name);
    if (owner !== undefined)
      report(path, `${name} is an end of ${formatPath(owner.path)} already`, 'one link an interface');
    owners.set(name, link);
  };
  for (const link of draft.links) {
    const { a, b, path } = link;
    const same = sameLink(owners.get(`${a.ia}#${a.ifid}`), link);
    if (same !== undefined) {
      report(path, `is the same link as ${formatPath(same.path)}`, 'interfaces of its own for a second link');
      continue;
    }
    check(a, link, 'a');
    check(b, link, 'b');
    if (a.ia === b.ia) report([...path, 'b'], `the link joins ${a.ia} to itself`, 'another AS');
  }
}

/** The other link, when both its ends are the ends of this one, whichever way round. */
function sameLink(other: DraftLink | undefined, link: DraftLink): DraftLink | undefined {
  const ends = ({ a, b }: DraftLink) =>
    [a, b]
      .map(({ ia, ifid }) => `${ia}#${ifid}`)
      .sort()
      .join();
  return other !== undefined && other !== link && ends(other) === ends(link) ? other : undefined;
}

function checkKind(link: DraftLink, ases: ReadonlyMap<IsdAs, As>, report: Report): void {
  const a = ases.get(link.a.ia);
  const b = ases.get(link.b.ia);
  if (a === undefined || b === undefined || a === b) return;
  // BGP knows neither ISDs nor cores.
  if (link.underlay === 'none' && link.kind === 'child') return;
  if (link.kind === 'core') {
    for (const end of [a, b]) {
      if (!end.core)
        report(link.path, `a core link ends at ${end.ia}, which is not a core AS`, 'core ASes at both ends');
    }
  }
  if (link.kind !== 'child') return;
  if (a.isd !== b.isd) report(link.path, `a child link joins ISD ${a.isd} and ISD ${b.isd}`, 'both ends in one ISD');
  if (b.core) report(link.path, `core AS ${b.ia} has a parent`, 'a core link, or an AS that is not core');
}

function checkWire({ shape, mtu, path, underlay }: DraftLink, report: Report): void {
  if (shape !== undefined && underlay === 'internet')
    report(path, 'shapes a link that has no wire of its own', 'the shape at the wires that BGP leads over');
  if (shape === undefined || mtu <= MAX_WIRE_MTU) return;
  report([...path, 'mtu'], `is ${mtu}, too large for a link that is shaped`, `at most ${MAX_WIRE_MTU}`);
}

/** ISDs without a core AS. Nothing in them has a path, so nothing else need be said about them. */
function checkCores(draft: Draft, report: Report): Set<number> {
  const cored = new Set(draft.ases.flatMap(({ as }) => (as.core ? [as.isd] : [])));
  const coreless = new Set<number>();
  for (const { as, path } of draft.ases) {
    if (cored.has(as.isd) || coreless.has(as.isd)) continue;
    coreless.add(as.isd);
    report(path, `ISD ${as.isd} has no core AS`, '`core: true` at one of its ASes');
  }
  return coreless;
}

function checkGraph(draft: Draft, report: Report): void {
  const graph = new Graph(draft.links.filter(({ underlay }) => underlay !== 'none'));
  const first = draft.ases[0]?.as.ia;
  if (first === undefined) return;
  const reached = reach([first], (ia) => graph.neighbours(ia));
  const cores = draft.ases.flatMap(({ as }) => (as.core ? [as.ia] : []));
  const below = reach(cores, (ia) => graph.neighbours(ia, 'child'));
  for (const { as, path } of draft.ases) {
    if (!reached.has(as.ia)) {
      const lonely = graph.neighbours(as.ia).length === 0;
      const message = lonely ? `${as.ia} has no link` : `no links connect ${as.ia} with ${first}`;
      report(path, message, 'a connected topology');
    } else if (!below.has(as.ia)) {
      report(path, `no chain of parents leads from ${as.ia} to a core AS`, 'a child link to it');
    }
  }
  checkCycles(draft, new Graph(draft.links), report);
  checkInternet(draft, report);
}

/** What a routed link needs of the wires: that BGP knows a way from end to end, and that a packet fits whichever it is. */
function checkInternet({ links, ases }: Draft, report: Report): void {
  const routed = links.filter(({ underlay }) => underlay === 'internet');
  if (routed.length === 0) return;
  const wires = links.filter(({ underlay }) => underlay !== 'internet');
  const graph = new Graph(wires);
  const narrowestWire = wires.reduce((least, wire) => Math.min(least, wire.mtu), Number.POSITIVE_INFINITY);
  const inside = new Map(ases.map(({ as }) => [as.ia, as.mtu]));
  for (const { a, b, mtu, path } of routed) {
    if (!leads(graph, a.ia, b.ia)) {
      report(
        path,
        `BGP knows no way over wires from ${a.ia} to ${b.ia}`,
        'providers, a core or a peering link between them',
      );
    }
    const narrowest = Math.min(inside.get(a.ia) ?? mtu, inside.get(b.ia) ?? mtu, narrowestWire);
    if (mtu > narrowest)
      report([...path, 'mtu'], `is ${mtu}, more than a wire or an AS on the way takes`, `at most ${narrowest}`);
  }
}

/** Providers in a circle: BGP need not converge (Gao-Rexford), and no beacon would ever pass. */
function checkCycles(draft: Draft, graph: Graph, report: Report): void {
  const circle = stronglyConnected(
    draft.ases.map(({ as }) => as.ia),
    (ia) => graph.neighbours(ia, 'child'),
    (ia) => graph.neighbours(ia, 'parent'),
  );
  for (const { kind, a, b, path } of draft.links) {
    if (kind !== 'child' || circle.get(a.ia) !== circle.get(b.ia)) continue;
    report(path, `${a.ia} is a provider of itself through ${b.ia}`, 'no circle');
  }
}

function checkIssuers(draft: Draft, ases: ReadonlyMap<IsdAs, As>, coreless: ReadonlySet<number>, report: Report): void {
  for (const { as, path } of draft.ases) {
    if (as.certIssuer === undefined) {
      if (!as.issuing && !coreless.has(as.isd))
        report(path, `no AS of ISD ${as.isd} issues certificates for ${as.ia}`, 'a core AS that issues');
    } else if (ases.get(as.certIssuer)?.issuing !== true || isdOf(as.certIssuer) !== as.isd) {
      report(path, `${as.certIssuer} does not issue certificates in ISD ${as.isd}`, 'an issuing AS of the same ISD');
    }
  }
}

function checkLabels(draft: Draft, report: Report): void {
  const owners = new Map<string, IsdAs>();
  for (const { as, path } of draft.ases) {
    if (as.label === undefined) continue;
    const owner = owners.get(as.label);
    if (owner !== undefined) report([...path, 'label'], `"${as.label}" is the label of ${owner} already`);
    owners.set(as.label, as.ia);
  }
}

function checkPrefixes(draft: Draft, report: Report): void {
  const earlier: { as: As; prefix: ReturnType<typeof parsePrefix> }[] = [];
  for (const { as, path } of draft.ases.filter(hasPrefix)) {
    const prefix = parsePrefix(as.prefix ?? '');
    const clash = earlier.find((other) => overlaps(other.prefix, prefix));
    if (clash !== undefined) {
      report([...path, 'prefix'], `${as.prefix} overlaps ${clash.as.prefix} of ${clash.as.ia}`, 'a prefix of its own');
    }
    earlier.push({ as, prefix });
  }
  const prefixes = asPrefixes(draft.ases.map(({ as }) => as));
  for (const { as, path } of draft.ases) {
    if (!prefixes.has(as.ia))
      report(path, 'no prefix of 10.0.0.0/8 is left for this AS', 'fewer ASes, or smaller prefixes');
  }
}

function hasPrefix({ as }: DraftAs): boolean {
  return as.prefix !== undefined;
}
