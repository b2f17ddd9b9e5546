import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathCombiner } from '../../../src/scion/combine.ts';
import type { Path } from '../../../src/scion/end-to-end-path.ts';
import { decodePacket } from '../../../src/scion/header.ts';
import { HOP_FIELD_LENGTH } from '../../../src/scion/hop-field.ts';
import { INFO_FIELD_LENGTH } from '../../../src/scion/info-field.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { decodePath, encodePath, hopFieldOffset, infoFieldOffset, reversePath } from '../../../src/scion/path.ts';
import { computeSegments } from '../../../src/scion/segments.ts';
import type { Topology } from '../../../src/topology/model.ts';
import type { Outcome } from '../../model/outcome.ts';
import { buildPacket } from '../../model/packets.ts';
import { type Ingress, type RouterConfig, routePacket } from '../../model/router.ts';
import { buildNetwork, type Network, walkPacket } from '../../model/walk.ts';
import { peering, sampleIa, sixteen, tiny4 } from './topologies.ts';

const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };
const NOW = OPTIONS.timestamp + 60;

interface Case {
  readonly network: Network;
  readonly path: Path;
}

function allPaths(topology: Topology): Case[] {
  const network = buildNetwork(topology, OPTIONS.seed);
  const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
  const ias = topology.ases.map(({ ia }) => ia);
  return ias.flatMap((src) => ias.flatMap((dst) => combine(src, dst).map((path) => ({ network, path }))));
}

const CASES = [tiny4, sixteen, peering].flatMap(allPaths);

/** One path of every shape: kinds of segments, where they peer, and how many hop fields each has. */
function shapes(): Case[] {
  const shapeOf = ({ path }: Case) =>
    path.segments.map(({ kind, peer, ases }) => `${kind}${peer}${ases.length}`).join();
  return [...Map.groupBy(CASES, shapeOf).values()].map(([first]) => first!);
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 0x80 >> (bit & 7);
  return copy;
}

/** Bits of a path that MACs cover: SegID and timestamp; ExpTime, interfaces and the MAC itself. */
function coveredBits(raw: Uint8Array): number[] {
  const path = decodePath(raw);
  const fields = [
    ...path.infos.map((_, i) => [infoFieldOffset(i) + 2, infoFieldOffset(i) + INFO_FIELD_LENGTH] as const),
    ...path.hops.map((_, i) => [hopFieldOffset(path, i) + 1, hopFieldOffset(path, i) + HOP_FIELD_LENGTH] as const),
  ];
  return fields.flatMap(([from, to]) => Array.from({ length: 8 * (to - from) }, (_, bit) => 8 * from + bit));
}

test('every combined path, walked AS by AS, arrives over the interfaces that it names', () => {
  assert.ok(CASES.length > 2400);
  for (const { network, path } of CASES) {
    const { hops, end } = walkPacket(network, path.src, buildPacket(path), NOW);
    assert.equal(end.verdict, 'deliver', JSON.stringify(path.interfaces));
    assert.deepEqual(hops, path.hops);
  }
});

test('the reversed path of every packet that arrived leads back to its source over the same interfaces', () => {
  for (const { network, path } of CASES) {
    const { end } = walkPacket(network, path.src, buildPacket(path), NOW);
    assert.ok(end.verdict === 'deliver');
    const raw = encodePath(reversePath(decodePath(decodePacket(end.packet).header.path)));
    const back = walkPacket(network, path.dst, buildPacket({ src: path.dst, dst: path.src, raw }), NOW);
    assert.equal(back.end.verdict, 'deliver');
    const mirrored = path.hops.map(({ ia, ingress, egress }) => ({ ia, ingress: egress, egress: ingress }));
    assert.deepEqual(back.hops, mirrored.toReversed());
  }
});

test('every one-bit change of what a MAC covers is refused somewhere on the way', () => {
  const chosen = shapes();
  assert.ok(chosen.length > 20);
  for (const { network, path } of chosen) {
    for (const bit of coveredBits(path.raw)) {
      const packet = buildPacket({ ...path, raw: flipped(path.raw, bit) });
      const { end } = walkPacket(network, path.src, packet, NOW);
      assert.ok(end.verdict === 'slow' || end.verdict === 'drop', `bit ${bit} of ${JSON.stringify(path.interfaces)}`);
    }
  }
});

test('a packet is forwarded until its first hop field expires, and not after', () => {
  for (const { network, path } of shapes()) {
    assert.equal(walkPacket(network, path.src, buildPacket(path), path.expiry).end.verdict, 'deliver');
    assert.equal(walkPacket(network, path.src, buildPacket(path), path.expiry + 1).end.reason, 'EXPIRED_HOP');
  }
});

