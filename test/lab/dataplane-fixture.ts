/**
 * Two clusters of one node and one pod each (ASes 111 and 112), two transit ASes between them (110 and 120), each of which
 * is the parent of both. The wires over 110 go through a bridge where frames can be captured as they cross the wire.
 *
 *   pod a ─ node a ═╤═ bridge ─ 110 ─ bridge ═╤═ node b ─ pod b
 *                   └───────── 120 ───────────┘
 */

import { NodeDataplane } from '../../src/dataplane/node.ts';
import { innerMtu, pathHeader } from '../../src/dataplane/path-header.ts';
import { BorderRouterDataplane } from '../../src/dataplane/router.ts';
import type { UnderlayEnd } from '../../src/dataplane/underlay.ts';
import { SEGMENT_AND_SUM } from '../../src/emulator/device-roles.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import { pathCombiner } from '../../src/scion/combine.ts';
import type { Path } from '../../src/scion/end-to-end-path.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { computeSegments, forwardingKeys } from '../../src/scion/segments.ts';
import type { IsdAs } from '../../src/topology/model.ts';
import { buildTopology } from '../unit/scion/topologies.ts';

export const MTU = 1500;
const SEED = 11;
const CORES = ['110', '120'] as const;
export const TOPOLOGY = buildTopology(
  'two-ways',
  CORES.map((core) => `1-ff00:0:${core}`),
  CORES.flatMap((core, way) => [
    ['child', `1-ff00:0:${core}#1`, `1-ff00:0:111#${way + 1}`, { mtu: MTU }] as const,
    ['child', `1-ff00:0:${core}#2`, `1-ff00:0:112#${way + 1}`, { mtu: MTU }] as const,
  ]),
  Object.fromEntries(['110', '120', '111', '112'].map((as) => [`1-ff00:0:${as}`, MTU])),
);
const KEYS = forwardingKeys(TOPOLOGY, SEED);

export interface Side {
  readonly name: 'a' | 'b';
  readonly ia: IsdAs;
  readonly index: number;
  readonly node: string;
  readonly pod: string;
  readonly podAddress: string;
  readonly podCidr: string;
  readonly address: string;
  readonly dataplane: NodeDataplane;
  /** By way: over 110, over 120. */
  readonly paths: readonly Path[];
  readonly innerMtu: number;
}

export interface Network {
  readonly router: BorderRouterDataplane;
  readonly a: Side;
  readonly b: Side;
  /** Namespace of the bridges; `ab` is the port on which frames of node a arrive, `ba` of node b. */
  readonly bridge: string;
  close(): Promise<void>;
}

/** Interface indices, unique in the whole network. */
const index = {
  uplink: (side: number, way: number) => 100 + 10 * side + way,
  podHost: (side: number) => 103 + 10 * side,
  segmenterIn: (side: number) => 104 + 10 * side,
  segmenterOut: (side: number) => 105 + 10 * side,
  core: (way: number, side: number) => 130 + 10 * way + side,
};
const macOf = (ifindex: number) => `02:00:00:00:00:${ifindex.toString(16).padStart(2, '0')}`;
/** Ends of the link between a core AS and a cluster's AS. */
const coreEnd = (way: number, side: number): UnderlayEnd => ({
  address: `172.16.${way}.${4 * side + 1}`,
  port: 40_000 + side,
  mac: macOf(index.core(way, side)),
});
const nodeEnd = (way: number, side: number): UnderlayEnd => ({
  address: `172.16.${way}.${4 * side + 2}`,
  port: 41_000 + way,
  mac: macOf(index.uplink(side, way)),
});

