/** Where the workloads' packets went before, during and after what the timeline does to them. */
import type { Lab } from '../emulator/lab.ts';
import type { PathRecord, Phase } from '../results/bundle.ts';
import { phaseWindows } from '../results/phases.ts';
import type { Attached } from '../transports/transport.ts';
import type { Scenario } from './model.ts';
import { podPlace } from './places.ts';
import { until } from './play-timeline.ts';

/** Asks for the route of each pair of pods in the middle of each phase. */
export async function recordRoutes(
  scenario: Scenario,
  lab: Lab,
  attached: Attached,
  pass: string,
  t0: number,
  signal: AbortSignal,
): Promise<PathRecord[]> {
  const pairs = new Map(
    scenario.workloads.map(({ from, to }) => [`${from.cluster}/${from.pod} ${to.cluster}/${to.pod}`, { from, to }]),
  );
  const records: PathRecord[] = [];
  for (const { phase, at } of moments(scenario)) {
    await until(t0 + at * 1000, signal);
    for (const { from, to } of pairs.values()) {
      const route = await attached.route(podPlace(lab.plan, from), podPlace(lab.plan, to));
      records.push({
        pass,
        t: (performance.now() - t0) / 1000,
        phase,
        from: `${from.cluster}/${from.pod}`,
        to: `${to.cluster}/${to.pod}`,
        ...route,
      });
    }
  }
  return records;
}

/** The middle of each phase that has a length, as the timeline plans them. */
function moments(scenario: Scenario): { phase: Phase; at: number }[] {
  const planned = scenario.timeline.map(({ event, at }) => ({ event, started: at / 1e9, error: null }));
  return phaseWindows(planned, scenario.durationNs / 1e9)
    .filter(({ from, to }) => to > from)
    .map(({ phase, from, to }) => ({ phase, at: (from + to) / 2 }));
}
