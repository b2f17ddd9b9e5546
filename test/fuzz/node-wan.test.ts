import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { native } from '../../src/native.ts';
import { decodePacket, encodePacket } from '../../src/scion/header.ts';
import { ipHost } from '../../src/scion/host.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import { wrapFrame } from '../golden/frame.ts';
import { NOW } from '../golden/meetings.ts';
import { HOST_PORT, NODE, NodeBench, POD_CIDR, SIBLING, SIBLING_NAME } from '../golden/node-bench.ts';
import { REMOTE_PODS, setRemotePods } from '../golden/remote-pods.ts';
import { benchLink, LOOPBACK } from '../golden/router-bench.ts';
import { type Step, stepsOf } from '../golden/two-routers.ts';
import type { LinkEnds } from '../model/frame-outcome.ts';
import { atNode, type ModelNode } from '../model/node.ts';
import { numberOf, type RouterConfig, routePacket } from '../model/router.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { contents } from './contents.ts';
import { mutateScion } from './mutate-scion.ts';
import { mutateUnderlay } from './mutate-underlay.ts';
import { podPacket } from './pod-packets.ts';
import type { Random } from './random.ts';
import { assertMet, fuzz, type Stage, XDP_ACTIONS } from './rounds.ts';
import { shaken } from './shaken.ts';

await buildAll();
const bench = new NodeBench();
const PACKETS = 350_000;
const PATHS = 4;

const STEPS = [tiny4, peering, sixteen].flatMap(stepsOf);
const BY_ROUTER = [...Map.groupBy(STEPS, ({ router }) => router)];
setRemotePods(bench);
for (let path = 0; path < PATHS; path++) bench.node.health.reset(path);

const POD = [10, 2, 1, 9];
const FOREIGN_HOST = { ...SIBLING, address: '10.2.0.77', port: HOST_PORT };

/** A packet that ends in this AS, for a host of it: with a pod's packet, a probe, or anything else. */
function arriving(packet: Uint8Array, random: Random): Uint8Array {
  const { header } = decodePacket(packet);
  const dst = ipHost(random.pick([NODE, NODE, NODE, NODE, SIBLING, FOREIGN_HOST]).address);
  const probe = random.once(3);
  const remote = random.once(10) ? random.pick(REMOTE_PODS) : REMOTE_PODS.find(({ ia }) => ia === header.src.ia)!;
  const source = [10, 100 + remote.id, 1, 1 + random.below(250)];
  const payload = probe
    ? probeOf(random)
    : podPacket(random, source, random.once(10) ? [10, 2, random.below(9), 1] : POD);
  const nextHeader = random.once(12) ? random.below(256) : probe ? 254 : 253;
  return encodePacket({ ...header, nextHeader, dst: { ...header.dst, host: dst } }, payload);
}

function probeOf(random: Random): Uint8Array {
  const probe = new Uint8Array(32);
  const view = new DataView(probe.buffer);
  const path = random.below(PATHS);
  view.setUint32(0, 0x43696c50);
  view.setUint32(4, random.pick([1, 1, 2]));
  view.setUint32(8, path);
  view.setBigUint64(16, bench.node.health.token(path));
  if (random.once(6)) probe[random.below(24)]! ^= 1 << random.below(8);
  return random.once(10) ? probe.subarray(0, random.below(33)) : probe;
}

function frameOf(step: Step, config: RouterConfig, random: Random): Uint8Array {
  const local = decodePacket(step.packet).header.dst.ia === numberOf(config.ia) && step.ingress !== 0;
  const packet = local && !random.once(8) ? arriving(step.packet, random) : contents(step.packet, random);
  const place = {
    forwardingKey: config.forwardingKey,
    interfaces: [...config.interfaces.keys()],
    ias: [decodePacket(step.packet).header.src.ia, numberOf(config.ia)],
    now: NOW,
  };
  const mutated = random.once(3) ? packet : mutateScion(packet, random, place);
  const frame = wrapFrame(...endsOf(step.ingress, local, random), mutated);
  return random.once(10) ? mutateUnderlay(frame, random) : frame;
}

/** From whom, and to which port. */
function endsOf(ingress: Step['ingress'], local: boolean, random: Random): readonly [LinkEnds['own'], LinkEnds['own']] {
  if (typeof ingress === 'number' && ingress !== 0) return [benchLink(ingress).remote, benchLink(ingress).own];
  const from = random.once(10) ? random.pick([SIBLING, FOREIGN_HOST]) : ingress === 0 ? FOREIGN_HOST : SIBLING;
  return [from, { ...NODE, port: local ? HOST_PORT : NODE.port }];
}

/** What the sibling hands to this node as a host, having done the border router's part. */
function asHost(step: Step): Step {
  const outcome = routePacket(step.packet, step.ingress, step.router, NOW);
  return outcome.verdict === 'deliver' ? { ...step, ingress: { sibling: SIBLING_NAME }, packet: outcome.packet } : step;
}

function stageOf(random: Random): Stage {
  const [original, taken] = random.pick(BY_ROUTER);
  const config = shaken(original, random);
  const first = random.pick(taken);
  const device: InterfaceId = typeof first.ingress === 'number' ? first.ingress : 0;
  const inside = [...taken.filter(({ ingress }) => typeof ingress !== 'number' || ingress === 0), ...taken.map(asHost)];
  const there = device === 0 ? inside : taken.filter(({ ingress }) => ingress === device);
  const now = NOW + 0.2;
  const node: ModelNode = {
    config,
    ends: (ifid) =>
      config.interfaces.get(ifid)?.sibling === undefined ? benchLink(ifid) : { own: NODE, remote: SIBLING },
    own: NODE,
    hostPort: HOST_PORT,
    sibling: { ...SIBLING, name: SIBLING_NAME },
    podCidr: POD_CIDR,
    remotes: REMOTE_PODS,
    token: (path) => (path < 256 ? bench.node.health.token(path) : undefined),
    monotonicNs: () => native().monotonicNs(),
  };
  bench.configure(config, now);
  bench.node.configureDevice(LOOPBACK, 0, device);
  return {
    subject: {
      program: bench.node.programs.nodeWan,
      actions: XDP_ACTIONS,
      counts: bench.counted.counts,
      prepare: () => bench.setNow(now),
    },
    makeFrame: (own) => frameOf(own.pick(there), config, own),
    expect: (frame) => atNode(frame, device, node, now),
    describe: () => ({ program: 'node_wan', ingress: device, now, router: config }),
  };
}

test('node_wan does with every damaged packet what the model of its rules does', () => {
  const seen = fuzz({ name: 'node_wan', packets: PACKETS, stageOf });
  assertMet(seen, [
    'FORWARDED',
    'TO_SIBLING',
    'DECAPSULATED',
    'PROBE_ANSWERED',
    'PROBE_HEARD',
    'PROBE_INVALID',
    'INNER_MALFORMED',
    'INNER_SPOOFED',
    'INNER_DESTINATION',
    'LOCAL_DELIVERY',
    'UNDERLAY_SOURCE',
    'UNDERLAY_LENGTH',
    'TRUNCATED',
    'MALFORMED_PATH',
    'TRANSIT_SOURCE',
    'EXPIRED_HOP',
    'WRONG_INGRESS',
    'PACKET_SIZE',
    'SOURCE_IA',
    'DESTINATION_IA',
    'SOURCE_HOST',
    'BAD_MAC',
    'UNKNOWN_EGRESS',
  ]);
});
