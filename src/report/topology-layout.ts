/**
 * Where each AS of a topology stands in the picture: a column of layers an ISD, core ASes on top, parents above children.
 * Deterministic: the same topology gives the same picture.
 */
import type { TopologyRecord } from '../results/bundle.ts';

type AsRecord = TopologyRecord['ases'][number];

/** Centre of a node, SVG units. */
export interface Placed {
  readonly x: number;
  readonly y: number;
  /** 0 for core ASes. */
  readonly layer: number;
}

export interface Region {
  readonly isd: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Placed>;
  readonly regions: readonly Region[];
}

export const NODE_WIDTH = 116;
export const NODE_HEIGHT = 42;

const GAP = 26;
const SLOT = NODE_WIDTH + GAP;
const LAYER_HEIGHT = 104;
const REGION_PADDING = 28;
const REGION_GAP = 34;
/** Room above the core ASes for the arcs between those that are no neighbours. */
const HEADROOM = 62;
const SWEEPS = 8;

export function layOut(topology: TopologyRecord): Layout {
  const layers = layersOf(topology);
  const nodes = new Map<string, Placed>();
  const regions: Region[] = [];
  const deepest = Math.max(0, ...layers.values());
  const height = HEADROOM + deepest * LAYER_HEIGHT + NODE_HEIGHT + REGION_PADDING;
  let left = 0;
  for (const isd of isdsOf(topology)) {
    const rows = orderRows(topology, isd, layers);
    const columns = Math.max(1, ...rows.map((row) => row.length));
    const width = columns * SLOT - GAP + 2 * REGION_PADDING;
    for (const [ia, x] of placeRows(topology, rows, columns)) {
      const layer = layers.get(ia)!;
      const y = HEADROOM + NODE_HEIGHT / 2 + layer * LAYER_HEIGHT;
      nodes.set(ia, { x: left + REGION_PADDING + NODE_WIDTH / 2 + x * SLOT, y, layer });
    }
    regions.push({ isd, x: left, y: 0, width, height });
    left += width + REGION_GAP;
  }
  return { width: Math.max(0, left - REGION_GAP), height, nodes, regions };
}

function isdsOf(topology: TopologyRecord): number[] {
  return [...new Set(topology.ases.map((as) => as.isd))].sort((a, b) => a - b);
}

/** Longest way down from a core AS; the bound on rounds ends a (faulty) cycle of parents. */
function layersOf(topology: TopologyRecord): Map<string, number> {
  const layers = new Map(topology.ases.map((as) => [as.ia, as.core ? 0 : 1]));
  for (let round = 0; round < topology.ases.length; round++) {
    for (const { kind, a, b } of topology.links) {
      const parent = layers.get(a);
      const child = layers.get(b);
      if (kind !== 'child' || parent === undefined || child === undefined) continue;
      layers.set(b, Math.min(Math.max(child, parent + 1), topology.ases.length));
    }
  }
  return layers;
}

/** Rows of an ISD from the top, each ordered so that few links cross (median of barycentre sweeps, best one kept). */
function orderRows(topology: TopologyRecord, isd: number, layers: ReadonlyMap<string, number>): string[][] {
  const ases = topology.ases.filter((as) => as.isd === isd);
  let rows = rowsOf(ases, layers);
  let best = rows;
  let fewest = tangle(topology, rows);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    rows = sweepRows(topology, rows, isd, sweep % 2 === 0);
    const now = tangle(topology, rows);
    if (now < fewest) {
      fewest = now;
      best = rows;
    }
  }
  return best;
}

function rowsOf(ases: readonly AsRecord[], layers: ReadonlyMap<string, number>): string[][] {
  const rows: string[][] = [];
  for (const { ia } of ases) {
    const layer = layers.get(ia)!;
    while (rows.length <= layer) rows.push([]);
    rows[layer]!.push(ia);
  }
  return rows;
}

/** Sorts each row by the mean place of its neighbours; neighbours in another ISD pull towards that side. */
function sweepRows(topology: TopologyRecord, rows: string[][], isd: number, down: boolean): string[][] {
  const swept = rows.map((row) => [...row]);
  const isdOf = new Map(topology.ases.map((as) => [as.ia, as.isd]));
  const order = down ? swept.keys() : [...swept.keys()].reverse();
  for (const index of order) {
    const places = placesOf(swept);
    const wish = (ia: string): number => {
      const at = neighboursOf(topology, ia).map((other) => places.get(other) ?? (isdOf.get(other)! < isd ? -0.5 : 1.5));
      return at.length === 0 ? places.get(ia)! : at.reduce((sum, place) => sum + place, 0) / at.length;
    };
    const wishes = new Map(swept[index]!.map((ia) => [ia, wish(ia)]));
    swept[index]!.sort((a, b) => wishes.get(a)! - wishes.get(b)!);
  }
  return swept;
}

/** Place of each AS within its row, 0 at the left end and 1 at the right. */
function placesOf(rows: readonly string[][]): Map<string, number> {
  return new Map(
    rows.flatMap((row) => row.map((ia, i) => [ia, row.length === 1 ? 0.5 : i / (row.length - 1)] as const)),
  );
}

function neighboursOf(topology: TopologyRecord, ia: string): string[] {
  return topology.links.flatMap(({ a, b }) => (a === ia ? [b] : b === ia ? [a] : []));
}

/** Crossings of links between rows, and, weighing less, the length of links within and between them. */
function tangle(topology: TopologyRecord, rows: readonly string[][]): number {
  const rowOf = new Map(rows.flatMap((row, index) => row.map((ia) => [ia, index] as const)));
  const places = placesOf(rows);
  const spans = topology.links.flatMap(({ a, b }) => {
    const [top, bottom] = rowOf.has(a) && rowOf.has(b) ? [rowOf.get(a)!, rowOf.get(b)!] : [0, -1];
    if (bottom < 0) return [];
    return [{ rows: `${top} ${bottom}`, from: places.get(a)!, to: places.get(b)! }];
  });
  let sum = 0;
  for (const [i, span] of spans.entries()) {
    sum += Math.abs(span.from - span.to);
    for (const other of spans.slice(i + 1)) {
      if (span.rows === other.rows && (span.from - other.from) * (span.to - other.to) < 0) sum += 10;
    }
  }
  return sum;
}

/** Column of each AS, not necessarily whole: under its parents where there is room, never nearer than one column. */
function placeRows(topology: TopologyRecord, rows: readonly string[][], columns: number): Map<string, number> {
  const at = new Map<string, number>();
  for (const row of rows) {
    const wishes = row.map((ia, i) => {
      const above = topology.links.flatMap(({ kind, a, b }) => (kind === 'child' && b === ia ? [at.get(a)] : []));
      const known = above.filter((x) => x !== undefined);
      const centred = i + (columns - row.length) / 2;
      return known.length === 0 ? centred : known.reduce((sum, x) => sum + x, 0) / known.length;
    });
    spread(wishes, columns).forEach((x, i) => {
      at.set(row[i]!, x);
    });
  }
  return at;
}

/** Keeps the order, moves neighbours to at least one column apart, and stays within the columns. */
function spread(wishes: readonly number[], columns: number): number[] {
  const fromLeft: number[] = [];
  for (const [i, wish] of wishes.entries()) {
    fromLeft.push(Math.max(wish, i === 0 ? 0 : fromLeft[i - 1]! + 1));
  }
  const placed = [...fromLeft];
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i] = Math.min(placed[i]!, i === placed.length - 1 ? columns - 1 : placed[i + 1]! - 1);
  }
  return placed;
}
