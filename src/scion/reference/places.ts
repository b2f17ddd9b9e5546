/** Where the reference services of a lab run: names, folders, addresses and ports, taken from the plan. */
import { asNamespace } from '../../emulator/namespace-names.ts';
import type { AsPlan, Plan } from '../../emulator/plan.ts';
import type { InterfaceId, IsdAs } from '../../topology/model.ts';
import { isdOf } from '../isd-as.ts';

/** A namespace with a border router: the AS itself, or a node of a cluster. */
export interface RouterPlace {
  readonly id: string;
  readonly namespace: string;
  /** IPv4, inside the AS's prefix. */
  readonly address: string;
  readonly interfaces: readonly InterfaceId[];
}

export interface AsPlace {
  readonly ia: IsdAs;
  /** Below the folder of the configuration: `ISD1/ASff00_0_110`, as the reference's own generator calls it. */
  readonly folder: string;
  /** The first is where the AS's control service and daemon run. */
  readonly routers: readonly [RouterPlace, ...RouterPlace[]];
}

/** One for every AS of the plan, in its order. */
export function referencePlaces(plan: Plan): AsPlace[] {
  return plan.ases.map((as) => ({ ia: as.ia, folder: folderOf(as.ia), routers: routersOf(as, plan) }));
}

/** `1-ff00_0_110`: an ISD-AS in names of files and services. */
export function fileName(ia: IsdAs): string {
  return ia.replaceAll(':', '_');
}

function folderOf(ia: IsdAs): string {
  return `ISD${isdOf(ia)}/AS${fileName(ia).slice(ia.indexOf('-') + 1)}`;
}

function routersOf(as: AsPlan, plan: Plan): [RouterPlace, ...RouterPlace[]] {
  const cluster = plan.clusters.find(({ ia }) => ia === as.ia);
  const namespaces = cluster?.nodes.map((node) => node.namespace) ?? [asNamespace(as.ia)];
  const [first, ...others] = namespaces.map((namespace, index): RouterPlace => {
    const router = plan.routers.find((candidate) => candidate.namespace === namespace);
    if (router === undefined) throw new RangeError(`the plan has no router in ${namespace}`);
    const ends = plan.links.flatMap((link) => [link.a, link.b]).filter((end) => end.namespace === namespace);
    return {
      id: `br${fileName(as.ia)}-${index + 1}`,
      namespace,
      address: router.bgp.loopback,
      interfaces: ends.map((end) => end.ifid).toSorted((x, y) => x - y),
    };
  });
  if (first === undefined) throw new RangeError(`cluster ${cluster?.name} has no node`);
  return [first, ...others];
}
