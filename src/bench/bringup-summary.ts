/** What the samples of a bringup bench come to, by control plane and size. */
import { median } from '../results/statistics.ts';
import type { BringupRow, BringupSample, BringupSummary } from './bringup-bundle.ts';
import { type Goal, goal } from './goals.ts';
import type { Interval } from './resampling.ts';

const GIB = 2 ** 30;

/** Pure. */
export function summariseBringup(samples: readonly BringupSample[]): BringupSummary {
  const groups = Map.groupBy(samples, ({ controlPlane, ases }) => `${controlPlane} ${ases}`);
  const rows = [...groups.values()].map(rowOf);
  const place = ({ controlPlane }: BringupRow) => (controlPlane === 'computed' ? 0 : 1);
  return {
    bench: 'bringup',
    rows: rows.toSorted((a, b) => place(a) - place(b) || a.ases - b.ases),
    goals: goalsOf(rows),
  };
}

function rowOf(group: readonly BringupSample[]): BringupRow {
  const [{ controlPlane, ases, clusters }] = group as [BringupSample];
  const of = (figure: (sample: BringupSample) => number) => range(group.map(figure));
  return {
    controlPlane,
    ases,
    clusters,
    built: of(({ built }) => built),
    loaded: of(({ pathsKnown, loaded }) => loaded - pathsKnown),
    firstPacket: of(({ firstPacket }) => firstPacket),
    bgpConverged: of(({ bgpConverged }) => bgpConverged),
    takenDown: of(({ takenDown }) => takenDown),
    machine: of(({ memory }) => memory.machine),
    processes: of(({ memory }) => memory.processes),
  };
}

function range(values: readonly number[]): Interval {
  return { estimate: median(values), low: Math.min(...values), high: Math.max(...values) };
}

function goalsOf(rows: readonly BringupRow[]): Goal[] {
  const row = (controlPlane: BringupRow['controlPlane'], ases: number) =>
    rows.find((each) => each.controlPlane === controlPlane && each.ases === ases);
  const atMost = (what: string, bound: number, unit: string, figure: Interval | undefined) =>
    goal({ what, sense: 'atMost', bound, unit, figure: figure ?? null });
  const thousand = row('computed', 1000);
  const gib = thousand && scaled(thousand.machine, GIB);
  return [
    atMost('16 ASes to the first packet, computed', 2, 's', row('computed', 16)?.firstPacket),
    atMost('16 ASes to the first packet, reference', 12, 's', row('reference', 16)?.firstPacket),
    atMost('256 ASes, BGP converged', 12, 's', row('computed', 256)?.bgpConverged),
    atMost('1000 ASes, BGP converged', 60, 's', thousand?.bgpConverged),
    atMost('1000 ASes, memory', 12, 'GiB', gib),
  ];
}

function scaled({ estimate, low, high }: Interval, unit: number): Interval {
  return { estimate: estimate / unit, low: low / unit, high: high / unit };
}
