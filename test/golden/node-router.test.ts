import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { buildPacket } from '../model/packets.ts';
import { type Ingress, type RouterConfig, routePacket } from '../model/router.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { craftPath } from './crafted-path.ts';
import { openFrame } from './frame.ts';
import { NOW, OPTIONS } from './meetings.ts';
import { NODE, NodeBench, SIBLING, SIBLING_NAME } from './node-bench.ts';
import { atStart } from './paths.ts';
import { sentBy, XDP_DROP, XDP_REDIRECT } from './router-bench.ts';
import { stepsOf } from './two-routers.ts';

await buildAll();
const bench = new NodeBench();

/** Runs a packet at the bench as it is configured, and compares. Returns what the model says. */
function agree(router: RouterConfig, ingress: Ingress, packet: Uint8Array) {
  const expected = routePacket(packet, ingress, router, NOW);
  const run = bench.receive(packet, ingress);
  // The destination host of these packets is no node of the bench.
  const reason = expected.verdict === 'deliver' ? 'LOCAL_DELIVERY' : expected.reason;
  assert.deepEqual([run.reason, run.action], [reason, expected.verdict === 'forward' ? XDP_REDIRECT : XDP_DROP]);
  if (expected.verdict !== 'forward') return expected;
  if (expected.reason === 'FORWARDED') {
    assert.deepEqual(sentBy(run.frame, expected.egress), expected.packet);
  } else {
    const { from, to, packet: sent } = openFrame(run.frame);
    assert.deepEqual([from, to], [NODE, SIBLING]);
    assert.deepEqual(sent, expected.packet);
  }
  return expected;
}

test('two routers in every AS do together what the model does, from host to host', () => {
  const steps = [tiny4, peering, sixteen].flatMap(stepsOf);
  const reasons = new Map<string, number>();
  for (const [router, taken] of Map.groupBy(steps, (step) => step.router)) {
    bench.configure(router, NOW);
    for (const { ingress, packet } of taken.slice(0, 300)) {
      const { reason } = agree(router, ingress, packet);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  for (const reason of ['FORWARDED', 'TO_SIBLING', 'DELIVERED']) {
    assert.ok((reasons.get(reason) ?? 0) > 200, JSON.stringify([...reasons]));
  }
});

test('what a host sends as if it were in transit, or a sibling as if it had come in elsewhere, is dropped', () => {
  for (const [router, taken] of Map.groupBy(stepsOf(sixteen), (step) => step.router)) {
    const fromSibling = taken.find(({ ingress }) => typeof ingress !== 'number');
    if (fromSibling === undefined) continue;
    bench.configure(router, NOW);
    assert.equal(agree(router, 0, fromSibling.packet).reason, 'TRANSIT_SOURCE');
    // Nobody but this router may have received it from outside now.
    const alone = {
      ...router,
      interfaces: new Map([...router.interfaces].map(([ifid, { neighbour, up }]) => [ifid, { neighbour, up }])),
    };
    bench.configure(alone, NOW);
    assert.equal(agree(alone, { sibling: SIBLING_NAME }, fromSibling.packet).reason, 'TRANSIT_SOURCE');
  }
});

test('a host may not send from an IPv4 address in IPv6 form', () => {
  const ia = parseIsdAs('1-ff00:0:110');
  const key = new Uint8Array(16).fill(9);
  const router: RouterConfig = { ia, forwardingKey: key, interfaces: new Map([[2, { neighbour: 'child', up: true }]]) };
  bench.configure(router, NOW);
  const raw = craftPath({ ...atStart(true), timestamp: OPTIONS.timestamp }, key);
  const packet = buildPacket({ src: ia, dst: parseIsdAs('1-ff00:0:111'), raw, srcHost: 'fd00::1' });
  assert.equal(agree(router, 0, packet).reason, 'FORWARDED');
  packet.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 32);
  assert.equal(agree(router, 0, packet).reason, 'SOURCE_HOST');
});
