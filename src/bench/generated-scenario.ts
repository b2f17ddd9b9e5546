/**
 * Scenarios that benches make instead of reading them from a file. The topology is written in the testbed's own format and
 * goes through its loader; planner and lab are those of every run: a bench measures what labs run. Pure.
 */
import type { Cluster, ControlPlaneKind, Scenario } from '../scenario/model.ts';
import { formatIsdAs } from '../scion/isd-as.ts';
import { parseTopology } from '../topology/load.ts';
import type { IsdAs, LinkKind, Topology } from '../topology/model.ts';

/** Of every cluster's only node and pod. */
export const NODE = 'node';
export const POD = 'pod';
/** 1-ff00:0:0, to which an AS's number is added. */
const FIRST_ASN = 0xff00_0000_0000n;

/** ASes are numbers from 1 on. */
export interface Internet {
  readonly name: string;
  /** How many there are. */
  readonly ases: number;
  /** The first so many are core ASes. */
  readonly cores: number;
  /** `child`: a is the parent of b. */
  readonly links: readonly { readonly kind: LinkKind; readonly a: number; readonly b: number }[];
  /** Name → AS. One node and one pod each; the node ends all of the AS's links. */
  readonly clusters: Readonly<Record<string, number>>;
}

export interface GenerateOptions {
  readonly controlPlane: ControlPlaneKind;
  readonly seed: number;
}

export function asNumber(n: number): IsdAs {
  return formatIsdAs(1, FIRST_ASN + BigInt(n));
}

/** The internet as a topology file. */
export function internetText({ name, ases, cores, links }: Internet): string {
  const as = (n: number) => `  ${asNumber(n)}: {core: ${n <= cores}}`;
  const link = ({ kind, a, b }: Internet['links'][number]) =>
    `  - {a: ${asNumber(a)}, b: ${asNumber(b)}, type: ${kind}}`;
  const all = Array.from({ length: ases }, (_, index) => as(index + 1));
  return `${[`name: ${name}`, 'ases:', ...all, 'links:', ...links.map(link)].join('\n')}\n`;
}

/** No workloads, no timeline: a bench brings its own. @throws InputError when the internet is none */
export function generatedScenario(internet: Internet, { controlPlane, seed }: GenerateOptions): Scenario {
  const source = `${internet.name}.yaml`;
  const { topology } = parseTopology(source, internetText(internet));
  return {
    name: internet.name,
    title: '',
    question: '',
    source,
    inputs: [],
    topology,
    controlPlane,
    referenceRouters: [],
    clusters: Object.entries(internet.clusters).map(([name, n]) => clusterIn(topology, name, asNumber(n))),
    transports: [],
    bgp: { holdSeconds: 90, bfd: false },
    workloads: [],
    timeline: [],
    captures: [],
    assertions: [],
    durationNs: 0,
    repeat: 1,
    seed,
  };
}

function clusterIn({ links }: Topology, name: string, ia: IsdAs): Cluster {
  const ends = links.flatMap(({ a, b }) => [a, b]).filter((end) => end.ia === ia);
  return {
    name,
    ia,
    nodes: [{ name: NODE, interfaces: ends.map(({ ifid }) => ifid) }],
    pods: [{ name: POD, labels: {}, node: NODE }],
    services: [],
    policies: [],
  };
}
