/**
 * An agent in a process of its own, on maps that others have pinned: `node agent-process.ts <settings as JSON>`. Prints one
 * line when the maps hold what the API server says, with how long that took it.
 */

import { NodeDataplane } from '../../src/dataplane/node.ts';
import { ClusterAgent } from '../../src/k8s/agent/cluster-agent.ts';
import { NodeAgent } from '../../src/k8s/agent/node-agent.ts';
import { interfacesOf } from '../../src/k8s/agent/node-view.ts';
import { type ApiAccess, ApiClient } from '../../src/k8s/api/client.ts';
import { pathsFrom } from '../unit/k8s/paths.ts';
import { view } from '../unit/k8s/view.ts';

export interface AgentSettings {
  readonly access: ApiAccess;
  readonly nodeName: string;
  readonly pins: string;
  /** From when on paths are valid, Unix seconds. */
  readonly pathsFrom: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as AgentSettings;
const paths = pathsFrom(settings.pathsFrom);
const interfaces = interfacesOf(view);
const since = performance.now();
const dataplane = NodeDataplane.reopen(settings.pins);
const agent = new NodeAgent(dataplane);
agent.adopt(dataplane.contents());
const client = new ApiClient(settings.access);
const cluster = new ClusterAgent({
  client,
  nodeName: settings.nodeName,
  agent,
  wan: { view, interfaces, findings: () => [] },
  pathsTo: () => paths,
  failed: (error) => process.stderr.write(`${String(error)}\n`),
});
await cluster.start();
process.stdout.write(`${performance.now() - since}\n`);
process.on('SIGTERM', () => {
  client.close();
  void cluster.stop().then(() => process.exit(0));
});
