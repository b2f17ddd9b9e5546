/** Links whose underlay BGP routes, at all three programs: each does what the model does, whatever the kernel's routes say. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { u32 } from '../../src/dataplane/layout.ts';
import { pathHeader } from '../../src/dataplane/path-header.ts';
import type { LinkSettings } from '../../src/dataplane/router-maps.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import { atBorderRouter } from '../model/border-router.ts';
import type { FrameOutcome, LinkEnds } from '../model/frame-outcome.ts';
import { atNode } from '../model/node.ts';
import { buildPacket } from '../model/packets.ts';
import { atPodEgress } from '../model/pod-egress.ts';
import type { Device, RoutedUnderlay } from '../model/routed.ts';
import type { RouterConfig } from '../model/router.ts';
import { craftPath } from './crafted-path.ts';
import { wrapFrame } from './frame.ts';
import { innerPacket, podFrame } from './inner.ts';
import { HOST_PORT, NODE, NodeBench, POD_CIDR, ROUTER_PORT, SIBLING, SIBLING_NAME } from './node-bench.ts';
import { atEnd, atStart, straight } from './paths.ts';
import {
  INNER_MTU,
  LATER,
  NODE_HOST,
  PodBench,
  podPath,
  REMOTE_CIDR,
  REMOTE_HOST,
  REMOTE_POD,
  TC_ACT_REDIRECT,
  TC_ACT_SHOT,
} from './pod-bench.ts';
import { FAR_ADDRESS, RoutedNamespace, type Way } from './routed-namespace.ts';
import { benchLink, LOOPBACK, RouterBench, XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';
import { DST, HERE, KEY, packetOf, TIMESTAMP } from './row.ts';

await buildAll();
const NOW = TIMESTAMP + 60;
/** Interface 1 is routed, 2 has a wire. */
const ROUTED = 1;
const WIRED = 2;
const NO_MAC = '00:00:00:00:00:00';
const ROUTED_ENDS: LinkEnds = {
  own: { address: '198.51.100.1', port: 40_001, mac: NO_MAC },
  remote: { address: FAR_ADDRESS, port: 41_001, mac: NO_MAC },
};
const ends = (ifid: InterfaceId): LinkEnds => (ifid === ROUTED ? ROUTED_ENDS : benchLink(ifid));
const linkOf = (config: RouterConfig): LinkSettings => {
  const role = config.interfaces.get(ROUTED)!.neighbour;
  return { ...benchLink(ROUTED, { role }), ...ROUTED_ENDS, routed: true };
};
const CONFIG: RouterConfig = {
  ia: HERE,
  forwardingKey: KEY,
  interfaces: new Map([
    [ROUTED, { neighbour: 'child', up: true }],
    [WIRED, { neighbour: 'parent', up: true }],
  ]),
};
const UPWARDS = packetOf({ path: straight(false) });
const DOWNWARDS = packetOf({
  path: {
    segments: [
      {
        consDir: true,
        hops: [
          [0, 9],
          [WIRED, ROUTED],
          [8, 0],
        ],
      },
    ],
    currHf: 1,
  },
});
const routedFrame = (packet: Uint8Array) => wrapFrame(ROUTED_ENDS.remote, ROUTED_ENDS.own, packet);
const wiredFrame = (packet: Uint8Array) => wrapFrame(benchLink(WIRED).remote, benchLink(WIRED).own, packet);

let space: RoutedNamespace;
let way: Way | undefined;
before(async () => {
  space = await RoutedNamespace.make('rt');
});
after(() => space.remove());

const routed: RoutedUnderlay = { links: new Map([[ROUTED, ROUTED_ENDS]]), nextHop: () => way };

/** Sets the route to the far end, in the kernel and in the model. */
async function lead(to: Way | 'blackhole' | 'nowhere'): Promise<void> {
  await space.route(to);
  way = typeof to === 'string' ? undefined : to;
}

const ACTIONS = { pass: XDP_PASS, drop: XDP_DROP, redirect: XDP_REDIRECT };

function assertSame(run: { action: number; reason: string; frame: Uint8Array }, expected: FrameOutcome): void {
  assert.deepEqual([run.reason, run.action], [expected.reasons.at(-1) ?? 'NONE', ACTIONS[expected.action]]);
  if (expected.action !== 'drop') assert.deepEqual(Buffer.from(run.frame), Buffer.from(expected.frame!));
}

const router = new RouterBench();

