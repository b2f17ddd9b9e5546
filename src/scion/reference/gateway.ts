/**
 * The reference SCION-IP gateway (doc/manuals/gateway.rst) as a lab runs it: on the first node of each cluster, one for
 * all pods of the cluster. Its files are made from the plan.
 */
import { get } from 'node:http';
import { join } from 'node:path';
import type { ClusterPlan, NodePlan, Plan } from '../../emulator/plan.ts';
import { LabError } from '../../errors.ts';
import type { IsdAs } from '../../topology/model.ts';
import { connectInNetns } from '../daemon/namespace-connection.ts';
import { parseIsdAs } from '../isd-as.ts';
import { DAEMON_PORT, GATEWAY_CONTROL_PORT, GATEWAY_DATA_PORT, GATEWAY_PROBE_PORT } from '../ports.ts';
import { fileName } from './places.ts';

/** The device that pods' packets are routed into. */
export const GATEWAY_DEVICE = 'sig0';
/** On 127.0.0.1 of the node's namespace, HTTP: /metrics and /status. */
const STATUS_PORT = 30_456;

export interface GatewayPlace {
  readonly cluster: ClusterPlan;
  readonly node: NodePlan;
}

export function gatewayPlaces(plan: Plan): GatewayPlace[] {
  return plan.clusters.flatMap((cluster) => {
    const [node] = cluster.nodes;
    return node === undefined ? [] : [{ cluster, node }];
  });
}

/** The gateway's entry in the `sigs` of topology.json: the control service tells other ASes of it. */
export function gatewayEntry({ cluster, node }: GatewayPlace): Record<string, unknown> {
  return {
    [gatewayName(cluster.ia)]: {
      ctrl_addr: `${node.address}:${GATEWAY_CONTROL_PORT}`,
      data_addr: `${node.address}:${GATEWAY_DATA_PORT}`,
      probe_addr: `${node.address}:${GATEWAY_PROBE_PORT}`,
    },
  };
}

export interface GatewayFiles {
  /** The TOML file that it is started with. */
  readonly config: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Pure. @param folder absolute, of this gateway alone */
export function gatewayFiles(plan: Plan, { cluster, node }: GatewayPlace, folder: string): GatewayFiles {
  const config = join(folder, 'gateway.toml');
  const traffic = join(folder, 'traffic.policy');
  const routing = join(folder, 'routing.policy');
  const others = plan.clusters.filter((other) => other !== cluster);
  const ases = Object.fromEntries(others.map((other) => [other.ia, { Nets: podCidrs(other) }]));
  const address = (port: number) => text(`${node.address}:${port}`);
  const toml = `[log.console]
level = "info"

[metrics]
prometheus = "127.0.0.1:${STATUS_PORT}"

[sciond_connection]
address = ${address(DAEMON_PORT)}

[gateway]
id = ${text(gatewayName(cluster.ia))}
traffic_policy_file = ${text(traffic)}
ip_routing_policy_file = ${text(routing)}
ctrl_addr = ${address(GATEWAY_CONTROL_PORT)}
data_addr = ${address(GATEWAY_DATA_PORT)}
probe_addr = ${address(GATEWAY_PROBE_PORT)}

[tunnel]
name = ${text(GATEWAY_DEVICE)}
src_ipv4 = ${text(node.address)}
`;
  const rules = others.flatMap((other) => [
    `advertise ${cluster.ia} ${other.ia} ${podCidrs(cluster).join(',')}`,
    `accept ${other.ia} ${cluster.ia} ${podCidrs(other).join(',')}`,
  ]);
  return {
    config,
    files: new Map([
      [config, toml],
      [traffic, `${JSON.stringify({ ASes: ases, ConfigVersion: 1 }, null, 2)}\n`],
      [routing, `${rules.join('\n')}\n`],
    ]),
  };
}

/** ISD-ASes of the path that the gateway in this namespace sends on to an AS; undefined while it has none. */
export async function gatewayPath(netns: string, remote: IsdAs): Promise<IsdAs[] | undefined> {
  return currentPath(await status(netns), remote);
}

/** From the text of /status: sections by remote AS, in them a row for each path, the current one marked by an arrow. */
export function currentPath(text: string, remote: IsdAs): IsdAs[] | undefined {
  const section = text.split(/^ISD-AS /m).find((part) => part.startsWith(`${remote}\n`));
  const hops = section === undefined ? undefined : /-->.*Hops: \[([^\]]*)\]/.exec(section)?.[1];
  return hops
    ?.split(' ')
    .filter((word) => word.includes('-'))
    .map(parseIsdAs);
}

function status(netns: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(
    { path: '/status', createConnection: () => connectInNetns(netns, '127.0.0.1', STATUS_PORT) },
    async (response) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks).toString();
        if (response.statusCode === 200) resolve(body);
        else reject(new LabError(`the gateway answers its status with ${response.statusCode}: ${body.trim()}`));
      } catch (error) {
        reject(error as Error);
      }
    },
  );
  request.on('error', reject);
  return promise;
}

export function podCidrs(cluster: ClusterPlan): string[] {
  return cluster.nodes.map(({ podCidr }) => podCidr);
}

function gatewayName(ia: IsdAs): string {
  return `sig${fileName(ia)}-1`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
