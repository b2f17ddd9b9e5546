/** The curves of links in the picture of a topology. */
import type { TopologyRecord } from '../results/bundle.ts';
import { type Layout, NODE_HEIGHT, NODE_WIDTH, type Placed } from './topology-layout.ts';

type LinkRecord = TopologyRecord['links'][number];

interface Dot {
  readonly x: number;
  readonly y: number;
}

/** Cubic Bézier curves, one after the other, from the link's end a to its end b. */
export type Curve = readonly Cubic[];

type Cubic = readonly [Dot, Dot, Dot, Dot];

/** How the link leaves its ends: over the top, out of the sides, or from the bottom of one to the top of the other. */
type Course = 'arc' | 'side' | 'down';

interface Edge {
  readonly link: LinkRecord;
  readonly course: Course;
  readonly a: Dot;
  readonly b: Dot;
  /** Centres of the places at which it passes rows between its ends, from a to b. */
  readonly passages: readonly Dot[];
}

export interface Edges {
  /** Curve of a link, moved sideways by `offset` units so that several can be drawn beside each other. */
  curve(link: LinkRecord, offset: number): Curve | null;
}

const HALF_WIDTH = NODE_WIDTH / 2;
const HALF_HEIGHT = NODE_HEIGHT / 2;
/** Part of a node's edge over which its links are spread. */
const PORT_SPREAD = 0.62;

export function routeEdges(topology: TopologyRecord, layout: Layout): Edges {
  const edges = new Map<string, Edge>();
  for (const link of topology.links) {
    const a = layout.nodes.get(link.a);
    const b = layout.nodes.get(link.b);
    if (a === undefined || b === undefined) continue;
    const passages = layout.passages.get(link.id) ?? [];
    edges.set(link.id, { link, course: courseOf(link, a, b, layout), a, b, passages });
  }
  const ports = portsOf([...edges.values()]);
  return {
    curve: (link, offset) => {
      const edge = edges.get(link.id);
      if (edge === undefined) return null;
      return curveOf(edge, ports.get(portKey(edge, 'a'))!, ports.get(portKey(edge, 'b'))!, offset);
    },
  };
}

/** Point in the middle of the curve, and the direction of travel from a to b there, degrees. */
export function middleOf(curve: Curve): Dot & { readonly angle: number } {
  const [p, q, r, s] = curve[Math.floor(curve.length / 2)]!;
  const x = (p.x + 3 * q.x + 3 * r.x + s.x) / 8;
  const y = (p.y + 3 * q.y + 3 * r.y + s.y) / 8;
  return { x, y, angle: (Math.atan2(s.y + r.y - q.y - p.y, s.x + r.x - q.x - p.x) * 180) / Math.PI };
}

/** `d` of an SVG path. */
export function pathOf(curve: Curve): string {
  const at = ({ x, y }: Dot): string => `${round(x)} ${round(y)}`;
  return `M${at(curve[0]![0])}${curve.map(([, q, r, s]) => `C${at(q)} ${at(r)} ${at(s)}`).join('')}`;
}

function courseOf(link: LinkRecord, a: Placed, b: Placed, layout: Layout): Course {
  if (a.layer === b.layer) return hasNodeBetween(a, b, layout) ? 'arc' : 'side';
  return link.kind === 'peer' ? 'side' : 'down';
}

function hasNodeBetween(a: Placed, b: Placed, layout: Layout): boolean {
  const [left, right] = a.x < b.x ? [a.x, b.x] : [b.x, a.x];
  return [...layout.nodes.values()].some((node) => node.layer === a.layer && node.x > left && node.x < right);
}

/** Side of a node at which a link leaves it; links at the same side share its length in the order of their far ends. */
function portKey(edge: Edge, end: 'a' | 'b'): string {
  return `${edge.link.id} ${end}`;
}

