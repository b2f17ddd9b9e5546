/**
 * From segments to paths: every way to join an up, a core and a down segment, or parts of them.
 *
 * Segments become pieces that lead from one joint to another. A joint is an AS, or a peering link that one piece enters
 * and the other leaves. An up segment cut at a non-core AS, or ending at the destination itself, is a piece like any other,
 * so shortcuts, on-path destinations and peering need no cases of their own. The order up, core, down is all that the
 * control plane prescribes (SCION "Path Segment Combination").
 */
import type { IsdAs, Topology } from '../topology/model.ts';
import { endToEndPath, type Path, type Piece, pathFacts } from './end-to-end-path.ts';
import type { Segment, Segments } from './segments.ts';

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly piece: Piece;
}

interface Walk {
  readonly at: string;
  readonly pieces: readonly Piece[];
}

/**
 * Prepares a function that lists all paths between two ASes: free of AS loops, one for each interface sequence (the one
 * that expires last), sorted by ASes crossed, then latency, then fingerprint. Empty when there is none, and for an AS and
 * itself, whose traffic needs no path.
 */
export function pathCombiner(topology: Topology, segments: Segments): (src: IsdAs, dst: IsdAs) => readonly Path[] {
  const facts = pathFacts(topology);
  const coreEdges = Map.groupBy(segments.core.map(coreEdge), (edge) => edge.from);
  const byLeaf = Map.groupBy(segments.down, (segment) => segment.entries.at(-1)!.ia);
  return (src, dst) => {
    if (src === dst) return [];
    const up = Map.groupBy((byLeaf.get(src) ?? []).flatMap(upEdges), (edge) => edge.from);
    const down = Map.groupBy((byLeaf.get(dst) ?? []).flatMap(downEdges), (edge) => edge.from);
    let walks: readonly Walk[] = [{ at: src, pieces: [] }];
    for (const edges of [up, coreEdges, down]) walks = walks.concat(walks.flatMap((walk) => onward(walk, edges)));
    const paths = walks.filter((walk) => walk.at === dst).map((walk) => endToEndPath(walk.pieces, facts));
    return unique(paths.filter(isLoopFree)).toSorted(comparePaths);
  };
}

function onward(walk: Walk, edges: ReadonlyMap<string, readonly Edge[]>): Walk[] {
  return (edges.get(walk.at) ?? []).map(({ to, piece }) => ({ at: to, pieces: [...walk.pieces, piece] }));
}

/** Core segments are travelled from their last AS to their first: whoever wants to reach X uses beacons from X. */
function coreEdge(segment: Segment): Edge {
  const { entries } = segment;
  return { from: entries.at(-1)!.ia, to: entries[0]!.ia, piece: { kind: 'core', segment, cut: 0 } };
}

function upEdges(segment: Segment): Edge[] {
  const leaf = segment.entries.at(-1)!.ia;
  return joints(segment, 'up').map(({ joint, piece }) => ({ from: leaf, to: joint, piece }));
}

function downEdges(segment: Segment): Edge[] {
  const leaf = segment.entries.at(-1)!.ia;
  return joints(segment, 'down').map(({ joint, piece }) => ({ from: joint, to: leaf, piece }));
}

/** Where a segment may be cut: at every AS but its last, and at every peering link of every AS. */
function joints(segment: Segment, kind: 'up' | 'down'): { joint: string; piece: Piece }[] {
  return segment.entries.flatMap((entry, cut) => {
    const own = cut === segment.entries.length - 1 ? [] : [{ joint: entry.ia, piece: { kind, segment, cut } }];
    const peering = entry.peers.map(({ ia, ifid, hop }, peer) => {
      const near = `${entry.ia}#${hop.consIngress}`;
      const far = `${ia}#${ifid}`;
      const joint = kind === 'up' ? `${near}--${far}` : `${far}--${near}`;
      return { joint, piece: { kind, segment, cut, peer } };
    });
    return [...own, ...peering];
  });
}

function isLoopFree(path: Path): boolean {
  return new Set(path.hops.map((hop) => hop.ia)).size === path.hops.length;
}

function unique(paths: readonly Path[]): Path[] {
  return [...Map.groupBy(paths, (path) => path.fingerprint).values()].map(
    (same) => same.toSorted((a, b) => b.expiry - a.expiry || Buffer.compare(a.raw, b.raw))[0]!,
  );
}

/** Order of preference: fewer ASes, then lower latency; the fingerprint makes it total. */
export function comparePaths(a: Path, b: Path): number {
  return a.hops.length - b.hops.length || a.latencyNs - b.latencyNs || (a.fingerprint < b.fingerprint ? -1 : 1);
}
