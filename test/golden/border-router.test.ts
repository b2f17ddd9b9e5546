import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildAll } from '../../src/dataplane/build.ts';
import { pathCombiner } from '../../src/scion/combine.ts';
import type { Path } from '../../src/scion/end-to-end-path.ts';
import { computeSegments } from '../../src/scion/segments.ts';
import type { InterfaceId, Topology } from '../../src/topology/model.ts';
import { buildPacket } from '../model/packets.ts';
import { type RouterConfig, routePacket } from '../model/router.ts';
import { buildNetwork, type Network } from '../model/walk.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { RouterBench, type Run, sentBy, XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';

const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };
const NOW = OPTIONS.timestamp + 60;

await buildAll();
const bench = new RouterBench();

/** A packet where it meets a router, with the router. */
interface Meeting {
  readonly path: Path;
  readonly router: RouterConfig;
  readonly ingress: InterfaceId;
  readonly packet: Uint8Array;
}

/** Every router that a packet from end to end meets after the source's own. */
function meetings(network: Network, path: Path): Meeting[] {
  const met: Meeting[] = [];
  let packet = buildPacket(path);
  let ingress = 0;
  let ia = path.src;
  for (;;) {
    const router = network.routers.get(ia)!;
    if (ingress !== 0) met.push({ path, router, ingress, packet });
    const outcome = routePacket(packet, ingress, router, NOW);
    if (outcome.verdict !== 'forward') return met;
    const far = network.farEnds.get(`${ia}#${outcome.egress}`)!;
    [packet, ingress, ia] = [outcome.packet, far.ifid, far.ia];
  }
}

function allMeetings(topology: Topology): Meeting[] {
  const network = buildNetwork(topology, OPTIONS.seed);
  const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
  const ias = topology.ases.map(({ ia }) => ia);
  return ias.flatMap((src) => ias.flatMap((dst) => combine(src, dst).flatMap((path) => meetings(network, path))));
}

/** Compares the program with the model. A border router has no hosts: what arrives is for a slow path. */
function agree(run: Run, { router, ingress, packet }: Meeting, now: number, slowPath = false): void {
  const expected = routePacket(packet, ingress, router, now);
  const slowAction = slowPath ? XDP_PASS : XDP_DROP;
  switch (expected.verdict) {
    case 'forward':
      assert.deepEqual([run.reason, run.action], [expected.reason, XDP_REDIRECT]);
      assert.deepEqual(sentBy(run.frame, expected.egress), expected.packet);
      break;
    case 'deliver':
      assert.deepEqual([run.reason, run.action], ['LOCAL_DELIVERY', slowAction]);
      break;
    case 'slow':
      assert.deepEqual([run.reason, run.action], [expected.reason, slowAction]);
      break;
    case 'drop':
      assert.deepEqual([run.reason, run.action], [expected.reason, XDP_DROP]);
  }
}

/** One path of every shape: kinds of segments, where they peer, and how many hop fields each has. */
function oneOfEachShape(cases: readonly Meeting[]): Meeting[] {
  const shapeOf = ({ path }: Meeting) =>
    path.segments.map(({ kind, peer, ases }) => `${kind}${peer}${ases.length}`).join();
  const first = [...Map.groupBy(cases, shapeOf).values()].map(([meeting]) => meeting!.path);
  return cases.filter(({ path }) => first.includes(path));
}

const CASES = [tiny4, peering, sixteen].flatMap(allMeetings);
const SHAPES = oneOfEachShape(CASES);

test('every router on every path of three topologies does to the packet what the model does', () => {
  let forwarded = 0;
  for (const [router, met] of Map.groupBy(CASES, ({ router }) => router)) {
    bench.configure(router, NOW);
    for (const meeting of met) {
      const run = bench.receive(meeting.packet, meeting.ingress);
      agree(run, meeting, NOW);
      if (run.reason === 'FORWARDED') forwarded++;
    }
  }
  assert.ok(forwarded > 5000, `${forwarded} forwarded`);
});

