/** Where the workloads' packets went before, during and after what the timeline does to them. */
import type { Lab } from '../emulator/lab.ts';
import type { PathRecord, Phase } from '../results/bundle.ts';
import { phaseWindows } from '../results/phases.ts';
import type { Attached } from '../transports/transport.ts';
import type { Scenario } from './model.ts';
import type { PassClock } from './pass-clock.ts';
import { podPlace } from './places.ts';

/** Asks for the route of each pair of pods in the middle of each phase that the pass comes to. */
export async function recordRoutes(
  scenario: Scenario,
  lab: Lab,
  attached: Attached,
  pass: string,
  clock: PassClock,
): Promise<PathRecord[]> {
  const pairs = new Map(
    scenario.workloads.map(({ from, to }) => [`${from.cluster}/${from.pod} ${to.cluster}/${to.pod}`, { from, to }]),
  );
  const records: PathRecord[] = [];
  try {
    for (const { phase, at } of moments(scenario)) {
      if (!(await clock.until(at))) break;
      for (const { from, to } of pairs.values()) {
        const route = await attached.route(podPlace(lab.plan, from), podPlace(lab.plan, to));
        const [source, target] = [`${from.cluster}/${from.pod}`, `${to.cluster}/${to.pod}`];
        records.push({ pass, t: clock.now(), phase, from: source, to: target, ...route });
      }
    }
  } catch (error) {
    if (!(await clock.explains())) throw error;
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