/** @param id distinguishes namespaces of tests that run at the same time; a few letters. */
export async function makeNetwork(id: string): Promise<Network> {
  const name = (part: string) => `ctdp${id}-${part}`;
  const parts = ['pod0', 'node0', 'core0', 'core1', 'bridge', 'node1', 'pod1'];
  const close: (() => Promise<unknown>)[] = [];
  const undo = async () => {
    for (const step of close.reverse()) await step();
  };
  try {
    await batch(parts.map((part) => `netns add ${name(part)}`));
    close.push(() => batch(parts.map((part) => `netns del ${name(part)}`)));
    await batch([0, 1].flatMap((side) => links(name, side)));
    for (const part of parts) await prepare(name(part), part);
    const router = BorderRouterDataplane.load({ ifindexLimit: 256, asCount: 2, linkCount: 8 });
    close.push(async () => router.close());
    const [a, b] = [makeSide(name, 0), makeSide(name, 1)];
    for (const side of [a, b]) close.push(async () => side.dataplane.close());
    attachRouter(router, name);
    connect(a, b);
    connect(b, a);
    for (const side of [a, b]) await configureSide(side, side === a ? b : a);
    return { router, a, b, bridge: `/run/netns/${name('bridge')}`, close: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

function links(name: (part: string) => string, side: number): string[] {
  const node = name(`node${side}`);
  const veth = (a: string, b: string) => `link add ${a} type veth peer ${b}`;
  const end = (device: string, ifindex: number, netns: string) =>
    `name ${device} index ${ifindex} address ${macOf(ifindex)} netns ${netns}`;
  const port = (device: string) => `name ${device} netns ${name('bridge')}`;
  return [
    veth(end('up0', index.uplink(side, 0), node), port(side === 0 ? 'ab' : 'ba')),
    veth(end(`w${side}`, index.core(0, side), name('core0')), port(`core${side}`)),
    veth(end('up1', index.uplink(side, 1), node), end(`w${side}`, index.core(1, side), name('core1'))),
    veth(end('pod', index.podHost(side), node), `name eth0 netns ${name(`pod${side}`)}`),
    veth(end('seg0', index.segmenterIn(side), node), end('seg1', index.segmenterOut(side), node)),
  ];
}

/** Addresses, offloads and switches of one namespace. */
async function prepare(netns: string, part: string): Promise<void> {
  const path = `/run/netns/${netns}`;
  const side = part.endsWith('1') ? 1 : 0;
  const up = (devices: readonly string[]) => devices.map((device) => `link set ${device} up mtu ${MTU}`);
  await run(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv4.ip_forward=1'], { netns: path });
  await run(['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0'], { netns: path });
  const features = (devices: readonly string[], values: Readonly<Record<string, boolean>>) =>
    native().inNetns(path, () => {
      for (const device of devices) native().setFeatures(device, values);
    });
  if (part.startsWith('pod')) {
    const gateway = `10.${side + 1}.1.1`;
    await batch(
      [
        'link set lo up',
        ...up(['eth0']),
        `addr add 10.${side + 1}.1.2/24 dev eth0`,
        `route add default via ${gateway}`,
      ],
      netns,
    );
  } else if (part.startsWith('node')) {
    await batch(
      [
        ...up(['lo', 'up0', 'up1', 'pod', 'seg0', 'seg1']),
        `addr add 10.${side + 1}.1.1/24 dev pod`,
        // Nobody answers for remote pods there, and nobody needs to.
        'link set seg0 arp off',
      ],
      netns,
    );
    features(['up0', 'up1'], { ...SEGMENT_AND_SUM, 'rx-gro': true });
    features(['seg0'], SEGMENT_AND_SUM);
  } else if (part.startsWith('core')) {
    await batch(up(['w0', 'w1']), netns);
    features(['w0', 'w1'], { ...SEGMENT_AND_SUM, 'rx-gro': true });
  } else {
    await batch(
      [0, 1].flatMap((each) => [
        `link add br${each} type bridge`,
        ...up([`br${each}`]),
        ...[each === 0 ? 'ab' : 'ba', `core${each}`].flatMap((port) => [
          ...up([port]),
          `link set ${port} master br${each}`,
        ]),
      ]),
      netns,
    );
    // A port that receives what XDP redirects needs NAPI. UDP is not merged there: captures show frames as they were.
    features(['ab', 'ba', 'core0', 'core1'], { 'rx-gro': true });
  }
}

function attachRouter(router: BorderRouterDataplane, name: (part: string) => string): void {
  for (const [way, core] of CORES.entries()) {
    const ia = parseIsdAs(`1-ff00:0:${core}`);
    router.configureAs(way, { ia, forwardingKey: KEYS.get(ia)!, linkBase: 4 * way, linkLimit: 3 });
    for (const side of [0, 1]) {
      const [ifid, ifindex, netns] = [side + 1, index.core(way, side), `/run/netns/${name(`core${way}`)}`];
      const ends = { own: coreEnd(way, side), remote: nodeEnd(way, side) };
      router.configureLink(way, { ifid, role: 'child', ifindex, mtu: MTU, ...ends });
      router.attach({ ifindex, netns, slot: way, ifid });
    }
  }
}

function makeSide(name: (part: string) => string, side: number): Side {
  const [ia, other] = [`1-ff00:0:11${side + 1}`, `1-ff00:0:11${2 - side}`].map(parseIsdAs) as [IsdAs, IsdAs];
  const now = Math.floor(Date.now() / 1000);
  const segments = computeSegments(TOPOLOGY, { seed: SEED, timestamp: now - 10, expirySeconds: 21_600 });
  const combine = pathCombiner(TOPOLOGY, segments);
  const paths = combine(ia, other).toSorted((a, b) => a.interfaces[0]!.ifid - b.interfaces[0]!.ifid);
  const header = pathHeader({
    srcIa: ia,
    dstIa: other,
    srcHost: '10.1.0.1',
    dstHost: '10.2.0.1',
    raw: paths[0]!.raw,
    own: nodeEnd(0, side),
    remote: coreEnd(0, side),
    ownLink: true,
  });
  return {
    name: side === 0 ? 'a' : 'b',
    ia,
    index: side,
    node: `/run/netns/${name(`node${side}`)}`,
    pod: `/run/netns/${name(`pod${side}`)}`,
    podAddress: `10.${side + 1}.1.2`,
    podCidr: `10.${side + 1}.1.0/24`,
    address: `10.${side + 1}.0.1`,
    dataplane: NodeDataplane.load({ ifindexLimit: 256, linkLimit: 3 }),
    paths,
    innerMtu: innerMtu(paths[0]!.mtu, header),
  };
}

function connect({ dataplane, index: side, node, ia, address, podCidr }: Side, remote: Side): void {
  dataplane.configureNode({
    address,
    podCidr,
    routerPort: 30_042,
    hostPort: 30_041,
    segmenterIn: index.segmenterIn(side),
    segmenterOut: index.segmenterOut(side),
  });
  dataplane.setAs({ ia, forwardingKey: KEYS.get(ia)!, linkLimit: 3 });
  for (const way of [0, 1]) {
    const ends = { own: nodeEnd(way, side), remote: coreEnd(way, side) };
    const device = { ifid: way + 1, ifindex: index.uplink(side, way) };
    dataplane.setLink({ ...device, role: 'parent', mtu: MTU, ...ends });
    dataplane.attachUplink({ ...device, netns: node });
  }
  dataplane.attachPodSide({ ifindex: index.podHost(side), netns: node });
  dataplane.attachPodSide({ ifindex: index.segmenterOut(side), netns: node });
  dataplane.setRemote(remote.podCidr, { id: 1, ia: remote.ia, innerMtu: remote.innerMtu });
}

/** Paths over both ways, the one over 110 first; remote pods are routed into the segmenter under the paths' MTU. */
async function configureSide(side: Side, remote: Side): Promise<void> {
  for (const [way, path] of side.paths.entries()) {
    const header = pathHeader({
      srcIa: side.ia,
      dstIa: remote.ia,
      srcHost: side.address,
      dstHost: remote.address,
      raw: path.raw,
      own: nodeEnd(way, side.index),
      remote: coreEnd(way, side.index),
      ownLink: true,
    });
    const ifindex = index.uplink(side.index, way);
    side.dataplane.setPath(way, {
      header,
      ifindex,
      ifid: way + 1,
      innerMtu: innerMtu(path.mtu, header),
      expiry: path.expiry,
    });
  }
  side.dataplane.setPathSet(0, 1, { paths: side.paths.map((_, id) => ({ id })) });
  await batch(
    [`route add ${remote.podCidr} dev seg0 scope link mtu lock ${side.innerMtu}`],
    side.node.replace('/run/netns/', ''),
  );
}

export async function batch(lines: readonly string[], netns?: string): Promise<void> {
  const where = netns === undefined ? [] : ['-n', netns];
  await run(['ip', ...where, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