test('with any one bit of its header flipped, a packet fares as in the model', () => {
  const reasons = new Set<string>();
  // Of all meetings some that are far apart: there is no need to flip every bit of every one.
  const chosen = SHAPES.filter((_, index) => index % Math.ceil(SHAPES.length / 14) === 0);
  for (const [router, met] of Map.groupBy(chosen, ({ router }) => router)) {
    bench.configure(router, NOW);
    for (const meeting of met) {
      const headerBits = meeting.packet[5]! * 32;
      for (let bit = 0; bit < headerBits; bit++) {
        const packet = Uint8Array.from(meeting.packet);
        packet[bit >> 3]! ^= 0x80 >> (bit & 7);
        const run = bench.receive(packet, meeting.ingress);
        agree(run, { ...meeting, packet }, NOW);
        reasons.add(run.reason);
      }
    }
  }
  for (const reason of ['BAD_MAC', 'MALFORMED_PATH', 'TRUNCATED', 'PACKET_SIZE', 'WRONG_INGRESS', 'DESTINATION_IA']) {
    assert.ok(reasons.has(reason), `${reason} among ${[...reasons]}`);
  }
});

test('packets with random bytes changed, cut off or added fare as in the model', () => {
  const change = fc.record({
    meeting: fc.constantFrom(...SHAPES),
    bytes: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
    length: fc.oneof(fc.constant(0), fc.integer({ min: -150, max: 40 })),
  });
  let router: RouterConfig | undefined;
  const property = fc.property(change, ({ meeting, bytes, length }) => {
    if (router !== meeting.router) bench.configure(meeting.router, NOW);
    router = meeting.router;
    const packet = new Uint8Array(Math.max(0, meeting.packet.length + length));
    packet.set(meeting.packet.subarray(0, packet.length));
    for (const [at, value] of bytes) if (at < packet.length) packet[at] = value;
    agree(bench.receive(packet, meeting.ingress), { ...meeting, packet }, NOW);
  });
  fc.assert(property, { numRuns: 3000, seed: 7 });
});

test('a hop field is good until the half second in which it expires', () => {
  for (const meeting of oneOfEachShape(CASES.filter(({ path }) => path.segments.length === 1))) {
    bench.configure(meeting.router, meeting.path.expiry - 1);
    agree(bench.receive(meeting.packet, meeting.ingress), meeting, meeting.path.expiry - 1);
    bench.setNow(meeting.path.expiry + 1);
    assert.equal(bench.receive(meeting.packet, meeting.ingress).reason, 'EXPIRED_HOP');
  }
});

test('what is for the slow path goes up to the kernel unchanged where an AS has one', () => {
  const meeting = SHAPES.find(({ path, ingress }) => path.hops.at(-1)!.ingress === ingress)!;
  bench.configure(meeting.router, NOW, { slowPath: true });
  const arrived = bench.receive(meeting.packet, meeting.ingress);
  agree(arrived, meeting, NOW, true);
  bench.setNow(meeting.path.expiry + 1);
  const expired = bench.receive(meeting.packet, meeting.ingress);
  assert.deepEqual([expired.reason, expired.action], ['EXPIRED_HOP', XDP_PASS]);
  assert.deepEqual(expired.frame.subarray(42), meeting.packet);
});

test('a new forwarding key counts from the next packet on, whatever MACs were cached', () => {
  const meeting = SHAPES[0]!;
  bench.configure(meeting.router, NOW);
  assert.notEqual(bench.receive(meeting.packet, meeting.ingress).reason, 'BAD_MAC');
  bench.configure({ ...meeting.router, forwardingKey: new Uint8Array(16) }, NOW);
  assert.equal(bench.receive(meeting.packet, meeting.ingress).reason, 'BAD_MAC');
  bench.configure(meeting.router, NOW);
  assert.notEqual(bench.receive(meeting.packet, meeting.ingress).reason, 'BAD_MAC');
});