test('hop fields of one segment spliced into another are refused', () => {
  const network = buildNetwork(sixteen, OPTIONS.seed);
  const combine = pathCombiner(sixteen, computeSegments(sixteen, OPTIONS));
  const [src, dst] = [parseIsdAs(sampleIa('112')), parseIsdAs(sampleIa('222'))];
  const [one, other] = combine(src, dst).filter((path) => path.segments.length === 3 && path.hops.length === 7);
  const [a, b] = [decodePath(one!.raw), decodePath(other!.raw)];
  // Same place in both paths, other interfaces: the first hop field of the core segment on.
  const at = a.segmentLengths[0]!;
  const spliced = encodePath({
    ...a,
    hops: [...a.hops.slice(0, at), ...b.hops.slice(at, at + 1), ...a.hops.slice(at + 1)],
  });
  assert.notDeepEqual(spliced, one!.raw);
  const { end } = walkPacket(network, src, buildPacket({ src, dst, raw: spliced }), NOW);
  assert.equal(end.verdict, 'slow');
});

/** One packet of tiny4 from 111 over 110 to 112, at its second AS. */
function atCore(change: (bytes: Uint8Array) => void = () => {}, router?: Partial<RouterConfig>, ingress: Ingress = 1) {
  const network = buildNetwork(tiny4, OPTIONS.seed);
  const { path } = CASES.find(({ path }) => path.src.endsWith('111') && path.dst.endsWith('112'))!;
  const sent = routePacket(buildPacket(path), 0, network.routers.get(path.src)!, NOW);
  assert.ok(sent.verdict === 'forward');
  const bytes = Uint8Array.from(sent.packet);
  change(bytes);
  const core = network.routers.get(parseIsdAs(sampleIa('110')))!;
  return routePacket(bytes, ingress, { ...core, ...router }, NOW);
}

/** Offset of the path in packets with IPv4 hosts. */
const PATH = 36;
const INFOS = PATH + 4;
const HOPS = INFOS + 16;

function set(at: number, value: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    bytes[at] = value;
  };
}

function outcome(result: Outcome): string {
  return `${result.verdict} ${result.reason}`;
}

const interfaces: RouterConfig['interfaces'] = buildNetwork(tiny4, 3).routers.get(
  parseIsdAs(sampleIa('110')),
)!.interfaces;

for (const [sentence, result, expected] of [
  ['an untouched packet is forwarded', atCore(), 'forward FORWARDED'],
  [
    'a packet shorter than the smallest header is dropped',
    routePacket(new Uint8Array(35), 1, {} as RouterConfig, NOW),
    'drop TRUNCATED',
  ],
  ['a HdrLen beyond the packet is dropped', atCore(set(5, 255)), 'drop TRUNCATED'],
  ['a HdrLen inside the address header is dropped', atCore(set(5, 8)), 'drop MALFORMED_PATH'],
  ['a version other than 0 is not forwarded', atCore(set(0, 0x10)), 'slow UNKNOWN_VERSION'],
  ['a one-hop path goes to the slow path', atCore(set(8, 2)), 'slow ONE_HOP_PATH'],
  ['an EPIC path goes to the slow path', atCore(set(8, 3)), 'slow EPIC_PATH'],
  ['an empty path that is not BFD is dropped', atCore(set(8, 0)), 'drop UNSUPPORTED_PATH'],
  ['an unknown path type is dropped', atCore(set(8, 77)), 'drop UNSUPPORTED_PATH'],
  [
    'an extension longer than the packet is dropped',
    atCore((b) => {
      b[4] = 200;
      b[b.length - 7] = 2;
    }),
    'drop BAD_EXTENSION',
  ],
  [
    'a second hop-by-hop extension is dropped',
    atCore((b) => {
      b[4] = 200;
      b[b.length - 8] = 200;
    }),
    'drop BAD_EXTENSION',
  ],
  ['a well-formed extension is no obstacle', atCore(set(4, 201)), 'forward FORWARDED'],
  ['a CurrINF that is not that of CurrHF is dropped', atCore(set(PATH, 0x41)), 'drop MALFORMED_PATH'],
  ['a CurrHF beyond the path is dropped', atCore(set(PATH, 0x44)), 'drop MALFORMED_PATH'],
  [
    'a peering flag in a path of three segments is dropped',
    atCore((b) => {
      b[INFOS]! |= 2;
      b[PATH + 3] = 0x41;
      b[PATH + 2] = 0x10;
    }),
    'drop MALFORMED_PATH',
  ],
  ['a PayloadLen that is not the length is refused', atCore(set(7, 9)), 'slow PACKET_SIZE'],
  [
    'another ingress interface than the hop field names is refused',
    atCore(undefined, undefined, 2),
    'slow WRONG_INGRESS',
  ],
  ['a source in the AS that comes from outside is refused', atCore(set(27, 0x10)), 'slow SOURCE_IA'],
  ['a destination in the AS before the last hop field is refused', atCore(set(19, 0x10)), 'slow DESTINATION_IA'],
  [
    'an ingress alert goes to the slow path',
    atCore((b) => {
      b[HOPS + 12]! |= 1;
    }),
    'slow INGRESS_ALERT',
  ],
  [
    'an egress alert goes to the slow path',
    atCore((b) => {
      b[HOPS + 24]! |= 2 | 1;
    }),
    'slow EGRESS_ALERT',
  ],
  [
    'the second hop field of a cross-over is checked too',
    atCore((b) => {
      b[HOPS + 30]! ^= 1;
    }),
    'slow BAD_MAC',
  ],
  [
    'the second hop field of a cross-over must not be expired',
    atCore((b) => {
      b[INFOS + 12] = 0;
    }),
    'slow EXPIRED_HOP',
  ],
  [
    'an egress that does not exist is refused',
    atCore(undefined, { interfaces: new Map([...interfaces].slice(0, 1)) }),
    'slow UNKNOWN_EGRESS',
  ],
  [
    'an egress that is down is refused',
    atCore(undefined, { interfaces: new Map([...interfaces, [2, { neighbour: 'child', up: false }]]) }),
    'slow EGRESS_DOWN',
  ],
  [
    'a segment change from a child to a parent is refused',
    atCore(undefined, { interfaces: new Map([...interfaces, [2, { neighbour: 'parent', up: true }]]) }),
    'slow INVALID_SEGMENT_CHANGE',
  ],
  [
    'an egress at another router is reached through it',
    atCore(undefined, { interfaces: new Map([...interfaces, [2, { neighbour: 'child', up: true, sibling: 'b' }]]) }),
    'forward TO_SIBLING',
  ],
  ['a host that poses as another router is dropped', atCore(undefined, undefined, 0), 'drop TRANSIT_SOURCE'],
] as const) {
  test(`router model: ${sentence}`, () => {
    assert.equal(outcome(result), expected);
  });
}

