/** Captures: the links the scenario names, and all links of the ASes that are observed. */
import { type Collector, FaultyValue } from '../../input/collector.ts';
import { oneOf } from '../../input/nearest.ts';
import type { FieldPath } from '../../input/yaml.ts';
import { type IsdAs, type Topology, wiresOf } from '../../topology/model.ts';
import type { Capture, Cluster } from '../model.ts';
import type { ScenarioInput } from '../schema.ts';
import { MAX_ENTRIES, within } from './limits.ts';
import { findAs, findLink, findWire, requireWire } from './references.ts';

/** Long enough for what the workloads mark, behind every encapsulation the transports have. */
const OBSERVER_SNAP_LENGTH = 512;

/** Bytes: from Ethernet, IPv4 and UDP with options to the largest IPv4 packet. */
const SNAP_LENGTH = { min: 64, max: 65_535 };

/**
 * One capture a link. Observed are the ASes that the file names, else the attackers.
 * Faults are reported and left out.
 */
export function buildCaptures(
  { captures, observe }: ScenarioInput,
  attackers: readonly IsdAs[],
  { topology, clusters, collector }: { topology: Topology; clusters: readonly Cluster[]; collector: Collector },
): Capture[] {
  const result = new Map<string, Capture>();
  within(captures, MAX_ENTRIES.captures, ['captures'], collector).forEach((input, index) => {
    const path = ['captures', index, 'link'];
    const link = collector.attempt(path, () => findWire(input.link, topology, clusters));
    if (link === undefined) return;
    if (result.has(link.id)) collector.report(path, `${link.id} is captured already`, 'one capture a link');
    const snap = ['captures', index, 'snapLength'];
    if (input.snapLength < SNAP_LENGTH.min) collector.report(snap, 'keeps no headers', `at least ${SNAP_LENGTH.min}B`);
    if (input.snapLength > SNAP_LENGTH.max) {
      collector.report(snap, 'is more than any frame has', `at most ${SNAP_LENGTH.max}B`);
    }
    result.set(link.id, { link: link.id, snapLength: input.snapLength });
  });
  const observers = observersOf(observe, attackers, { topology, clusters, collector });
  for (const { ia, place } of observers) addObserver(ia, topology, result, collector, place);
  return [...result.values()];
}

interface Observer {
  readonly ia: IsdAs;
  /** What makes it one. */
  readonly place: FieldPath;
}

function observersOf(
  observe: ScenarioInput['observe'],
  attackers: readonly IsdAs[],
  { topology, clusters, collector }: { topology: Topology; clusters: readonly Cluster[]; collector: Collector },
): Observer[] {
  if (observe === undefined) return attackers.map((ia) => ({ ia, place: ['timeline'] }));
  const field = ['observe', 'as'];
  const { as } = observe;
  const names = typeof as === 'string' ? [as] : within(as, MAX_ENTRIES.observers, field, collector);
  const found = new Set<IsdAs>();
  return names.flatMap((text, index): Observer[] => {
    const place = typeof as === 'string' ? field : [...field, index];
    const ia = collector.attempt(place, () => findAs(text, topology, clusters));
    if (ia === undefined) return [];
    if (found.has(ia)) {
      collector.report(place, `${ia} is observed already`, 'each AS once');
      return [];
    }
    found.add(ia);
    return [{ ia, place }];
  });
}

function addObserver(
  observer: IsdAs,
  topology: Topology,
  captures: Map<string, Capture>,
  collector: Collector,
  place: FieldPath,
): void {
  for (const link of wiresOf(topology)) {
    if (link.a.ia !== observer && link.b.ia !== observer) continue;
    collector.attempt(place, () => requireWire(link));
    const other = captures.get(link.id);
    if (other?.observer !== undefined && other.observer !== observer) {
      collector.report(place, `both ends of ${link.id} are observed`, 'observe: {as: …} with one of them');
    }
    const snapLength = Math.max(other?.snapLength ?? 0, OBSERVER_SNAP_LENGTH);
    captures.set(link.id, { link: link.id, snapLength, observer });
  }
}

/** Id of a link over which packets arrive at an observer. @throws FaultyValue for any other */
export function findObservedLink(
  text: string,
  captures: readonly Capture[],
  topology: Topology,
  clusters: readonly Cluster[],
): string {
  const { id } = findLink(text, topology, clusters);
  const observed = captures.filter(({ observer }) => observer !== undefined).map(({ link }) => link);
  if (!observed.includes(id)) {
    throw new FaultyValue(`${id} is no link of an observer`, observed.length === 0 ? 'an observer' : oneOf(observed));
  }
  return id;
}
