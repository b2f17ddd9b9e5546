/** Reads our own topology format. */
import { InputError, type Problem } from '../errors.ts';
import { loadYaml, type YamlFile } from '../input/yaml.ts';
import { asnOf, isdOf } from '../scion/isd-as.ts';
import { type Draft, type DraftAs, type DraftLink, readAsKeys } from './draft.ts';
import type { IsdAs, Shape } from './model.ts';
import { DEFAULT_MTU, type LinkInput, type ShapeInput, type TopologyInput, topologySchema } from './schema.ts';

/** @throws InputError with every problem of the file's form */
export function readNativeYaml(file: string, text: string): { draft: Draft; yaml: YamlFile<TopologyInput> } {
  const yaml = loadYaml(file, text, topologySchema);
  const { value } = yaml;
  const draft = {
    name: value.name,
    source: file,
    ases: readAses(yaml),
    links: value.links.map((link, index) => readLink(link, index, value)),
  };
  return { draft, yaml };
}

function readAses(yaml: YamlFile<TopologyInput>): DraftAs[] {
  const { ases, defaults } = yaml.value;
  const problems: Problem[] = [];
  const keys = readAsKeys(Object.keys(ases), (key, message, expected) => {
    problems.push(yaml.problem(['ases', key], message, expected, 'key'));
  });
  if (problems.length > 0) throw new InputError(problems);
  const issuers = firstIssuers(keys, ases);
  return [...keys].map(([key, ia]) => {
    const input = ases[key]!;
    const certIssuer = input.certIssuer ?? (issues(input) ? undefined : issuers.get(isdOf(ia)));
    return {
      path: ['ases', key],
      as: {
        ia,
        isd: isdOf(ia),
        asn: asnOf(ia),
        core: input.core,
        voting: input.voting ?? input.core,
        authoritative: input.authoritative ?? input.core,
        issuing: input.issuing ?? input.core,
        mtu: input.mtu ?? defaults.mtu ?? DEFAULT_MTU,
        ...(certIssuer === undefined ? {} : { certIssuer }),
        ...(input.label === undefined ? {} : { label: input.label }),
        ...(input.prefix === undefined ? {} : { prefix: input.prefix }),
      },
    };
  });
}

/** The first issuing AS of each ISD: who certifies the ASes that do not issue certificates themselves. */
function firstIssuers(keys: Map<string, IsdAs>, ases: TopologyInput['ases']): Map<number, IsdAs> {
  const issuers = new Map<number, IsdAs>();
  for (const [key, ia] of keys) if (issues(ases[key]) && !issuers.has(isdOf(ia))) issuers.set(isdOf(ia), ia);
  return issuers;
}

function issues(as: TopologyInput['ases'][string] | undefined): boolean {
  return as?.issuing ?? as?.core ?? false;
}

function readLink(link: LinkInput, index: number, { defaults }: TopologyInput): DraftLink {
  const { a, b, type, underlay, mtu, ab, ba, ...both } = link;
  // What the file asks of every wire is no fault of a link without one; what it asks of that link is (check.ts).
  const shapes = [...(underlay === 'internet' ? [] : [defaults.link]), both, ab, ba];
  const shaped = shapes.some((shape) => Object.values(shape ?? {}).some((value) => value !== undefined));
  return {
    kind: type,
    a,
    b,
    mtu: mtu ?? defaults.mtu ?? DEFAULT_MTU,
    underlay,
    path: ['links', index],
    ...(shaped
      ? { shape: { ab: mergeShapes(defaults.link, both, ab), ba: mergeShapes(defaults.link, both, ba) } }
      : {}),
  };
}

/** Later inputs win, field by field. */
function mergeShapes(...inputs: readonly (ShapeInput | undefined)[]): Shape {
  const last = (field: keyof ShapeInput) => inputs.findLast((input) => input?.[field] !== undefined)?.[field] ?? 0;
  return {
    delayNs: last('delay'),
    jitterNs: last('jitter'),
    lossPpm: last('loss'),
    rateBps: last('rate'),
    queueNs: last('queue'),
    cut: false,
  };
}
