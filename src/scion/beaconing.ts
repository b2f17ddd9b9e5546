/**
 * Which ways beacons take through a topology, before any cryptography.
 *
 * A beacon starts at a core AS and is handed on link by link, never to an AS that it has seen. Every AS keeps at most
 * `bound` beacons of an origin and hands on only what it keeps: the shortest first and, where too many of one length
 * arrive, those that share the fewest links with what it has.
 */
import type { IsdAs, Link, LinkEnd, Topology } from '../topology/model.ts';
import { compareIsdAs } from './isd-as.ts';

/** One link in the direction in which the beacon crosses it. */
export interface Step {
  readonly link: Link;
  readonly from: LinkEnd;
  readonly to: LinkEnd;
}

/** At least one step; each begins in the AS in which the one before it ends. */
export type Beacon = readonly Step[];

/** As the reference control service keeps by default. */
export const DEFAULT_BEACON_BOUND = 20;

/** ASes of the longest segment: three of these still fit into the 64 hop fields of a path. */
export const MAX_SEGMENT_ASES = 21;

/** Beacons between every ordered pair of core ASes, over core links. */
export function coreBeacons(topology: Topology, bound: number): Beacon[] {
  return disseminate(
    topology,
    topology.links.filter((link) => link.kind === 'core').flatMap((link) => [forward(link), backward(link)]),
    bound,
  );
}

/** Beacons from every core AS to the ASes below it, over child links from parent to child. */
export function childBeacons(topology: Topology, bound: number): Beacon[] {
  return disseminate(topology, topology.links.filter((link) => link.kind === 'child').map(forward), bound);
}

function forward(link: Link): Step {
  return { link, from: link.a, to: link.b };
}

function backward(link: Link): Step {
  return { link, from: link.b, to: link.a };
}

function disseminate(topology: Topology, steps: readonly Step[], bound: number): Beacon[] {
  const sorted = steps.toSorted((x, y) => compareIsdAs(x.from.ia, y.from.ia) || x.from.ifid - y.from.ifid);
  const stepsFrom = Map.groupBy(sorted, (step) => step.from.ia);
  const origins = topology.ases.filter((as) => as.core).map((as) => as.ia);
  return origins.toSorted(compareIsdAs).flatMap((origin) => beaconsOf(origin, stepsFrom, bound));
}

/** Level by level, so that an AS has seen all shorter beacons before it judges longer ones. */
function beaconsOf(origin: IsdAs, stepsFrom: ReadonlyMap<IsdAs, readonly Step[]>, bound: number): Beacon[] {
  const kept = new Map<IsdAs, Beacon[]>();
  let arriving: Beacon[] = (stepsFrom.get(origin) ?? []).map((step) => [step]);
  for (let ases = 2; arriving.length > 0; ases++) {
    const accepted: Beacon[] = [];
    for (const [ia, candidates] of Map.groupBy(arriving, endOf)) {
      const present = kept.get(ia) ?? [];
      const chosen = mostDisjoint(candidates, present, bound - present.length);
      kept.set(ia, [...present, ...chosen]);
      accepted.push(...chosen);
    }
    arriving = ases === MAX_SEGMENT_ASES ? [] : accepted.flatMap((beacon) => extensions(beacon, stepsFrom));
  }
  return [...kept].toSorted(([a], [b]) => compareIsdAs(a, b)).flatMap(([, beacons]) => beacons);
}

function endOf(beacon: Beacon): IsdAs {
  return beacon.at(-1)!.to.ia;
}

function extensions(beacon: Beacon, stepsFrom: ReadonlyMap<IsdAs, readonly Step[]>): Beacon[] {
  const seen = new Set([beacon[0]!.from.ia, ...beacon.map((step) => step.to.ia)]);
  const onward = stepsFrom.get(endOf(beacon)) ?? [];
  return onward.filter((step) => !seen.has(step.to.ia)).map((step) => [...beacon, step]);
}

/** Up to `room` candidates, each the one with the fewest links in use by those before it; ties in the given order. */
function mostDisjoint(candidates: readonly Beacon[], present: readonly Beacon[], room: number): Beacon[] {
  if (candidates.length <= room) return [...candidates];
  const used = new Set(present.flat().map((step) => step.link.id));
  const left = [...candidates];
  const chosen: Beacon[] = [];
  while (chosen.length < room) {
    const shared = left.map((beacon) => beacon.filter((step) => used.has(step.link.id)).length);
    const [best] = left.splice(shared.indexOf(Math.min(...shared)), 1);
    for (const step of best!) used.add(step.link.id);
    chosen.push(best!);
  }
  return chosen;
}