function atRouter(frame: Uint8Array, device: Device, config = CONFIG) {
  router.configure(config, NOW);
  router.router.configureLink(0, linkOf(config));
  for (const { ifindex } of [space.east, space.west]) router.router.map('tx_ports').update(u32(ifindex), u32(LOOPBACK));
  if (device === 'access') router.router.configureAccess(LOOPBACK, 0);
  else router.router.configureDevice(LOOPBACK, 0, device);
  const { retval, data } = router.router.program.run({ data: frame, netns: space.netns });
  const run = { action: retval, reason: router.counted.next(), frame: data };
  assertSame(run, atBorderRouter(frame, device, { config, ends, slowPath: false, routed }, NOW));
  return run.reason;
}

test('border_router: what comes over a routed link is accepted on any of the AS’s devices, and told by its addresses', async () => {
  await lead(space.east);
  assert.equal(atRouter(routedFrame(UPWARDS), WIRED), 'FORWARDED');
  assert.equal(atRouter(routedFrame(UPWARDS), 'access'), 'FORWARDED');
  const stranger = { ...ROUTED_ENDS.remote, address: '203.0.113.8' };
  assert.equal(atRouter(wrapFrame(stranger, ROUTED_ENDS.own, UPWARDS), WIRED), 'UNDERLAY_SOURCE');
  const otherPort = { ...ROUTED_ENDS.remote, port: 41_002 };
  assert.equal(atRouter(wrapFrame(otherPort, ROUTED_ENDS.own, UPWARDS), 'access'), 'UNDERLAY_SOURCE');
});

test('border_router: what is for another port or address is the kernel’s, and so is a wire’s SCION on an access device', async () => {
  await lead(space.east);
  const elsewhere = { ...ROUTED_ENDS.own, port: 40_003 };
  assert.equal(atRouter(wrapFrame(ROUTED_ENDS.remote, elsewhere, UPWARDS), WIRED), 'NONE');
  assert.equal(atRouter(wiredFrame(DOWNWARDS), 'access'), 'NONE');
  const passing = { ...ROUTED_ENDS.own, address: '198.51.100.2' };
  assert.equal(atRouter(wrapFrame(ROUTED_ENDS.remote, passing, UPWARDS), 'access'), 'NONE');
});

test('border_router: the kernel’s routes at that moment say where a packet for a routed link goes', async () => {
  for (const [to, reason] of [
    ['east', 'FORWARDED'],
    ['west', 'FORWARDED'],
    ['blackhole', 'NO_ROUTE'],
    ['east', 'FORWARDED'],
    ['nowhere', 'NO_ROUTE'],
  ] as const) {
    await lead(to === 'east' || to === 'west' ? space[to] : to);
    assert.equal(atRouter(wiredFrame(DOWNWARDS), WIRED), reason, to);
  }
});

test('border_router: hop fields are checked over a routed link as over any other', async () => {
  await lead(space.east);
  const forged = Uint8Array.from(UPWARDS);
  // The MAC of the second hop field.
  forged[36 + 4 + 8 + 12 + 6]! ^= 1;
  assert.equal(atRouter(routedFrame(forged), WIRED), 'BAD_MAC');
  assert.equal(atRouter(routedFrame(DOWNWARDS), WIRED), 'WRONG_INGRESS');
});

test('border_router: without a routed link, its addresses mean nothing', () => {
  const plain = new RouterBench();
  plain.configure(CONFIG, NOW);
  const run = plain.receiveFrame(routedFrame(UPWARDS), WIRED);
  assert.deepEqual([run.reason, run.action], ['NONE', XDP_PASS]);
});

const node = new NodeBench();
node.node.setRemote('10.1.1.0/24', { id: 1, ia: DST, innerMtu: 1360 });

const NODE_CONFIG: RouterConfig = {
  ...CONFIG,
  interfaces: new Map([
    [ROUTED, { neighbour: 'parent', up: true }],
    [WIRED, { neighbour: 'child', up: true }],
    [5, { neighbour: 'child', up: true, sibling: SIBLING_NAME }],
  ]),
};

