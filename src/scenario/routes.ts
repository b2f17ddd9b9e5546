/** Where the workloads' packets went before, during and after what the timeline does to them. */
import type { Lab } from '../emulator/lab.ts';
import type { PathRecord, Phase } from '../results/bundle.ts';
import type { Attached } from '../transports/transport.ts';
import type { Scenario } from './model.ts';
import { podPlace } from './places.ts';
import { until } from './play-timeline.ts';

const BEGINNINGS: readonly string[] = ['bgp.hijack', 'bgp.leak', 'link.cut', 'link.shape'];
const ENDS: readonly string[] = ['bgp.withdraw', 'link.restore'];

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
      const { ases, source } = await attached.route(podPlace(lab.plan, from), podPlace(lab.plan, to));
      records.push({
        pass,
        t: (performance.now() - t0) / 1000,
        phase,
        from: `${from.cluster}/${from.pod}`,
        to: `${to.cluster}/${to.pod}`,
        ases,
        source,
      });
    }
  }
  return records;
}

function moments(scenario: Scenario): { phase: Phase; at: number }[] {
  const end = scenario.durationNs / 1e9;
  const times = (kinds: readonly string[]) =>
    scenario.timeline.filter(({ event }) => kinds.includes(event)).map(({ at }) => at / 1e9);
  const begin = Math.min(...times(BEGINNINGS), end);
  const over = Math.max(...times(ENDS), begin);
  const middle = (from: number, to: number) => (from + to) / 2;
  const before = { phase: 'before' as const, at: middle(0, begin) };
  if (begin === end) return [before];
  const last = over === begin ? end : over;
  const during = { phase: 'during' as const, at: middle(begin, last) };
  return last === end ? [before, during] : [before, during, { phase: 'after', at: middle(last, end) }];
}
