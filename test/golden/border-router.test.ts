import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { routePacket } from '../model/router.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { wrapFrame } from './frame.ts';
import { allMeetings, type Meeting, NOW, oneOfEachShape } from './meetings.ts';
import {
  benchLink,
  LOOPBACK,
  RouterBench,
  type Run,
  sentBy,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
} from './router-bench.ts';

await buildAll();
const bench = new RouterBench();

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

test('a link that goes down and comes up again is judged by its state at the packet', () => {
  const { packet, ingress, router } = SHAPES.find(
    (meeting) => routePacket(meeting.packet, meeting.ingress, meeting.router, NOW).verdict === 'forward',
  )!;
  const outcome = routePacket(packet, ingress, router, NOW);
  assert.ok(outcome.verdict === 'forward');
  bench.configure(router, NOW);
  for (const [up, reason] of [
    [false, 'EGRESS_DOWN'],
    [true, 'FORWARDED'],
  ] as const) {
    bench.router.setLinkUp(0, outcome.egress, up);
    assert.equal(bench.receive(packet, ingress).reason, reason);
  }
});

test('a frame on a device that is none of the router’s is the kernel’s', () => {
  const { packet, ingress, router } = SHAPES[0]!;
  const { own, remote } = benchLink(ingress);
  bench.configure(router, NOW);
  bench.router.configureDevice(LOOPBACK, 0, ingress);
  bench.router.forgetDevice(LOOPBACK);
  assert.equal(bench.router.program.run({ data: wrapFrame(remote, own, packet) }).retval, XDP_PASS);
});

test('BFD on an empty path is for the slow path', () => {
  const { packet, ingress, router } = SHAPES[0]!;
  bench.configure(router, NOW, { slowPath: true });
  const bfd = packet.slice(0, 36 + 24);
  [bfd[4], bfd[5], bfd[8]] = [203, 9, 0];
  const run = bench.receive(bfd, ingress);
  assert.deepEqual([run.reason, run.action], ['BFD', XDP_PASS]);
});
