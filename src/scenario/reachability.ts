/** Before anything is measured: every cluster reaches every other over the transport, or the run refuses. */
import type { Lab } from '../emulator/lab.ts';
import { LabError } from '../errors.ts';
import { answersPing } from '../process/ping.ts';
import type { Attached, PodPlace, Transport } from '../transports/transport.ts';
import { podPlace } from './places.ts';

const PINGS = { count: 3, timeoutS: 2 };

interface Pair {
  readonly from: PodPlace;
  readonly to: PodPlace;
  readonly text: string;
}

/** @throws LabError that says who does not reach whom and where the packets end. */
export async function requireReachability(
  lab: Lab,
  transport: Transport,
  attached: Attached,
  signal: AbortSignal,
): Promise<void> {
  const failures = await Promise.all(
    pairs(lab).map(async (pair) =>
      (await answersPing(lab.netns(pair.from.pod.namespace), pair.to.pod.address, { ...PINGS, signal }))
        ? null
        : describe(pair, attached),
    ),
  );
  const lines = failures.filter((failure) => failure !== null);
  if (lines.length === 0) return;
  throw new LabError(`over ${transport.name}, not every cluster reaches every other:\n${lines.join('\n')}`);
}

/** From one pod of each node to one pod of each node of the other clusters. */
function pairs(lab: Lab): Pair[] {
  const places = lab.plan.clusters.flatMap((cluster) =>
    cluster.nodes.flatMap((node) => {
      const pod = cluster.pods.find((candidate) => candidate.node === node.name);
      return pod === undefined ? [] : [{ cluster, ...podPlace(lab.plan, { cluster: cluster.name, pod: pod.name }) }];
    }),
  );
  return places.flatMap((from) =>
    places
      .filter((to) => to.cluster !== from.cluster)
      .map((to) => ({ from, to, text: `${from.cluster.name}/${from.pod.name} → ${to.cluster.name}/${to.pod.name}` })),
  );
}

async function describe({ from, to, text }: Pair, attached: Attached): Promise<string> {
  const { ases, source } = await attached.route(from, to);
  const way = source === 'bgp' ? 'BGP leads' : 'the SCION path leads';
  const drops = Object.entries(attached.drops()).map(([reason, packets]) => `${reason} ${packets}`);
  return `  ${text}: ${way} ${ases.join(' → ')}${drops.length === 0 ? '' : `; dropped: ${drops.join(', ')}`}`;
}
