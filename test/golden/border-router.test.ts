import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('every router on every path of three topologies does to the packet what the model does', () => {
  const cases = [tiny4, peering, sixteen].flatMap(allMeetings);
  const byRouter = Map.groupBy(cases, ({ router }) => router);
  let forwarded = 0;
  for (const [router, met] of byRouter) {
    bench.configure(router, NOW);
    for (const meeting of met.slice(0, 400)) {
      const run = bench.receive(meeting.packet, meeting.ingress);
      agree(run, meeting, NOW);
      if (run.reason === 'FORWARDED') forwarded++;
    }
  }
  assert.ok(forwarded > 1000, `${forwarded} forwarded`);
});
