/**
 * The agent as a process, in its node's network namespace: `node agent-process.ts <config.json> [<paths.json>]`. Puts the
 * programs on the node's devices, keeps their maps as the API server and the paths say, probes the paths. Prints one line
 * when packets of pods travel as SCION. SIGHUP has it read the paths' file again; SIGTERM ends it, and forwarding goes on.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { NodeDataplane } from '../../dataplane/node.ts';
import { HOST_PORT, ROUTER_PORT } from '../../scion/ports.ts';
import { ApiClient } from '../api/client.ts';
import { type AgentConfig, accessInPod } from './agent-config.ts';
import { type AgentPaths, pathsOfDaemon, pathsOfFile } from './agent-paths.ts';
import { ClusterAgent } from './cluster-agent.ts';
import { NodeAgent } from './node-agent.ts';
import { PodDevices } from './pod-devices.ts';
import { FALLBACK_MARK, SegmenterRoutes } from './segmenter-routes.ts';

const OWN_NETNS = '/proc/self/ns/net';
/** There from when packets of pods travel as SCION. */
const ATTACHED_FILE = '/tmp/attached';
/** Failover is the probes' affair and does not wait for this. */
const EVENTS_POLL_MS = 50;

function complain(error: unknown): void {
  process.stderr.write(`cilion-agent: ${error instanceof Error ? error.message : String(error)}\n`);
}

function loadDataplane({ view, segmenter, ifindexLimit, linkLimit, pins }: AgentConfig): NodeDataplane {
  const dataplane = NodeDataplane.load({ ifindexLimit, linkLimit });
  if (pins !== undefined) {
    // Those of an agent before this one are no longer in use once this one's programs are on the devices.
    rmSync(pins, { recursive: true, force: true });
    mkdirSync(pins, { recursive: true });
    dataplane.pin(pins);
  }
  dataplane.configureNode({
    address: view.address,
    routerPort: ROUTER_PORT,
    hostPort: HOST_PORT,
    podCidr: view.podCidr,
    segmenterIn: segmenter.into,
    segmenterOut: segmenter.out,
    fallbackMark: FALLBACK_MARK,
  });
  return dataplane;
}

function attach(dataplane: NodeDataplane, { view, segmenter }: AgentConfig): void {
  for (const { ifindex, ifid, routed } of view.interfaces) {
    if (routed !== true) dataplane.attachUplink({ ifindex, ifid, netns: OWN_NETNS });
  }
  if (view.lan !== undefined) dataplane.attachInternal({ ifindex: view.lan.ifindex, netns: OWN_NETNS });
  dataplane.attachPodSide({ ifindex: segmenter.out, netns: OWN_NETNS });
}

/** Not before everything is there that `changed` needs. */
function pathsOf({ daemon, view }: AgentConfig, file: string | undefined, changed: () => void): AgentPaths {
  const destinations = view.remotes.map(({ ia }) => ia);
  const listener = { changed, failed: complain };
  if (daemon !== undefined) return pathsOfDaemon(daemon, view.ia, destinations, listener);
  if (file === undefined) throw new Error('neither a daemon nor a file says which paths there are');
  return pathsOfFile(file, listener);
}

async function main(configFile: string | undefined, pathsFile: string | undefined): Promise<void> {
  if (configFile === undefined) throw new Error('usage: agent-process.ts <config> [<paths>]');
  // An agent before this one in the same pod has left it.
  rmSync(ATTACHED_FILE, { force: true });
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as AgentConfig;
  const { view } = config;
  const paths = pathsOf(config, pathsFile, () => cluster.refresh());
  const dataplane = loadDataplane(config);
  const agent = new NodeAgent(dataplane);
  agent.configure(view, Buffer.from(config.forwardingKey, 'hex'), config.linkLimit);
  const devices = new PodDevices(dataplane, OWN_NETNS);
  const routes = new SegmenterRoutes(config.segmenter.device, view.address);
  const wanted = () => view.remotes.map(({ podCidr }) => ({ podCidr, mtu: agent.innerMtu(podCidr) }));
  const client = new ApiClient(accessInPod());
  const cluster = new ClusterAgent({
    client,
    nodeName: config.nodeName,
    agent,
    view,
    pathsTo: (ia) => paths.pathsTo(ia),
    onReconciled: (pods) => {
      const addresses = pods.map(({ address }) => address);
      devices.follow(addresses, complain);
      // Nothing may lead into the segmenter before the programs are there.
      if (attached) routes.follow(wanted(), complain);
    },
    failed: complain,
  });
  let attached = false;
  await cluster.start();
  attach(dataplane, config);
  attached = true;
  await routes.set(wanted());
  agent.startProbing(OWN_NETNS, (error) => {
    complain(error);
    process.exit(1);
  });
  const ring = dataplane.watchInterfaces(({ ia, ifid }) => paths.interfaceDown(ia, ifid));
  setInterval(() => ring.poll(), EVENTS_POLL_MS);
  process.on('SIGHUP', () => paths.reload());
  process.on('SIGTERM', () => {
    agent.stopProbing();
    client.close();
    void cluster.stop().then(() => process.exit(0));
  });
  process.stdout.on('error', () => {}); // Whoever started it may have gone.
  // For the startup probe.
  writeFileSync(ATTACHED_FILE, '');
  process.stdout.write('attached\n');
}

main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  complain(error);
  process.exit(1);
});
