/**
 * WireGuard between the nodes of the clusters: one device a node, each remote node a peer that may send from its pods'
 * CIDR. The outer packets go where BGP says. In the kernel where it has WireGuard, else by wireguard-go in user space.
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ipBatch } from '../emulator/ip-batch.ts';
import { Journal } from '../emulator/journal.ts';
import type { Lab } from '../emulator/lab.ts';
import { type ClusterPlan, type NodePlan, narrowestWire, type PodPlan } from '../emulator/plan.ts';
import { LabError } from '../errors.ts';
import { inParallel } from '../process/parallel.ts';
import { answersPing } from '../process/ping.ts';
import { type Running, run, start } from '../process/process.ts';
import { bgpRoute } from './bgp-route.ts';
import type { Transport } from './transport.ts';
import { WIREGUARD_PORT } from './tunnel-ports.ts';

/** Outer IPv4 and UDP headers, WireGuard's type, receiver and counter (16), authentication tag (16). */
const OVERHEAD = 60;
/** WireGuard pads the inner packet to a multiple of this (whitepaper, section 5.4.6). */
const PADDING = 16;
/** Where wireguard-go has the control socket of each of its devices, whatever the namespace. */
const SOCKETS = '/var/run/wireguard';
const POLL_MS = 5;
const START_LIMIT_MS = 5000;
/** After that it is for the check of who reaches whom to say what is wrong. */
const HANDSHAKE_LIMIT_MS = 15_000;

interface Endpoint {
  readonly cluster: ClusterPlan;
  readonly node: NodePlan;
  /** Names are unique on the machine, since those of control sockets must be. */
  readonly device: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

export const wireguard: Transport = {
  name: 'wireguard',
  about: 'WireGuard between nodes, outer packets routed by BGP',
  async attach(lab) {
    const endpoints = endpointsOf(lab);
    const inKernel = await kernelHasWireguard(lab, endpoints[0]!);
    const processes = inKernel ? [] : await startUserSpace(lab, endpoints);
    await inParallel(endpoints, (endpoint) => configure(lab, endpoint, endpoints, inKernel));
    await shakeHands(lab, endpoints);
    return {
      implementation: inKernel ? 'WireGuard of the kernel' : await userSpaceVersion(),
      route: async ({ node }, to) => bgpRoute(lab, node, to.node.address),
      drops: () => ({}),
      release: () => {},
      async detach() {
        await inParallel(processes, (process) => process.stop());
        if (inKernel) await inParallel(endpoints, ({ node, device }) => ip(lab, node, `link del dev ${device}`));
      },
    };
  },
};

function endpointsOf(lab: Lab): Endpoint[] {
  return lab.plan.clusters
    .flatMap((cluster) => cluster.nodes.map((node) => ({ cluster, node })))
    .map((place, index) => ({
      ...place,
      device: `wg-${lab.directory.id}-${index}`,
      ...keyPair(`${lab.plan.seed} ${place.node.namespace}`),
    }));
}

/** X25519 keys (RFC 7748) as WireGuard writes them. From the seed: a repeated run has the same packets but for nonces. */
function keyPair(secret: string): { readonly privateKey: string; readonly publicKey: string } {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'CilION WireGuard key', 32));
  // PKCS #8 of an X25519 key is this prefix and the 32 bytes (RFC 8410, section 7).
  const der = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { privateKey: seed.toString('base64'), publicKey: spki.subarray(-32).toString('base64') };
}

async function kernelHasWireguard(lab: Lab, { node, device }: Endpoint): Promise<boolean> {
  try {
    await ip(lab, node, `link add dev ${device} type wireguard`);
  } catch {
    return false;
  }
  await ip(lab, node, `link del dev ${device}`);
  return true;
}

async function startUserSpace(lab: Lab, endpoints: readonly Endpoint[]): Promise<Running[]> {
  new Journal(lab.directory).record(endpoints.map(({ device }) => ({ kind: 'file', path: socketOf(device) })));
  const started = endpoints.map(({ node, device }) => {
    const log = lab.directory.path('work', `${device}.log`);
    const options = { netns: lab.netns(node.namespace), env: { LOG_LEVEL: 'error' }, stdoutFile: log, stderrFile: log };
    const process = start(['wireguard-go', '--foreground', device], options);
    lab.watch.add(`wireguard-go of ${node.namespace}`, process);
    return { socket: socketOf(device), process };
  });
  // The socket is made after the device, when the process takes commands.
  await inParallel(started, ({ socket, process }) => appears(socket, process));
  return started.map(({ process }) => process);
}

function socketOf(device: string): string {
  return `${SOCKETS}/${device}.sock`;
}

async function appears(path: string, process: Running): Promise<void> {
  let ended = false;
  void process.exited.then(
    () => (ended = true),
    () => (ended = true),
  );
  for (const deadline = performance.now() + START_LIMIT_MS; !existsSync(path); await delay(POLL_MS)) {
    if (ended || performance.now() > deadline) {
      throw new LabError(`wireguard-go does not start: no ${path}; its log: ${process.stderrFile}`);
    }
  }
}

async function configure(lab: Lab, own: Endpoint, endpoints: readonly Endpoint[], inKernel: boolean): Promise<void> {
  const { node, device } = own;
  const peers = endpoints.filter(({ cluster }) => cluster !== own.cluster);
  if (inKernel) await ip(lab, node, `link add dev ${device} type wireguard`);
  const config = lab.directory.path('work', `${device}.conf`);
  writeFileSync(
    config,
    [
      `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = ${WIREGUARD_PORT}\n`,
      ...peers.map(
        (peer) =>
          `[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = ${peer.node.podCidr}\nEndpoint = ${peer.node.address}:${WIREGUARD_PORT}\n`,
      ),
    ].join('\n'),
    { mode: 0o600 },
  );
  await run(['wg', 'setconf', device, config], { netns: lab.netns(node.namespace) });
  // As an operator who knows the underlay would set it: no outer packet needs to be fragmented, padding included.
  const room = narrowestWire(lab.plan) - OVERHEAD;
  await ip(
    lab,
    node,
    `link set dev ${device} mtu ${room - (room % PADDING)} up`,
    ...peers.map((peer) => `route add ${peer.node.podCidr} dev ${device}`),
  );
}

/**
 * Of each two nodes one begins. Should both begin at once, they may refuse each other, and try again only after five seconds
 * (whitepaper, section 6.1).
 */
async function shakeHands(lab: Lab, endpoints: readonly Endpoint[]): Promise<void> {
  const pairs = endpoints.flatMap((from, index) =>
    endpoints.slice(index + 1).flatMap((to) => (to.cluster === from.cluster ? [] : [{ from, to }])),
  );
  await inParallel(pairs, async ({ from, to }) => {
    const [source, target] = [podOf(from), podOf(to)];
    if (source === undefined || target === undefined) return;
    for (const deadline = performance.now() + HANDSHAKE_LIMIT_MS; performance.now() < deadline; ) {
      lab.watch.signal.throwIfAborted();
      if (await answersPing(lab.netns(source.namespace), target.address)) return;
    }
  });
}

function podOf({ cluster, node }: Endpoint): PodPlan | undefined {
  return cluster.pods.find((pod) => pod.node === node.name);
}

async function userSpaceVersion(): Promise<string> {
  const { stdout } = await run(['wireguard-go', '--version']);
  return `${stdout.split('\n')[0]?.trim() ?? 'wireguard-go'}, in user space`;
}

function ip(lab: Lab, node: NodePlan, ...commands: string[]): Promise<void> {
  return ipBatch(commands, lab.directory.namespaceName(node.namespace));
}