function atNodeWan(frame: Uint8Array, device: Device) {
  node.configure(NODE_CONFIG, NOW);
  node.node.setLink(linkOf(NODE_CONFIG));
  for (const { ifindex } of [space.east, space.west]) node.node.map('tx_ports').update(u32(ifindex), u32(LOOPBACK));
  if (device === 'access') node.node.configureAccess(LOOPBACK, 0);
  else node.node.configureDevice(LOOPBACK, 0, device);
  const { retval, data } = node.node.programs.nodeWan.run({ data: frame, netns: space.netns });
  const run = { action: retval, reason: node.counted.next(), frame: data };
  const model = {
    config: NODE_CONFIG,
    ends: (ifid: InterfaceId) => (ifid === 5 ? { own: NODE, remote: SIBLING } : ends(ifid)),
    own: NODE,
    hostPort: HOST_PORT,
    sibling: { ...SIBLING, name: SIBLING_NAME },
    podCidr: POD_CIDR,
    remotes: [{ cidr: '10.1.1.0/24', ia: 0x1_ff00_0000_0112n, id: 1, innerMtu: 1360 }],
    token: () => undefined,
    monotonicNs: () => 0n,
    routed,
  };
  assertSame(run, atNode(frame, device, model, NOW));
  return run.reason;
}

const ARRIVING = buildPacket({
  src: DST,
  dst: HERE,
  raw: craftPath({ ...atEnd(true), timestamp: TIMESTAMP }, KEY),
  dstHost: NODE.address,
  payload: innerPacket({ src: '10.1.1.2', dst: '10.2.1.2' }),
});
const FROM_SIBLING = buildPacket({
  src: HERE,
  dst: DST,
  raw: craftPath({ ...atStart(false, ROUTED), timestamp: TIMESTAMP }, KEY),
});

test('node_wan: a pod’s packet over the routed link arrives by a wire, by the cluster’s network, by a wire without SCION', async () => {
  await lead(space.east);
  for (const device of [WIRED, 0, 'access'] as const) {
    assert.equal(atNodeWan(routedFrame(ARRIVING), device), 'DECAPSULATED');
    const stranger = { ...ROUTED_ENDS.remote, address: '203.0.113.8' };
    assert.equal(atNodeWan(wrapFrame(stranger, ROUTED_ENDS.own, ARRIVING), device), 'UNDERLAY_SOURCE');
  }
});

test('node_wan: what another node hands over for the routed link goes where the kernel’s routes lead', async () => {
  const frame = wrapFrame(SIBLING, NODE, FROM_SIBLING);
  for (const to of [space.west, space.east]) {
    await lead(to);
    assert.equal(atNodeWan(frame, 0), 'FORWARDED');
  }
  await lead('blackhole');
  assert.equal(atNodeWan(frame, 0), 'NO_ROUTE');
});

test('node_wan: from a wire without SCION nobody speaks as a router or a host of the AS', async () => {
  await lead(space.east);
  assert.equal(atNodeWan(wrapFrame(SIBLING, NODE, FROM_SIBLING), 'access'), 'NONE');
  const toHost = { ...NODE, port: HOST_PORT };
  assert.equal(atNodeWan(wrapFrame({ ...SIBLING, port: ROUTER_PORT }, toHost, ARRIVING), 'access'), 'NONE');
});

test('pod_egress: a path over the routed link leaves where the kernel’s routes lead, and is dropped where they end', async () => {
  const bench = new PodBench();
  const header = pathHeader({
    srcIa: HERE,
    dstIa: DST,
    srcHost: NODE_HOST,
    dstHost: REMOTE_HOST,
    raw: craftPath({ ...podPath(ROUTED), timestamp: TIMESTAMP }, KEY),
    ...ROUTED_ENDS,
    ownLink: true,
  });
  bench.node.setPath(0, { header, ifindex: 0, ifid: ROUTED, routed: true, innerMtu: INNER_MTU, expiry: LATER });
  bench.node.setPathSet(0, 1, { paths: [{ id: 0 }] });
  const frame = podFrame(innerPacket({ src: '10.1.1.2', dst: REMOTE_POD }));
  for (const to of [space.east, space.west, 'blackhole', space.east, 'nowhere'] as const) {
    await lead(to);
    const { retval, data } = bench.node.programs.podEgress.run({ data: frame, netns: space.netns });
    const path = { header, innerMtu: INNER_MTU, usable: true, weight: 1, routed: way ?? ('none' as const) };
    const expected = atPodEgress(frame, {
      remotes: [{ cidr: REMOTE_CIDR, ia: 0n, id: 1, innerMtu: INNER_MTU }],
      paths: () => [path],
      policied: () => false,
      strategy: 'ordered',
      onNone: 'block',
      segmented: false,
    });
    assert.deepEqual([bench.counted.next(), retval], [expected.reasons[0], way ? TC_ACT_REDIRECT : TC_ACT_SHOT]);
    if (way !== undefined) assert.deepEqual(Buffer.from(data), Buffer.from(expected.frame!));
  }
});
