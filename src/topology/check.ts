/** What must hold between the parts of a topology, whichever format it came from. */
import type { Problem } from '../errors.ts';
import { nearestName } from '../input/nearest.ts';
import type { FieldPath, YamlFile } from '../input/yaml.ts';
import { isdOf } from '../scion/isd-as.ts';
import type { Draft, DraftAs, DraftLink } from './draft.ts';
import type { Endpoint } from './endpoint.ts';
import { overlaps, parsePrefix } from './ipv4.ts';
import type { As, IsdAs } from './model.ts';

type Report = (path: FieldPath, message: string, expected?: string) => void;

/** Every problem between ASes and links, each with its place in the file. */
export function checkTopology(draft: Draft, yaml: YamlFile<unknown>): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, expected) => problems.push(yaml.problem(path, message, expected));
  const ases = new Map(draft.ases.map(({ as }) => [as.ia, as]));
  if (draft.ases.length === 0) report([], 'has no AS');
  checkEnds(draft, ases, report);
  for (const link of draft.links) checkKind(link, ases, report);
  // Without sound links, the graph's shape says nothing.
  if (problems.length === 0) checkGraph(draft, report);
  checkIssuers(draft, ases, report);
  checkLabels(draft, report);
  checkPrefixes(draft, report);
  return problems;
}

function checkEnds(draft: Draft, ases: ReadonlyMap<IsdAs, As>, report: Report): void {
  const seen = new Set<string>();
  const check = (end: Endpoint, path: FieldPath): void => {
    if (!ases.has(end.ia)) {
      const near = nearestName(end.ia, ases.keys());
      report(path, `no AS ${end.ia} is defined`, near === undefined ? undefined : `did you mean "${near}"?`);
    }
    if (end.ifid === undefined) return;
    const interfaceName = `${end.ia}#${end.ifid}`;
    if (seen.has(interfaceName)) report(path, `interface ${interfaceName} is used twice`, 'one link an interface');
    seen.add(interfaceName);
  };
  for (const { a, b, path } of draft.links) {
    check(a, [...path, 'a']);
    check(b, [...path, 'b']);
    if (a.ia === b.ia) report([...path, 'b'], `the link joins ${a.ia} to itself`, 'another AS');
  }
}

function checkKind(link: DraftLink, ases: ReadonlyMap<IsdAs, As>, report: Report): void {
  const a = ases.get(link.a.ia);
  const b = ases.get(link.b.ia);
  if (a === undefined || b === undefined) return;
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

function checkGraph(draft: Draft, report: Report): void {
  const first = draft.ases[0];
  if (first === undefined) return;
  const reached = reach([first.as.ia], (ia) => neighbours(draft, ia));
  const below = reach(
    draft.ases.filter(({ as }) => as.core).map(({ as }) => as.ia),
    (ia) => draft.links.filter((link) => link.kind === 'child' && link.a.ia === ia).map((link) => link.b.ia),
  );
  for (const { as, path } of draft.ases) {
    if (!reached.has(as.ia)) report(path, `no links connect ${as.ia} with ${first.as.ia}`, 'a connected topology');
    if (!below.has(as.ia)) report(path, `no chain of parents leads from ${as.ia} to a core AS`, 'a child link to it');
  }
  checkCycles(draft, report);
}

/** Providers in a circle: BGP need not converge (Gao-Rexford), and no beacon would ever pass. */
function checkCycles(draft: Draft, report: Report): void {
  const children = draft.links.filter((link) => link.kind === 'child');
  for (const link of children) {
    const below = reach([link.b.ia], (ia) => children.filter(({ a }) => a.ia === ia).map(({ b }) => b.ia));
    if (below.has(link.a.ia))
      report(link.path, `${link.a.ia} is a provider of itself through ${link.b.ia}`, 'no circle');
  }
}

function neighbours(draft: Draft, ia: IsdAs): IsdAs[] {
  return draft.links.flatMap(({ a, b }) => (a.ia === ia ? [b.ia] : b.ia === ia ? [a.ia] : []));
}

/** Everything that `next` leads to from the start, the start included. */
export function reach(start: readonly IsdAs[], next: (ia: IsdAs) => readonly IsdAs[]): Set<IsdAs> {
  const reached = new Set(start);
  // A set's iteration also visits what is added on the way.
  for (const ia of reached) for (const other of next(ia)) reached.add(other);
  return reached;
}

function checkIssuers(draft: Draft, ases: ReadonlyMap<IsdAs, As>, report: Report): void {
  for (const { as, path } of draft.ases) {
    if (as.certIssuer === undefined) {
      if (!as.issuing) report(path, `no AS of ISD ${as.isd} issues certificates for ${as.ia}`, 'a core AS that issues');
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
}

function hasPrefix({ as }: DraftAs): boolean {
  return as.prefix !== undefined;
}
