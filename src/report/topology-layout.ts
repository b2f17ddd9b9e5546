/**
 * Where each AS of a topology stands in the picture: ISDs side by side, each in rows (topology-layers.ts).
 * Deterministic: the same topology gives the same picture.
 */
import type { TopologyRecord } from '../results/bundle.ts';
import { type IsdRows, layersOf, rowsOfIsd, type Slot } from './topology-layers.ts';

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
  /** Topology link id → where a link of more than one row passes the rows between, from the top. */
  readonly passages: ReadonlyMap<string, readonly Placed[]>;
  readonly regions: readonly Region[];
}

export const NODE_WIDTH = 116;
export const NODE_HEIGHT = 42;

const GAP = 26;
const SLOT = NODE_WIDTH + GAP;
/** Width of a passing link, in slots. */
const PASSAGE = 0.24;
const LAYER_HEIGHT = 104;
const REGION_PADDING = 28;
const REGION_GAP = 34;
/** Room above the core ASes for the arcs between those that are no neighbours. */
const HEADROOM = 62;

export function layOut(topology: TopologyRecord): Layout {
  const layers = layersOf(topology);
  const nodes = new Map<string, Placed>();
  const passages = new Map<string, Placed[]>();
  const regions: Region[] = [];
  const height = HEADROOM + Math.max(0, ...layers.values()) * LAYER_HEIGHT + NODE_HEIGHT + REGION_PADDING;
  let left = 0;
  for (const isd of isdsOf(topology)) {
    const { columns, slots } = placeSlots(rowsOfIsd(topology, isd, layers));
    for (const { slot, column, layer } of slots) {
      const x = left + REGION_PADDING + NODE_WIDTH / 2 + column * SLOT;
      const placed = { x, y: HEADROOM + NODE_HEIGHT / 2 + layer * LAYER_HEIGHT, layer };
      if (slot.passing === undefined) nodes.set(slot.id, placed);
      else passages.set(slot.passing, [...(passages.get(slot.passing) ?? []), placed]);
    }
    const width = columns * SLOT - GAP + 2 * REGION_PADDING;
    regions.push({ isd, x: left, y: 0, width, height });
    left += width + REGION_GAP;
  }
  return { width: Math.max(0, left - REGION_GAP), height, nodes, passages, regions };
}

function isdsOf(topology: TopologyRecord): number[] {
  return [...new Set(topology.ases.map((as) => as.isd))].sort((a, b) => a - b);
}

interface PlacedSlot {
  readonly slot: Slot;
  readonly layer: number;
  /** Of its centre; 0 is the centre of the first AS, 1 that of the next. */
  readonly column: number;
}

/** Under its parents where there is room, and never nearer to its neighbours than their widths allow. */
function placeSlots({ rows, spans }: IsdRows): { columns: number; slots: PlacedSlot[] } {
  const columns = Math.max(1, ...rows.map((row) => row.reduce((sum, slot) => sum + widthOf(slot), 0)));
  const at = new Map<string, number>();
  const slots: PlacedSlot[] = [];
  for (const [layer, row] of rows.entries()) {
    const centred = centredColumns(row, columns);
    const wishes = row.map(({ id }, i) => {
      const above = spans.flatMap(({ a, b, down }) => (down && b === id && at.has(a) ? [at.get(a)!] : []));
      return above.length === 0 ? centred[i]! : above.reduce((sum, x) => sum + x, 0) / above.length;
    });
    for (const [i, column] of spread(row, wishes, columns).entries()) {
      at.set(row[i]!.id, column);
      slots.push({ slot: row[i]!, layer, column });
    }
  }
  return { columns, slots };
}

function widthOf(slot: Slot): number {
  return slot.passing === undefined ? 1 : PASSAGE;
}

function centredColumns(row: readonly Slot[], columns: number): number[] {
  let edge = (columns - row.reduce((sum, slot) => sum + widthOf(slot), 0)) / 2;
  return row.map((slot) => {
    const centre = edge + widthOf(slot) / 2 - 0.5;
    edge += widthOf(slot);
    return centre;
  });
}

/** Keeps the order, moves neighbours apart, and stays within the columns. */
function spread(row: readonly Slot[], wishes: readonly number[], columns: number): number[] {
  const placed: number[] = [];
  for (const [i, wish] of wishes.entries()) {
    const least = i === 0 ? widthOf(row[0]!) / 2 - 0.5 : placed[i - 1]! + apart(row, i);
    placed.push(Math.max(wish, least));
  }
  for (let i = placed.length - 1; i >= 0; i--) {
    const last = i === placed.length - 1;
    const most = last ? columns - 0.5 - widthOf(row[i]!) / 2 : placed[i + 1]! - apart(row, i + 1);
    placed[i] = Math.min(placed[i]!, most);
  }
  return placed;
}

/** Least distance between the centres of a slot and the one before it. */
function apart(row: readonly Slot[], index: number): number {
  return (widthOf(row[index - 1]!) + widthOf(row[index]!)) / 2;
}
