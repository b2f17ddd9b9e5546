/**
 * The agent as a process, in its node's network namespace: `node agent-process.ts <config.json> [<paths.json>]`. Puts the
 * programs on the node's devices, keeps their maps as the API server and the paths say, probes the paths. Prints one line
 * when packets of pods travel as SCION. SIGHUP has it read the paths' file again; SIGTERM ends it, and forwarding goes on.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { NodeDataplane } from '../../dataplane/node.ts';
import { HOST_PORT, ROUTER_PORT } from '../../scion/ports.ts';
import { ApiClient } from '../api/client.ts';
import { type AgentConfig, accessInPod } from './agent-config.ts';
import { type AgentPaths, pathsOfDaemon, pathsOfFile } from './agent-paths.ts';
import { ClusterAgent } from './cluster-agent.ts';
import { ClusterWan } from './cluster-wan.ts';
import type { OwnPod } from './desired-state.ts';
import { NodeAgent } from './node-agent.ts';
import type { NodeView } from './node-view.ts';
import { PodDevices } from './pod-devices.ts';
import { FALLBACK_MARK, SegmenterRoutes } from './segmenter-routes.ts';
import { devicesWithProgram, Uplinks } from './uplinks.ts';

const OWN_NETNS = '/proc/self/ns/net';
/** There from when packets of pods travel as SCION. */
const ATTACHED_FILE = '/tmp/attached';
/** Failover is the probes' affair and does not wait for this. */
const EVENTS_POLL_MS = 50;

function complain(error: unknown): void {
  process.stderr.write(`cilion-agent: ${error instanceof Error ? error.message : String(error)}\n`);
}

function loadDataplane({ place, segmenter, ifindexLimit, linkLimit, pins }: AgentConfig): NodeDataplane {
  const dataplane = NodeDataplane.load({ ifindexLimit, linkLimit });
  if (pins !== undefined) {
    // Those of an agent before this one are no longer in use once this one's programs are on the devices.
    rmSync(pins, { recursive: true, force: true });
    mkdirSync(pins, { recursive: true });
    dataplane.pin(pins);
  }
  dataplane.configureNode({
    address: place.address,
    routerPort: ROUTER_PORT,
    hostPort: HOST_PORT,
    podCidr: place.podCidr,
    segmenterIn: segmenter.into,
    segmenterOut: segmenter.out,
    fallbackMark: FALLBACK_MARK,
  });
  return dataplane;
}

/** What does not come and go with links: those get the program from `Uplinks`. */
function attach(dataplane: NodeDataplane, { place, segmenter }: AgentConfig): void {
  if (place.lan !== undefined) dataplane.attachInternal({ ifindex: place.lan.ifindex, netns: OWN_NETNS });
  dataplane.attachPodSide({ ifindex: segmenter.out, netns: OWN_NETNS });
}

/** Not before everything is there that `changed` needs. */
function pathsOf({ daemon, place }: AgentConfig, file: string | undefined, changed: () => void): AgentPaths {
  const listener = { changed, failed: complain };
  if (daemon !== undefined) return pathsOfDaemon(daemon, place.ia, listener);
  if (file === undefined) throw new Error('neither a daemon nor a file says which paths there are');
  return pathsOfFile(file, listener);
}

async function main(configFile: string | undefined, pathsFile: string | undefined): Promise<void> {
  if (configFile === undefined) throw new Error('usage: agent-process.ts <config> [<paths>]');
  // An agent before this one in the same pod has left it.
  rmSync(ATTACHED_FILE, { force: true });
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as AgentConfig;
  const { nodeName, place, siblings, linkLimit } = config;
  const paths = pathsOf(config, pathsFile, () => cluster.refresh());
  const dataplane = loadDataplane(config);
  const agent = new NodeAgent(dataplane);
  const client = new ApiClient(accessInPod());
  const wan = new ClusterWan({ client, nodeName, place, siblings, linkLimit, changed: () => cluster.refresh() });
  agent.configure(wan.view, Buffer.from(config.forwardingKey, 'hex'), linkLimit);
  const uplinks = new Uplinks(dataplane, OWN_NETNS);
  const left = (await devicesWithProgram()).filter((ifindex) => ifindex !== place.lan?.ifindex);
  const devices = new PodDevices(dataplane, OWN_NETNS);
  const routes = new SegmenterRoutes(config.segmenter.device, place.address);
  const wanted = ({ remotes }: NodeView) => remotes.map(({ podCidr }) => ({ podCidr, mtu: agent.innerMtu(podCidr) }));
  const cluster = new ClusterAgent({
    client,
    nodeName,
    agent,
    wan,
    pathsTo: (ia) => paths.pathsTo(ia),
    onView: (view) => {
      paths.follow(view.remotes.map(({ ia }) => ia));
      agent.setLinks(view);
      if (attached) uplinks.attach(view.interfaces);
    },
    onReconciled: (now, view) => {
      // Not before: a link whose neighbour is silent goes on as the agent before this one has left it.
      if (wan.settled) uplinks.adopt(left.splice(0));
      uplinks.keep(view.interfaces);
      agent.keepLinks(view);
      pods = now;
      // Nothing may lead into the segmenter, or out of a pod, before the programs of the node are there.
      if (!attached) return;
      devices.follow(pods, complain);
      routes.follow(wanted(view), complain);
    },
    failed: complain,
  });
  let pods: readonly OwnPod[] = [];
  let attached = false;
  await wan.start();
  await cluster.start();
  // A daemon on a busy machine takes seconds to answer, and what an agent before this one has left is in force meanwhile. One
  // that is away is not waited for. An answer is in the maps one turn of the event loop later.
  await paths.asked();
  await setImmediate();
  attach(dataplane, config);
  uplinks.attach(wan.view.interfaces);
  attached = true;
  devices.follow(pods, complain);
  await routes.set(wanted(wan.view));
  agent.startProbing(OWN_NETNS, (error) => {
    complain(error);
    process.exit(1);
  });
  const ring = dataplane.watchInterfaces(({ ia, ifid }) => paths.interfaceDown(ia, ifid));
  setInterval(() => ring.poll(), EVENTS_POLL_MS);
  process.on('SIGHUP', () => paths.reload());
  process.on('SIGTERM', () => {
    agent.stopProbing();
    wan.stop();
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
