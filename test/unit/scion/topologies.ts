/** Topologies for tests, written as tables: the shapes of the reference's sample files and some small ones. */
import { asnOf, isdOf, parseIsdAs } from '../../../src/scion/isd-as.ts';
import type { Link, LinkEnd, LinkKind, Shape, Topology } from '../../../src/topology/model.ts';

/** `core`, `child` (a above b) or `peer`; ends as `ISD-AS#interface`; delays in ns from a to b and back. */
export type LinkRow = readonly [LinkKind, string, string, { mtu?: number; delays?: readonly [number, number] }?];

/** ISD-AS of a sample AS: `110` is 1-ff00:0:110, `211` is 2-ff00:0:211. */
export function sampleIa(digits: string): string {
  return `${digits[0]}-ff00:0:${digits}`;
}

const DEFAULT_MTU = 1472;

/** Builds a topology from its core ASes, its links and the MTUs of ASes that differ from 1472. */
export function buildTopology(
  name: string,
  coreAses: readonly string[],
  links: readonly LinkRow[],
  mtus: Readonly<Record<string, number>> = {},
): Topology {
  const built = links.map(buildLink);
  const ias = new Set([...coreAses.map(parseIsdAs), ...built.flatMap(({ a, b }) => [a.ia, b.ia])]);
  const ases = [...ias].map((ia) => {
    const core = coreAses.includes(ia);
    const mtu = mtus[ia] ?? DEFAULT_MTU;
    return { ia, isd: isdOf(ia), asn: asnOf(ia), core, voting: core, authoritative: core, issuing: core, mtu };
  });
  return { name, source: `${name} (built by a test)`, ases, links: built, ipLinks: [] };
}

function buildLink([kind, a, b, { mtu = DEFAULT_MTU, delays } = {}]: LinkRow): Link {
  const ends = { a: buildEnd(a), b: buildEnd(b) };
  const id = `${a}--${b}`;
  const shape = delays === undefined ? {} : { shape: { ab: delayed(delays[0]), ba: delayed(delays[1]) } };
  return { id, kind, ...ends, mtu, underlay: 'wire', ...shape };
}

function buildEnd(text: string): LinkEnd {
  const [ia, ifid] = text.split('#');
  return { ia: parseIsdAs(ia!), ifid: Number(ifid) };
}

function delayed(delayNs: number): Shape {
  return { delayNs, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };
}

function sample(kind: LinkKind, a: string, b: string, mtu?: number): LinkRow {
  const full = (end: string) => `${sampleIa(end.slice(0, 3))}${end.slice(3)}`;
  return [kind, full(a), full(b), mtu === undefined ? {} : { mtu }];
}

/** One core AS with two children. */
export const tiny4 = buildTopology(
  'tiny4',
  [sampleIa('110')],
  [sample('child', '110#1', '111#41', 1280), sample('child', '110#2', '112#1')],
  { [sampleIa('110')]: 1400 },
);

/** Sixteen ASes in two ISDs: core mesh with parallel links, several levels, peering inside and between the ISDs. */
export const sixteen = buildTopology(
  'sixteen',
  ['110', '120', '130', '210', '220'].map(sampleIa),
  [
    sample('core', '110#1', '120#6'),
    sample('core', '110#2', '130#104'),
    sample('core', '110#3', '210#453'),
    sample('core', '120#1', '130#105'),
    sample('core', '120#2', '220#501', 1350),
    sample('core', '120#3', '220#502', 1400),
    sample('child', '120#4', '121#3'),
    sample('child', '120#5', '111#104'),
    sample('child', '130#111', '131#479'),
    sample('child', '130#112', '111#105'),
    sample('child', '130#113', '112#495'),
    sample('peer', '111#100', '121#4'),
    sample('peer', '111#101', '211#5'),
    sample('peer', '111#102', '211#6'),
    sample('child', '111#103', '112#494'),
    sample('peer', '121#1', '131#480'),
    sample('child', '121#2', '122#2'),
    sample('peer', '122#1', '133#1'),
    sample('child', '131#478', '132#2'),
    sample('child', '132#1', '133#2'),
    sample('core', '210#450', '220#503'),
    sample('child', '210#451', '211#7'),
    sample('child', '210#452', '211#8'),
    sample('child', '220#500', '221#2'),
    sample('peer', '211#1', '221#3'),
    sample('child', '211#2', '212#201'),
    sample('child', '211#3', '212#200'),
    sample('child', '211#4', '222#301'),
    sample('child', '221#1', '222#302'),
  ],
  { [sampleIa('112')]: 1450, [sampleIa('210')]: 1280 },
);

/** Peering by core ASes, at the leaves' own level and two peering links in parallel. */
export const peering = buildTopology('peering', ['110', '120', '210'].map(sampleIa), [
  sample('core', '110#1', '210#1'),
  sample('core', '110#2', '120#1'),
  sample('peer', '120#2', '210#2', 1300),
  sample('child', '110#3', '111#1'),
  sample('child', '120#3', '121#1'),
  sample('child', '210#3', '211#1'),
  sample('child', '111#2', '112#1'),
  sample('child', '121#2', '122#1'),
  sample('peer', '112#2', '122#2'),
  sample('peer', '112#3', '122#3', 1290),
  sample('peer', '111#3', '120#4'),
  sample('peer', '121#3', '211#2'),
  sample('peer', '211#3', '110#4'),
]);