test('router model: a packet passes two routers of one AS as it passes one', () => {
  const far = (sibling: string) => ({ neighbour: 'child' as const, up: true, sibling });
  const own = { neighbour: 'child' as const, up: true };
  const first = atCore(undefined, {
    interfaces: new Map([
      [1, own],
      [2, far('b')],
    ]),
  });
  assert.ok(first.verdict === 'forward' && first.reason === 'TO_SIBLING');
  const core = buildNetwork(tiny4, OPTIONS.seed).routers.get(parseIsdAs(sampleIa('110')))!;
  const second = {
    ...core,
    interfaces: new Map([
      [1, far('a')],
      [2, own],
    ]),
  };
  const through = routePacket(first.packet, { sibling: 'a' }, second, NOW);
  const direct = atCore();
  assert.deepEqual(through, direct);
  assert.equal(outcome(routePacket(first.packet, { sibling: 'c' }, second, NOW)), 'drop TRANSIT_SOURCE');
});

test('router model: link pairs that carry traffic for nobody are refused within a segment', () => {
  const core = CASES.find(({ path }) => path.segments[0]!.kind === 'core' && path.hops.length === 3)!;
  const { network, path } = core;
  const middle = path.hops[1]!;
  const router = network.routers.get(middle.ia)!;
  const sent = routePacket(buildPacket(path), 0, network.routers.get(path.src)!, NOW);
  assert.ok(sent.verdict === 'forward');
  for (const neighbour of ['parent', 'child', 'peer'] as const) {
    const changed = new Map([...router.interfaces, [middle.egress, { neighbour, up: true }]]);
    const result = routePacket(sent.packet, middle.ingress, { ...router, interfaces: changed }, NOW);
    assert.equal(outcome(result), 'slow INVALID_PATH');
  }
});

test('router model: a host may send only from its own AS, to another, and with a plain IP or service address', () => {
  const { network, path } = CASES.find(({ path }) => path.src.endsWith('111') && path.dst.endsWith('112'))!;
  const from = (bytes: Uint8Array) => outcome(routePacket(bytes, 0, network.routers.get(path.src)!, NOW));
  assert.equal(from(buildPacket(path)), 'forward FORWARDED');
  assert.equal(from(buildPacket({ ...path, src: parseIsdAs('9-9') })), 'slow SOURCE_IA');
  assert.equal(from(buildPacket({ ...path, dst: path.src })), 'slow DESTINATION_IA');
  const mapped = buildPacket({ ...path, srcHost: 'fd00::1' });
  mapped.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1], 32);
  assert.equal(from(mapped), 'slow SOURCE_HOST');
  const unknown = buildPacket(path);
  unknown[9] = 0x08;
  assert.equal(from(unknown), 'slow SOURCE_HOST');
});
