import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { pathCombiner } from '../../src/scion/combine.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { computeSegments } from '../../src/scion/segments.ts';
import type { Topology } from '../../src/topology/model.ts';
import { buildPacket } from '../model/packets.ts';
import { type Ingress, type RouterConfig, routePacket } from '../model/router.ts';
import { buildNetwork } from '../model/walk.ts';
import { peering, sixteen, tiny4 } from '../unit/scion/topologies.ts';
import { craftPath } from './crafted-path.ts';
import { openFrame } from './frame.ts';
import { NODE, NodeBench, SIBLING, SIBLING_NAME } from './node-bench.ts';
import { sentBy, XDP_DROP, XDP_REDIRECT } from './router-bench.ts';

await buildAll();
const bench = new NodeBench();

const OPTIONS = { seed: 3, timestamp: 1_700_000_000, expirySeconds: 21_600 };
const NOW = OPTIONS.timestamp + 60;

/** The AS's interfaces shared between two routers, by the parity of their number; each sees the other as its sibling. */
function half(router: RouterConfig, parity: number): RouterConfig {
  const interfaces = [...router.interfaces].map(
    ([ifid, each]) => [ifid, ifid % 2 === parity ? each : { ...each, sibling: SIBLING_NAME }] as const,
  );
  return { ...router, interfaces: new Map(interfaces) };
}

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

interface Step {
  readonly router: RouterConfig;
  readonly ingress: Ingress;
  readonly packet: Uint8Array;
}

/** Every router that a packet meets where every AS has two, from the source's host on. */
function stepsOf(topology: Topology): Step[] {
  const network = buildNetwork(topology, OPTIONS.seed);
  const halves = new Map([...network.routers].map(([ia, router]) => [ia, [half(router, 0), half(router, 1)] as const]));
  const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
  const ias = topology.ases.map(({ ia }) => ia);
  return ias.flatMap((src) =>
    ias.flatMap((dst) =>
      combine(src, dst).flatMap((path) => {
        const steps: Step[] = [];
        let router = halves.get(src)![path.interfaces[0]!.ifid % 2]!;
        let step: Step = { router, ingress: 0, packet: buildPacket(path) };
        for (;;) {
          steps.push(step);
          const outcome = routePacket(step.packet, step.ingress, step.router, NOW);
          if (outcome.verdict !== 'forward') return steps;
          const { packet } = outcome;
          if (outcome.reason === 'TO_SIBLING') {
            router = halves.get(step.router.ia)![outcome.egress % 2]!;
            step = { router, ingress: { sibling: SIBLING_NAME }, packet };
          } else {
            const far = network.farEnds.get(`${step.router.ia}#${outcome.egress}`)!;
            router = halves.get(far.ia)![far.ifid % 2]!;
            step = { router, ingress: far.ifid, packet };
          }
        }
      }),
    ),
  );
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

test('a host may send only from its own AS, from an address that exists, and not to its own AS', () => {
  const ia = parseIsdAs('1-ff00:0:110');
  const other = parseIsdAs('1-ff00:0:111');
  const key = new Uint8Array(16).fill(9);
  const router: RouterConfig = { ia, forwardingKey: key, interfaces: new Map([[2, { neighbour: 'child', up: true }]]) };
  bench.configure(router, NOW);
  const raw = craftPath(
    {
      segments: [
        {
          consDir: true,
          hops: [
            [0, 2],
            [8, 0],
          ],
        },
      ],
      currHf: 0,
      timestamp: OPTIONS.timestamp,
    },
    key,
  );
  const send = (options: { src?: typeof ia; dst?: typeof ia; srcHost?: string; raw?: Uint8Array }) =>
    agree(router, 0, buildPacket({ src: ia, dst: other, raw, ...options })).reason;
  assert.equal(send({}), 'FORWARDED');
  assert.equal(send({ src: other, dst: other }), 'SOURCE_IA');
  assert.equal(send({ dst: ia }), 'DESTINATION_IA');
  assert.equal(send({ srcHost: 'fd00::1' }), 'FORWARDED');
  const mapped = buildPacket({ src: ia, dst: other, raw, srcHost: 'fd00::1' });
  mapped.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 32);
  assert.equal(agree(router, 0, mapped).reason, 'SOURCE_HOST');
});
