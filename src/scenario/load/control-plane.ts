/** What only the reference control plane brings: its gateway, and routers that forward alone. */
import type { Collector } from '../../input/collector.ts';
import type { IsdAs, Topology } from '../../topology/model.ts';
import type { Cluster } from '../model.ts';
import type { ScenarioInput } from '../schema.ts';
import { findAs } from './references.ts';

/** Reports those that are no transit ASes, and all of them where no reference router runs. */
export function buildReferenceRouters(
  { controlPlane, referenceRouters, transports }: ScenarioInput,
  topology: Topology,
  clusters: readonly Cluster[],
  collector: Collector,
): IsdAs[] {
  if (referenceRouters.length > 0 && controlPlane !== 'reference') {
    collector.report(['referenceRouters'], 'there are no reference routers', 'controlPlane: reference');
  }
  if (controlPlane !== 'reference' && transports.includes('sig')) {
    collector.report(['transports', transports.indexOf('sig')], 'there is no gateway', 'controlPlane: reference');
  }
  const found: IsdAs[] = [];
  referenceRouters.forEach((name, index) => {
    const field = ['referenceRouters', index];
    const ia = collector.attempt(field, () => findAs(name, topology, clusters));
    if (ia === undefined) return;
    const cluster = clusters.find((each) => each.ia === ia);
    if (cluster !== undefined) {
      collector.report(field, `${ia} is cluster ${cluster.name}, whose nodes are border routers`, 'a transit AS');
    } else if (found.includes(ia)) {
      collector.report(field, `${ia} stands there twice`);
    } else {
      found.push(ia);
    }
  });
  return found;
}
