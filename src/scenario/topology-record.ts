/** The graph that the report draws. */

import type { Plan } from '../emulator/plan.ts';
import type { PathRecord, TopologyRecord } from '../results/bundle.ts';
import { allLinks } from '../topology/model.ts';
import type { Scenario } from './model.ts';

export function topologyRecord(scenario: Scenario, plan: Plan, paths: readonly PathRecord[]): TopologyRecord {
  const attackers = new Set(
    scenario.timeline.flatMap((event) =>
      event.event === 'bgp.hijack' || event.event === 'bgp.leak' ? [event.by] : [],
    ),
  );
  const { topology } = scenario;
  return {
    ases: topology.ases.map((as, index) => ({
      ia: as.ia,
      isd: as.isd,
      core: as.core,
      label: as.label ?? null,
      cluster: plan.ases[index]?.cluster ?? null,
      attacker: attackers.has(as.ia),
      prefix: plan.ases[index]?.prefix ?? '',
    })),
    links: allLinks(topology).map((link) => ({
      id: link.id,
      kind: link.kind,
      a: link.a.ia,
      b: link.b.ia,
      delayMs: (link.shape?.ab.delayNs ?? 0) / 1e6,
    })),
    paths,
  };
}
