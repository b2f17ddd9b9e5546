/** A topology as text in our own format: what `parseTopology` makes the same topology of, but for the file's name. */
import { DURATION, formatQuantity, RATE, RATIO } from '../input/units.ts';
import { type As, allLinks, type Link, type LinkEnd, type Shape, type Topology } from './model.ts';
import { DEFAULT_MTU } from './schema.ts';

type Fields = readonly (readonly [name: string, value: string | undefined])[];

/** With every number that the loader dealt written out, so that later changes of the file do not move it. */
export function printTopology(topology: Topology): string {
  const { name, ases } = topology;
  const asLines = ases.map((as) => `  ${as.ia}: ${flow(asFields(as))}\n`);
  const linkLines = allLinks(topology).map((link) => `  - ${flow(linkFields(link))}\n`);
  const list = (lines: readonly string[], empty: string) =>
    lines.length === 0 ? ` ${empty}\n` : `\n${lines.join('')}`;
  return `name: ${name}\n\nases:${list(asLines, '{}')}\nlinks:${list(linkLines, '[]')}`;
}

function asFields(as: As): Fields {
  const unless = (value: boolean | number, fallback: boolean | number) =>
    value === fallback ? undefined : String(value);
  return [
    ['core', unless(as.core, false)],
    ['label', as.label],
    ['mtu', unless(as.mtu, DEFAULT_MTU)],
    ['prefix', as.prefix],
    ['voting', unless(as.voting, as.core)],
    ['authoritative', unless(as.authoritative, as.core)],
    ['issuing', unless(as.issuing, as.core)],
    ['certIssuer', as.certIssuer],
  ];
}

function linkFields({ a, b, kind, mtu, underlay, shape }: Link): Fields {
  const [ab, ba] = shape === undefined ? [] : [flow(shapeFields(shape.ab)), flow(shapeFields(shape.ba))];
  return [
    ['a', end(a)],
    ['b', end(b)],
    ['type', kind],
    ['underlay', underlay === 'wire' ? undefined : underlay],
    ['mtu', mtu === DEFAULT_MTU ? undefined : String(mtu)],
    ...(shape !== undefined && ab === ba ? shapeFields(shape.ab) : [['ab', ab] as const, ['ba', ba] as const]),
  ];
}

function end({ ia, router, ifid }: LinkEnd): string {
  const text = `${ia}${router === undefined ? '' : `-${router}`}#${ifid}`;
  // A router's label may hold what means something to YAML.
  return /^[\w:#-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A shape that does nothing is a shape still: the link has a middle. */
function shapeFields({ delayNs, jitterNs, lossPpm, rateBps, queueNs }: Shape): Fields {
  const nothing = jitterNs + lossPpm + rateBps + queueNs === 0;
  return [
    ['delay', delayNs === 0 && !nothing ? undefined : formatQuantity(delayNs, DURATION)],
    ['jitter', jitterNs === 0 ? undefined : formatQuantity(jitterNs, DURATION)],
    ['loss', lossPpm === 0 ? undefined : formatQuantity(lossPpm, RATIO)],
    ['rate', rateBps === 0 ? undefined : formatQuantity(rateBps, RATE)],
    ['queue', queueNs === 0 ? undefined : formatQuantity(queueNs, DURATION)],
  ];
}

function flow(fields: Fields): string {
  return `{${fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])).join(', ')}}`;
}