function sideOf(edge: Edge, end: 'a' | 'b'): string {
  const [own, far] = end === 'a' ? [edge.a, edge.b] : [edge.b, edge.a];
  const node = end === 'a' ? edge.link.a : edge.link.b;
  if (edge.course === 'arc') return `${node} top`;
  if (edge.course === 'side') return `${node} ${far.x > own.x ? 'right' : 'left'}`;
  return `${node} ${far.y > own.y ? 'bottom' : 'top'}`;
}

/** Distance of each port from the middle of its side, −0.5…0.5 of the side's length. */
function portsOf(edges: readonly Edge[]): Map<string, number> {
  const ends = edges.flatMap((edge) => (['a', 'b'] as const).map((end) => ({ edge, end, side: sideOf(edge, end) })));
  const ports = new Map<string, number>();
  for (const [side, group] of Map.groupBy(ends, (entry) => entry.side)) {
    const horizontal = side.endsWith('top') || side.endsWith('bottom');
    const far = ({ edge, end }: (typeof group)[number]): number => {
      const dot = end === 'a' ? (edge.passages[0] ?? edge.b) : (edge.passages.at(-1) ?? edge.a);
      return horizontal ? dot.x : dot.y;
    };
    const sorted = [...group].sort((p, q) => far(p) - far(q));
    sorted.forEach(({ edge, end }, i) => {
      ports.set(portKey(edge, end), ((i + 1) / (sorted.length + 1) - 0.5) * PORT_SPREAD);
    });
  }
  return ports;
}

function curveOf(edge: Edge, portA: number, portB: number, offset: number): Curve {
  if (edge.course === 'side') return sideCurve(edge, portA, portB, offset);
  return edge.course === 'arc' ? arcCurve(edge, portA, portB, offset) : downCurve(edge, portA, portB, offset);
}

function sideCurve({ a, b }: Edge, portA: number, portB: number, offset: number): Curve {
  const way = Math.sign(b.x - a.x);
  const start = { x: a.x + way * HALF_WIDTH, y: a.y + portA * NODE_HEIGHT + offset };
  const end = { x: b.x - way * HALF_WIDTH, y: b.y + portB * NODE_HEIGHT + offset };
  const reach = Math.max(14, Math.abs(end.x - start.x) / 2) * way;
  return [[start, { x: start.x + reach, y: start.y }, { x: end.x - reach, y: end.y }, end]];
}

function arcCurve({ a, b }: Edge, portA: number, portB: number, offset: number): Curve {
  const way = Math.sign(b.x - a.x);
  const start = { x: a.x + portA * NODE_WIDTH - way * offset, y: a.y - HALF_HEIGHT };
  const end = { x: b.x + portB * NODE_WIDTH + way * offset, y: b.y - HALF_HEIGHT };
  const height = Math.min(62, 24 + Math.abs(end.x - start.x) / 14) + offset * 1.33;
  return [[start, { x: start.x, y: start.y - height }, { x: end.x, y: end.y - height }, end]];
}

/** Through the link's passages, straight past the ASes of their rows. */
function downCurve({ a, b, passages }: Edge, portA: number, portB: number, offset: number): Curve {
  const way = Math.sign(b.y - a.y);
  const dots = [
    { x: a.x + portA * NODE_WIDTH + offset, y: a.y + way * HALF_HEIGHT },
    ...passages.flatMap(({ x, y }) => [-1, 1].map((side) => ({ x: x + offset, y: y + side * way * HALF_HEIGHT }))),
    { x: b.x + portB * NODE_WIDTH + offset, y: b.y - way * HALF_HEIGHT },
  ];
  return dots.slice(1).map((end, i) => {
    const start = dots[i]!;
    const reach = (end.y - start.y) / 2;
    // Where the curve runs sideways, lanes must also lie above each other.
    const slant = Math.max(-1, Math.min(1, (end.x - start.x) / (end.y - start.y || 1)));
    const lift = -offset * slant * 1.33;
    return [start, { x: start.x, y: start.y + reach + lift }, { x: end.x, y: end.y - reach + lift }, end];
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
