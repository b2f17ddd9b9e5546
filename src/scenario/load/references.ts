/** What the names in a scenario refer to. Each look-up throws a FaultyValue that says what would be right. */
import { MAX_WIRE_MTU } from '../../emulator/wire/shape.ts';
import { FaultyValue } from '../../input/collector.ts';
import { oneOf, suggestion } from '../../input/nearest.ts';
import { parseIsdAs } from '../../scion/isd-as.ts';
import { allLinks, type IsdAs, type Link, type Topology } from '../../topology/model.ts';
import type { Cluster, PodRef } from '../model.ts';

/** The AS of an ISD-AS, a label, or the name of a cluster in it. */
export function findAs(
  text: string,
  topology: Topology,
  clusters: readonly Pick<Cluster, 'name' | 'ia'>[] = [],
): IsdAs {
  const number = canonical(text);
  const byNumber = topology.ases.find(({ ia }) => ia === number);
  const byLabel = topology.ases.find(({ label }) => label === text);
  const byCluster = clusters.find(({ name }) => name === text);
  if (byLabel !== undefined && byCluster !== undefined && byLabel.ia !== byCluster.ia) {
    throw new FaultyValue(`"${text}" is the label of ${byLabel.ia} and the cluster in ${byCluster.ia}`, 'the ISD-AS');
  }
  const found = byNumber?.ia ?? byLabel?.ia ?? byCluster?.ia;
  if (found !== undefined) return found;
  const names = [...topology.ases.map(({ ia }) => ia), ...labels(topology), ...clusters.map(({ name }) => name)];
  throw new FaultyValue(`there is no AS "${text}"`, suggestion(text, names));
}

function labels(topology: Topology): string[] {
  return topology.ases.flatMap(({ label }) => (label === undefined ? [] : [label]));
}

function canonical(text: string): IsdAs | undefined {
  try {
    return parseIsdAs(text);
  } catch {
    return undefined; // A label or a cluster's name, or nothing: the caller says so.
  }
}

/** The link at one end (`1-ff00:0:110#1`) or between both (`A#1--B#1`, in either order). */
export function findLink(text: string, topology: Topology, clusters: readonly Pick<Cluster, 'name' | 'ia'>[]): Link {
  const ends = text.split('--');
  if (ends.length > 2) throw new FaultyValue(`"${text}" has more than two ends`, 'AS#interface--AS#interface');
  const links = ends.map((end) => linkAt(end, topology, clusters));
  const [first, second] = links;
  if (
    first === undefined ||
    (second !== undefined && second !== first) ||
    (second !== undefined && ends[0] === ends[1])
  ) {
    throw new FaultyValue(`no link joins ${ends.join(' and ')}`, `${first?.id}, the link at ${ends[0]}`);
  }
  return first;
}

/** As findLink, of a link that something happens on. */
export function findWire(text: string, topology: Topology, clusters: readonly Pick<Cluster, 'name' | 'ia'>[]): Link {
  const link = findLink(text, topology, clusters);
  requireWire(link);
  return link;
}

/** Frames can be seen or stopped on a link's own wire, which a link that BGP routes does not have. */
export function requireOwnWire({ id, underlay }: Link): void {
  if (underlay !== 'internet') return;
  throw new FaultyValue(`${id} has no wire of its own: BGP routes its packets`, 'a link with a wire');
}

/** What is shaped, cut or captured goes through the middle of a wire, which has room for so much. */
export function requireWire(link: Link): void {
  requireOwnWire(link);
  const { id, mtu } = link;
  if (mtu <= MAX_WIRE_MTU) return;
  throw new FaultyValue(
    `the MTU of ${id} is ${mtu}, too large to be shaped, cut or captured`,
    `a link with an MTU of at most ${MAX_WIRE_MTU}`,
  );
}

function linkAt(text: string, topology: Topology, clusters: readonly Pick<Cluster, 'name' | 'ia'>[]): Link {
  const match = /^(.+)#(\d+)$/.exec(text.trim());
  if (match === null) throw new FaultyValue(`"${text}" names no interface`, 'AS#interface such as 1-ff00:0:110#1');
  const [, as = '', ifid] = match;
  const ia = findAs(as, topology, clusters);
  const ends = allLinks(topology).flatMap((link) => [link.a, link.b].map((end) => ({ link, end })));
  const own = ends.filter(({ end }) => end.ia === ia);
  const found = own.find(({ end }) => end.ifid === Number(ifid));
  if (found !== undefined) return found.link;
  const numbers = own.map(({ end }) => end.ifid).sort((a, b) => a - b);
  throw new FaultyValue(`${ia} has no interface ${ifid}`, numbers.length === 0 ? 'an AS with a link' : oneOf(numbers));
}

/** A pod by `cluster/pod`. */
export function findPod(text: string, clusters: readonly Cluster[]): PodRef {
  const { cluster, rest } = splitByCluster(text, clusters, 'cluster/pod');
  const names = cluster.pods.map(({ name }) => name);
  if (!names.includes(rest))
    throw new FaultyValue(`cluster ${cluster.name} has no pod "${rest}"`, suggestion(rest, names));
  return { cluster: cluster.name, pod: rest };
}

/** Where a command can run: an AS, `cluster/node` or `cluster/pod`; returned in the model's form. */
export function findPlace(text: string, topology: Topology, clusters: readonly Cluster[]): string {
  if (!text.includes('/')) return findAs(text, topology, clusters);
  const { cluster, rest } = splitByCluster(text, clusters, 'cluster/node or cluster/pod');
  const names = [...cluster.nodes, ...cluster.pods].map(({ name }) => name);
  if (names.includes(rest)) return `${cluster.name}/${rest}`;
  throw new FaultyValue(`cluster ${cluster.name} has no node or pod "${rest}"`, suggestion(rest, names));
}

function splitByCluster(text: string, clusters: readonly Cluster[], expected: string) {
  const [clusterName = '', rest, ...more] = text.split('/');
  if (rest === undefined || more.length > 0) throw new FaultyValue(`"${text}" is no ${expected}`, expected);
  return { cluster: findCluster(clusterName, clusters), rest };
}

export function findCluster(text: string, clusters: readonly Cluster[]): Cluster {
  const cluster = clusters.find(({ name }) => name === text);
  if (cluster !== undefined) return cluster;
  const names = clusters.map(({ name }) => name);
  throw new FaultyValue(`there is no cluster "${text}"`, suggestion(text, names));
}
