/** The topology as inline SVG, with the paths of each transport drawn over its links. Colours are the page's CSS variables. */
import type { TopologyRecord } from '../results/bundle.ts';
import type { TransportName } from '../scenario/model.ts';
import { type Markup, markup } from './markup.ts';
import { DASHES } from './palette.ts';
import { type Curve, type Edges, middleOf, pathOf, routeEdges } from './topology-edges.ts';
import { type Layout, layOut, NODE_HEIGHT, NODE_WIDTH, type Placed, type Region } from './topology-layout.ts';
import { crossedLinks, type Direction, type UsedPath } from './topology-paths.ts';

type AsRecord = TopologyRecord['ases'][number];

const LANE = 4.4;
/** Letters of the node's font that fit into a node. */
const LABEL_LENGTH = 17;
const MARGIN = 4;

/** The picture; `title` names it for screen readers. */
export function topologySvg(topology: TopologyRecord, paths: readonly UsedPath[], title: string): Markup {
  const layout = layOut(topology);
  const edges = routeEdges(topology, layout);
  const width = layout.width + 2 * MARGIN;
  const height = layout.height + 2 * MARGIN;
  return markup`<svg class="topology" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" style="max-width:${Math.round(width * 1.25)}px" role="img" aria-label="${title}">
<title>${title}</title>
${layout.regions.map(drawRegion)}
${topology.links.map((link) => drawLink(link, edges))}
${drawPaths(topology, paths, edges)}
${topology.ases.map((as) => drawAs(as, layout))}
${drawEnds(paths, layout)}
</svg>`;
}

function drawRegion(region: Region, index: number): Markup {
  return markup`<g><rect class="isd isd-${index % 4}" x="${region.x}" y="${region.y}" width="${region.width}" height="${region.height}" rx="14"/>
<text class="isd-name" x="${region.x + 14}" y="${region.y + region.height - 9}">ISD ${region.isd}</text></g>`;
}

function drawLink(link: TopologyRecord['links'][number], edges: Edges): Markup | null {
  const curve = edges.curve(link, 0);
  if (curve === null) return null;
  return markup`<path class="link ${link.kind}" d="${pathOf(curve)}"><title>${link.id}, ${link.kind}, ${link.delayMs} ms</title></path>`;
}

/** The transports that use a link lie beside each other on it, the only one in its middle. */
function drawPaths(topology: TopologyRecord, paths: readonly UsedPath[], edges: Edges): Markup[] {
  const transports = [...new Set(paths.map((path) => path.transport))];
  const crossed = transports.map((transport) => ({ transport, links: crossedLinks(topology, paths, transport) }));
  return topology.links.flatMap((link) => {
    const users = crossed.filter(({ links }) => links.has(link.id));
    return users.flatMap(({ transport, links }, lane) => {
      const curve = edges.curve(link, (lane - (users.length - 1) / 2) * LANE);
      return curve === null ? [] : [drawLane(curve, transport, links.get(link.id)!)];
    });
  });
}

function drawLane(curve: Curve, transport: TransportName, direction: Direction): Markup {
  const dash = DASHES[transport].join(' ');
  return markup`<g class="t-${transport}"><path class="used" d="${pathOf(curve)}" stroke-dasharray="${dash}"/>${drawArrow(curve, direction)}</g>`;
}

/** Only where packets of one direction alone take the link; elsewhere the line says it all. */
function drawArrow(curve: Curve, direction: Direction): Markup | null {
  if (direction === 'both') return null;
  const { x, y, angle } = middleOf(curve);
  const turned = Math.round(direction === 'ab' ? angle : angle + 180);
  return markup`<path class="arrow" d="M-5 -5.5L6 0L-5 5.5Z" transform="translate(${Math.round(x)} ${Math.round(y)}) rotate(${turned})"/>`;
}

function drawAs(as: AsRecord, layout: Layout): Markup | null {
  const at = layout.nodes.get(as.ia);
  if (at === undefined) return null;
  const role = as.attacker ? 'attacker' : as.cluster !== null ? 'cluster' : as.core ? 'core' : 'leaf';
  const x = at.x - NODE_WIDTH / 2;
  const y = at.y - NODE_HEIGHT / 2;
  return markup`<g class="as ${role}"><title>${as.ia}${as.label === null ? null : `, ${as.label}`}, ${as.prefix}</title>
${role === 'cluster' ? markup`<rect class="ring" x="${x - 4}" y="${y - 4}" width="${NODE_WIDTH + 8}" height="${NODE_HEIGHT + 8}" rx="12"/>` : null}
<rect class="box" x="${x}" y="${y}" width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="9"/>
<text class="ia" x="${at.x}" y="${at.y - 3}">${shorten(as.ia)}</text>
<text class="role" x="${at.x}" y="${at.y + 13}">${shorten(secondLine(as))}</text></g>`;
}

function secondLine(as: AsRecord): string {
  if (as.attacker) {
    const both = `attacker ${as.label}`;
    return as.label === null || as.label === 'attacker' || both.length > LABEL_LENGTH ? 'attacker' : both;
  }
  if (as.cluster !== null) return `cluster ${as.cluster}`;
  return as.label ?? (as.core ? 'core' : as.prefix);
}

function shorten(text: string): string {
  return text.length <= LABEL_LENGTH ? text : `${text.slice(0, LABEL_LENGTH - 1)}…`;
}

/** A cross at the AS where a transport's packets end short of their destination. */
function drawEnds(paths: readonly UsedPath[], layout: Layout): Markup[] {
  const ends = new Set(paths.filter((path) => !path.arrives).map((path) => `${path.ases.at(-1)} ${path.transport}`));
  const taken = new Map<string, number>();
  return [...ends].flatMap((entry) => {
    const [ia, transport] = entry.split(' ') as [string, TransportName];
    const at = layout.nodes.get(ia);
    const place = taken.get(ia) ?? 0;
    taken.set(ia, place + 1);
    return at === undefined ? [] : [drawEnd(at, transport, place)];
  });
}

function drawEnd(at: Placed, transport: TransportName, place: number): Markup {
  const x = at.x + NODE_WIDTH / 2 - 12 - place * 22;
  const y = at.y + NODE_HEIGHT / 2 + 3;
  return markup`<g class="end t-${transport}" transform="translate(${x} ${y})"><title>${transport}: packets end here</title><circle r="8.5"/><path d="M-3.2 -3.2L3.2 3.2M3.2 -3.2L-3.2 3.2"/></g>`;
}
