/**
 * Reads scionproto's `.topo` files as they are (reference v0.15.0: topology/README.md, tools/topology/topo.py).
 * Their MTUs are those of SCION packets (doc/manuals/common.rst); ours are those of the IP packets that carry them.
 */
import { basename, extname } from 'node:path';
import { z } from 'zod';
import { InputError, type Problem } from '../errors.ts';
import { loadYaml, type YamlFile } from '../input/yaml.ts';
import { asnOf, isdOf } from '../scion/isd-as.ts';
import { type Draft, type DraftAs, type DraftLink, readAsKeys } from './draft.ts';
import { endpoint, isdAs } from './endpoint.ts';
import { MAX_MTU, UNDERLAY_OVERHEAD } from './schema.ts';

/** The reference's defaults: 1500 less IPv4 and UDP; SCION_MIN_MTU. */
const DEFAULT_SCION_MTU = 1472;
const mtu = z
  .int()
  .min(1280)
  .max(MAX_MTU - UNDERLAY_OVERHEAD);
const underlay = z.enum(['UDP/IPv4', 'UDP/IPv6']);

const autonomousSystem = z.strictObject({
  core: z.boolean().default(false),
  voting: z.boolean().default(false),
  authoritative: z.boolean().default(false),
  issuing: z.boolean().default(false),
  cert_issuer: isdAs.optional(),
  mtu: mtu.optional(),
  underlay: underlay.optional(),
  // These say how the reference lays out its own services, of which the lab runs none: read, without effect.
  control_servers: z.int().min(1).optional(),
  test_dispatcher: z.boolean().optional(),
  dispatched_ports: z.string().optional(),
});

const link = z.strictObject({
  a: endpoint,
  b: endpoint,
  linkAtoB: z.string().transform((text, context): DraftLink['kind'] => {
    const kind = ({ CORE: 'core', CHILD: 'child', PEER: 'peer' } as const)[text.toUpperCase()];
    if (kind !== undefined) return kind;
    context.addIssue({ code: 'custom', message: `is "${text}"`, params: { expected: 'CORE, CHILD or PEER' } });
    return z.NEVER;
  }),
  mtu: mtu.optional(),
  underlay: underlay.optional(),
  // An annotation: the reference's generator does not enforce it either.
  bw: z.number().positive().optional(),
});

const topoSchema = z.strictObject({
  defaults: z.strictObject({ mtu: mtu.optional() }).optional(),
  ASes: z.record(z.string(), autonomousSystem),
  links: z.array(link).default([]),
});

type TopoInput = z.output<typeof topoSchema>;

/** @throws InputError with every problem of the file's form */
export function readTopo(file: string, text: string): { draft: Draft; yaml: YamlFile<TopoInput>; notes: string[] } {
  const yaml = loadYaml(file, text, topoSchema);
  const { value } = yaml;
  const fallback = value.defaults?.mtu ?? DEFAULT_SCION_MTU;
  const draft: Draft = {
    name: basename(file, extname(file)),
    source: file,
    ases: readAses(yaml, fallback),
    links: value.links.map((entry, index) => ({
      kind: entry.linkAtoB,
      a: entry.a,
      b: entry.b,
      mtu: (entry.mtu ?? fallback) + UNDERLAY_OVERHEAD,
      underlay: 'wire',
      path: ['links', index],
    })),
  };
  return { draft, yaml, notes: notesOf(value) };
}

function readAses(yaml: YamlFile<TopoInput>, fallback: number): DraftAs[] {
  const { ASes } = yaml.value;
  const problems: Problem[] = [];
  const keys = readAsKeys(Object.keys(ASes), (key, message, expected) => {
    problems.push(yaml.problem(['ASes', key], message, expected, 'key'));
  });
  if (problems.length > 0) throw new InputError(problems);
  return [...keys].map(([key, ia]) => {
    const { core, voting, authoritative, issuing, cert_issuer: certIssuer, mtu: own } = ASes[key]!;
    return {
      path: ['ASes', key],
      as: {
        ia,
        isd: isdOf(ia),
        asn: asnOf(ia),
        core,
        voting,
        authoritative,
        issuing,
        mtu: (own ?? fallback) + UNDERLAY_OVERHEAD,
        ...(certIssuer === undefined ? {} : { certIssuer }),
      },
    };
  });
}

function notesOf({ ASes, links }: TopoInput): string[] {
  const over6 = [...Object.values(ASes), ...links].filter((entry) => entry.underlay === 'UDP/IPv6').length;
  const rated = links.filter((entry) => entry.bw !== undefined).length;
  const places = (count: number) => `in ${count} ${count === 1 ? 'place' : 'places'}`;
  return [
    ...(over6 === 0
      ? []
      : [`UDP/IPv6 is asked for ${places(over6)}: the lab carries SCION over IPv4, with the same SCION MTU`]),
    ...(rated === 0 ? [] : [`a bandwidth (bw) is named ${places(rated)}: as in the reference, nothing enforces it`]),
  ];
}
