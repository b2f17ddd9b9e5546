/** Captures: the links the scenario names, and all links of the ASes that are observed. */
import type { Collector } from '../../input/collector.ts';
import type { IsdAs, Topology } from '../../topology/model.ts';
import type { Capture, Cluster } from '../model.ts';
import type { ScenarioInput } from '../schema.ts';
import { findAs, findLink } from './references.ts';

/** Long enough for what the workloads mark, behind every encapsulation the transports have. */
const OBSERVER_SNAP_LENGTH = 512;

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
    const link = collector.attempt(path, () => findLink(input.link, topology, clusters));
    if (link === undefined) return;
    if (result.has(link.id)) collector.report(path, `${link.id} is captured already`, 'one capture a link');
    if (input.snapLength < 64) collector.report(['captures', index, 'snapLength'], 'keeps no headers', 'at least 64B');
    result.set(link.id, { link: link.id, snapLength: input.snapLength });
  });
  const named = observe === undefined ? undefined : [observe.as].flat();
  const observers =
    named?.flatMap((text) => collector.attempt(['observe', 'as'], () => findAs(text, topology, clusters)) ?? []) ??
    attackers;
  for (const observer of observers) addObserver(observer, topology, result, collector);
  return [...result.values()];
}

function addObserver(observer: IsdAs, topology: Topology, captures: Map<string, Capture>, collector: Collector): void {
  for (const link of topology.links) {
    if (link.a.ia !== observer && link.b.ia !== observer) continue;
    const other = captures.get(link.id);
    if (other?.observer !== undefined && other.observer !== observer) {
      collector.report(['observe'], `both ends of ${link.id} are observed`, 'observe: {as: …} with one of them');
    }
    const snapLength = Math.max(other?.snapLength ?? 0, OBSERVER_SNAP_LENGTH);
    captures.set(link.id, { link: link.id, snapLength, observer });
  }
}
