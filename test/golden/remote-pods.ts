/** For a node that hears from everybody: each AS of the test topologies has pods. */
import type { IsdAs } from '../../src/topology/model.ts';
import type { RemotePods } from '../model/inner-packet.ts';
import { numberOf } from '../model/router.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import type { NodeBench } from './node-bench.ts';

const INNER_MTU = 1360;
const IAS: readonly IsdAs[] = [
  ...new Set([tiny4, peering, sixteen].flatMap(({ ases }) => ases.map(({ ia }) => ia))),
].sort();

export const REMOTE_PODS: readonly RemotePods[] = IAS.map((ia, id) => ({
  cidr: `10.${100 + id}.1.0/24`,
  ia: numberOf(ia),
  id,
  innerMtu: INNER_MTU,
}));

export function setRemotePods({ node }: NodeBench): void {
  for (const { cidr, id, innerMtu } of REMOTE_PODS) node.setRemote(cidr, { id, ia: IAS[id]!, innerMtu });
}
