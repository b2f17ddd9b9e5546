/** What people call the namespaces and wires of a lab, on the command line as in scenario files. */
import { asNamespace, lanNamespace, WIRES_NAMESPACE } from '../emulator/namespace-names.ts';
import { type LinkPlan, type NamespaceId, type Plan, wiredLinks } from '../emulator/plan.ts';
import { CilionError } from '../errors.ts';
import { FaultyValue } from '../input/collector.ts';
import { suggestion } from '../input/nearest.ts';
import { findAs, findLink, requireOwnWire } from '../scenario/load/references.ts';
import type { IsdAs, Topology } from '../topology/model.ts';

export interface NamedNamespace {
  /** As one types it. */
  readonly name: string;
  readonly id: NamespaceId;
}

/** Every namespace of a lab, each under one name: nodes, pods and the network of a cluster, ASes, the wires' middles. */
export function namespaceNames(plan: Plan): NamedNamespace[] {
  const named = [
    ...plan.clusters.flatMap(({ name, nodes, pods }) => [
      ...[...nodes, ...pods].map((each) => ({ name: `${name}/${each.name}`, id: each.namespace })),
      { name: `${name}/lan`, id: lanNamespace(name) },
    ]),
    ...plan.ases.map(({ ia }) => ({ name: ia as string, id: asNamespace(ia) })),
    { name: 'wires', id: WIRES_NAMESPACE },
  ];
  const existing = new Set(plan.namespaces.map(({ id }) => id));
  return named.filter(({ id }) => existing.has(id));
}

/**
 * The namespace of an AS (ISD-AS, label or cluster), a node or pod (`cluster/name`), a cluster's network
 * (`cluster/lan`), or `wires`; the plan's own names count too.
 *
 * @throws CilionError (exit code 2) with the nearest name or all names
 */
export function findNamespace(plan: Plan, topology: Topology, text: string): NamedNamespace {
  const all = namespaceNames(plan);
  const found = all.find(({ name, id }) => name === text || id === text);
  if (found !== undefined) return found;
  if (text.includes('/')) throw unknown('namespace', text, all);
  const ia = findOwner(plan, topology, text, all);
  const transit = all.find(({ name }) => name === ia);
  if (transit !== undefined) return transit;
  const cluster = plan.clusters.find((each) => each.ia === ia);
  const [only, ...others] = (cluster?.nodes ?? []).map((node) => `${cluster?.name}/${node.name}`);
  const node = all.find(({ name }) => name === only);
  if (node !== undefined && others.length === 0) return node;
  throw new CilionError(`${text} is a cluster of ${others.length + 1} nodes`, {
    exitCode: 2,
    hint: `one of ${[only, ...others].join(', ')}`,
  });
}

/** An AS by its ISD-AS, its label or a cluster in it. @throws CilionError (exit code 2) with the nearest name */
export function findLabAs(plan: Plan, topology: Topology, text: string): IsdAs {
  return named(() => findAs(text, topology, plan.clusters));
}

function findOwner(plan: Plan, topology: Topology, text: string, all: readonly NamedNamespace[]): IsdAs {
  try {
    return findAs(text, topology, plan.clusters);
  } catch (error) {
    if (!(error instanceof FaultyValue)) throw error;
    const labels = topology.ases.flatMap(({ label }) => (label === undefined ? [] : [label]));
    throw unknown('namespace', text, [...all.map(({ name }) => ({ name })), ...labels.map((name) => ({ name }))]);
  }
}

/** The wire of a link at one end (`core#1`) or between both (`core#1--left#41`). @throws CilionError (exit code 2) */
export function findLinkPlan(plan: Plan, topology: Topology, text: string): LinkPlan {
  const { id } = named(() => {
    const link = findLink(text, topology, plan.clusters);
    requireOwnWire(link);
    return link;
  });
  return wiredLinks(plan).find((link) => link.id === id)!;
}

/** What a scenario file's problem would be is a wrong call on the command line. */
function named<T>(lookUp: () => T): T {
  try {
    return lookUp();
  } catch (error) {
    if (!(error instanceof FaultyValue)) throw error;
    const { message, expected } = error;
    throw new CilionError(message, { exitCode: 2, ...(expected === undefined ? {} : { hint: expected }) });
  }
}

function unknown(what: string, text: string, all: readonly { readonly name: string }[]): CilionError {
  const names = all.map(({ name }) => name);
  return new CilionError(`the lab has no ${what} "${text}"`, { exitCode: 2, hint: suggestion(text, names) });
}

/** A label where the AS has one, else the ISD-AS. */
export function asName(topology: Topology, ia: IsdAs): string {
  return topology.ases.find((as) => as.ia === ia)?.label ?? ia;
}
