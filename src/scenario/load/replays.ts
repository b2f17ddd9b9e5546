/** Who sends captured packets again must have captured some. */
import type { Collector } from '../../input/collector.ts';
import type { Topology } from '../../topology/model.ts';
import type { Capture, Cluster } from '../model.ts';
import type { EventInput } from '../schema.ts';
import { findAs } from './references.ts';

export function checkReplays(
  timeline: readonly EventInput[],
  around: {
    readonly topology: Topology;
    readonly clusters: readonly Cluster[];
    readonly captures: readonly Capture[];
    readonly collector: Collector;
  },
): void {
  const { topology, clusters, captures, collector } = around;
  // A name that nobody has was told of with the timeline.
  if (collector.problems.length > 0) return;
  timeline.forEach((event, index) => {
    if (event.event !== 'scion.replay') return;
    const by = findAs(event.by, topology, clusters);
    if (captures.some(({ observer }) => observer === by)) return;
    collector.report(
      ['timeline', index, 'by'],
      `nothing is captured at ${by}`,
      'an AS that attacks, or observe: {as: …}',
    );
  });
}
