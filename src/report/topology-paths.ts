/** Which links the packets of each transport took, phase by phase, from the bundle's path records. */
import type { Manifest, PathRecord, Phase, TopologyRecord } from '../results/bundle.ts';
import { PHASES } from '../results/summary.ts';
import type { TransportName } from '../scenario/model.ts';

/** A way that packets of a transport took, the same in one or more passes. */
export interface UsedPath {
  readonly transport: TransportName;
  readonly from: string;
  readonly to: string;
  readonly ases: readonly string[];
  /** The packets reach `to`. */
  readonly arrives: boolean;
  readonly source: PathRecord['source'];
}

/** Phases in which the same paths were used, drawn as one picture. */
export interface PathPicture {
  readonly phases: readonly Phase[];
  readonly paths: readonly UsedPath[];
}

/** One picture for each different set of paths, in the order of the phases. */
export function pathPictures(manifest: Manifest, topology: TopologyRecord): PathPicture[] {
  const pictures = new Map<string, { phases: Phase[]; paths: readonly UsedPath[] }>();
  for (const phase of PHASES) {
    const paths = usedPaths(manifest, topology.paths, phase);
    if (paths.length === 0) continue;
    const key = JSON.stringify(paths);
    const known = pictures.get(key);
    if (known === undefined) pictures.set(key, { phases: [phase], paths });
    else known.phases.push(phase);
  }
  return [...pictures.values()];
}

/** The last path that each pass showed in the phase counts: what the network had settled on. */
function usedPaths(manifest: Manifest, records: readonly PathRecord[], phase: Phase): UsedPath[] {
  const transportOf = new Map(manifest.passes.map((pass) => [pass.id, pass.transport]));
  const last = new Map<string, PathRecord>();
  for (const record of records.filter((entry) => entry.phase === phase).toSorted((a, b) => a.t - b.t)) {
    last.set(JSON.stringify([record.pass, record.from, record.to]), record);
  }
  const paths = new Map<string, UsedPath>();
  for (const record of last.values()) {
    const transport = transportOf.get(record.pass);
    if (transport === undefined) continue;
    const { from, to, ases, arrives, source } = record;
    paths.set(JSON.stringify([transport, from, to, ases]), {
      transport,
      from,
      to,
      ases,
      arrives,
      source,
    });
  }
  const rank = (path: UsedPath): number => manifest.transports.indexOf(path.transport);
  return [...paths.values()].sort((a, b) => rank(a) - rank(b));
}

export type Direction = 'ab' | 'ba' | 'both';

/** Topology link id → the direction in which a transport's packets crossed it. */
export function crossedLinks(
  topology: TopologyRecord,
  paths: readonly UsedPath[],
  transport: TransportName,
): Map<string, Direction> {
  const crossed = new Map<string, Direction>();
  for (const path of paths.filter((entry) => entry.transport === transport)) {
    for (const [i, next] of path.ases.slice(1).entries()) {
      const step = stepOf(topology, path.ases[i]!, next);
      if (step === null) continue;
      const before = crossed.get(step.link);
      crossed.set(step.link, before === undefined || before === step.direction ? step.direction : 'both');
    }
  }
  return crossed;
}

/** Records name ASes, not links: of parallel links the first stands for all. */
function stepOf(topology: TopologyRecord, from: string, to: string): { link: string; direction: 'ab' | 'ba' } | null {
  const link = topology.links.find(({ a, b }) => (a === from && b === to) || (a === to && b === from));
  return link === undefined ? null : { link: link.id, direction: link.a === from ? 'ab' : 'ba' };
}
