/**
 * The rows of an ISD in the picture: core ASes on top, parents above children, ordered so that few links cross. A link
 * that passes a row takes a place of its own in it, so that it never runs behind an AS (Sugiyama's method).
 */
import type { TopologyRecord } from '../results/bundle.ts';

type LinkRecord = TopologyRecord['links'][number];

/** An AS, or the place at which a long link passes the row. */
export interface Slot {
  /** ISD-AS, or a name of its own for a passing link. */
  readonly id: string;
  /** The passing link; absent for an AS. */
  readonly passing?: string;
}

export type Rows = readonly (readonly Slot[])[];

/** Between neighbouring rows, or within one: ids of slots. */
export interface Span {
  readonly a: string;
  readonly b: string;
  /** From a parent, or the row above, down to b. */
  readonly down: boolean;
}

export interface IsdRows {
  readonly rows: Rows;
  readonly spans: readonly Span[];
}

const SWEEPS = 12;

/** Layer of every AS: its longest way down from a core AS. The bound on rounds ends a (faulty) cycle of parents. */
export function layersOf(topology: TopologyRecord): Map<string, number> {
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

export function rowsOfIsd(topology: TopologyRecord, isd: number, layers: ReadonlyMap<string, number>): IsdRows {
  const own = new Set(topology.ases.filter((as) => as.isd === isd).map((as) => as.ia));
  const rows: Slot[][] = [];
  const put = (layer: number, slot: Slot): void => {
    while (rows.length <= layer) rows.push([]);
    rows[layer]!.push(slot);
  };
  for (const ia of own) put(layers.get(ia)!, { id: ia });
  const spans: Span[] = [];
  for (const link of topology.links.filter(({ a, b }) => own.has(a) && own.has(b))) {
    const chain = chainOf(link, layers);
    for (const { layer, slot } of chain.passing) put(layer, slot);
    for (const [i, b] of chain.ids.slice(1).entries()) spans.push({ a: chain.ids[i]!, b, down: link.kind === 'child' });
  }
  return { rows: ordered(rows, spans, pullsOf(topology, own, isd)), spans };
}

/** The link's ends with the places between them that it passes. Only links from parent to child are led so. */
function chainOf(
  link: LinkRecord,
  layers: ReadonlyMap<string, number>,
): { ids: string[]; passing: { layer: number; slot: Slot }[] } {
  const [top, bottom] = [layers.get(link.a)!, layers.get(link.b)!];
  const between = link.kind === 'child' ? Math.max(0, bottom - top - 1) : 0;
  const passing = Array.from({ length: between }, (_, i) => ({
    layer: top + 1 + i,
    slot: { id: `${link.id}@${top + 1 + i}`, passing: link.id },
  }));
  return { ids: [link.a, ...passing.map(({ slot }) => slot.id), link.b], passing };
}

/** Links to another ISD pull towards its side: places beyond the left (−0.5) or right (1.5) end of the row. */
function pullsOf(topology: TopologyRecord, own: ReadonlySet<string>, isd: number): Map<string, number[]> {
  const isdOf = new Map(topology.ases.map((as) => [as.ia, as.isd]));
  const pulls = new Map<string, number[]>();
  for (const { a, b } of topology.links.filter((link) => own.has(link.a) !== own.has(link.b))) {
    const [inside, outside] = own.has(a) ? [a, b] : [b, a];
    const side = (isdOf.get(outside) ?? isd) < isd ? -0.5 : 1.5;
    pulls.set(inside, [...(pulls.get(inside) ?? []), side]);
  }
  return pulls;
}

/** Sorts rows by the mean place of their neighbours, downwards and upwards in turn, and keeps the best order seen. */
function ordered(start: Rows, spans: readonly Span[], pulls: ReadonlyMap<string, readonly number[]>): Rows {
  let rows = start;
  let best = start;
  let least = tangle(start, spans);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    rows = sweepRows(rows, spans, pulls, sweep % 2 === 0);
    const now = tangle(rows, spans);
    if (now < least) [least, best] = [now, rows];
  }
  return best;
}

function sweepRows(
  rows: Rows,
  spans: readonly Span[],
  pulls: ReadonlyMap<string, readonly number[]>,
  downwards: boolean,
): Rows {
  const swept = rows.map((row) => [...row]);
  const order = downwards ? [...swept.keys()] : [...swept.keys()].reverse();
  for (const index of order) {
    const places = placesOf(swept);
    const wish = (id: string): number => {
      const near = spans.flatMap(({ a, b }) => (a === id ? [places.get(b)!] : b === id ? [places.get(a)!] : []));
      return meanOr([...near, ...(pulls.get(id) ?? [])], places.get(id)!);
    };
    const wishes = new Map(swept[index]!.map(({ id }) => [id, wish(id)]));
    swept[index]!.sort((p, q) => wishes.get(p.id)! - wishes.get(q.id)!);
  }
  return swept;
}

/** Place of each slot within its row, 0 at the left end and 1 at the right. */
function placesOf(rows: Rows): Map<string, number> {
  return new Map(
    rows.flatMap((row) => row.map(({ id }, i) => [id, row.length === 1 ? 0.5 : i / (row.length - 1)] as const)),
  );
}

/** Crossings of links between the same two rows, and, weighing less, how far links run sideways. */
function tangle(rows: Rows, spans: readonly Span[]): number {
  const rowOf = new Map(rows.flatMap((row, index) => row.map(({ id }) => [id, index] as const)));
  const places = placesOf(rows);
  const drawn = spans.map(({ a, b }) => ({
    rows: `${rowOf.get(a)} ${rowOf.get(b)}`,
    from: places.get(a)!,
    to: places.get(b)!,
  }));
  let sum = 0;
  for (const [i, span] of drawn.entries()) {
    sum += Math.abs(span.from - span.to);
    for (const other of drawn.slice(i + 1)) {
      if (span.rows === other.rows && (span.from - other.from) * (span.to - other.to) < 0) sum += 10;
    }
  }
  return sum;
}

function meanOr(values: readonly number[], fallback: number): number {
  return values.length === 0 ? fallback : values.reduce((sum, value) => sum + value, 0) / values.length;
}
