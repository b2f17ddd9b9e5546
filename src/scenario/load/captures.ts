/** Captures: the links the scenario names, and all links of the ASes that are observed. */
import type { Collector } from '../../input/collector.ts';
import type { FieldPath } from '../../input/yaml.ts';
import type { IsdAs, Topology } from '../../topology/model.ts';
import type { Capture, Cluster } from '../model.ts';
import type { ScenarioInput } from '../schema.ts';
import { findAs, findWire, requireWire } from './references.ts';

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
  captures.forEach((input, index) => {
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
  const named = observe === undefined ? undefined : [observe.as].flat();
  const observers =
    named?.flatMap((text) => collector.attempt(['observe', 'as'], () => findAs(text, topology, clusters)) ?? []) ??
    attackers;
  const place = observe === undefined ? ['timeline'] : ['observe', 'as'];
  for (const observer of observers) addObserver(observer, topology, result, collector, place);
  return [...result.values()];
}

function addObserver(
  observer: IsdAs,
  topology: Topology,
  captures: Map<string, Capture>,
  collector: Collector,
  place: FieldPath,
): void {
  for (const link of topology.links) {
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
