/** Between which pods of a chain programs send, and how. */
import type { Place } from '../measure/workload.ts';
import type { TcpWorkload } from '../scenario/model.ts';
import type { ChainLab } from './chain-labs.ts';
import { CHAIN_ENDS } from './chain-topology.ts';
import { POD } from './generated-scenario.ts';

/** iperf3's own. Measurements follow one another, so that one is enough. */
const PORT = 5201;

/** From the left cluster's pod to the right one's. @param rateBps 0 is as fast as TCP goes */
export function tcpWorkload(name: string, flows: number, rateBps: number): TcpWorkload {
  const [from, to] = [CHAIN_ENDS.from, CHAIN_ENDS.to].map((cluster) => ({ cluster, pod: POD }));
  return { name, kind: 'tcp', from: from!, to: to!, flows, rateBps };
}

export function placeOf({ lab, from, to }: ChainLab): Place {
  return {
    clientNetns: lab.netns(from.pod.namespace),
    serverNetns: lab.netns(to.pod.namespace),
    serverAddress: to.pod.address,
    port: PORT,
    directory: lab.directory.path('work'),
    watch: lab.watch,
  };
}
