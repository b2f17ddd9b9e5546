/** Links that BGP routes (`internet`) and wires without SCION (`none`): in the model, in SCION's paths and in the plan. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { computedControlPlane, LAB_EXPIRY_SECONDS } from '../../src/scion/control-plane.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { contains, parseIpv4, parsePrefix } from '../../src/topology/ipv4.ts';
import { parseTopology } from '../../src/topology/load.ts';
import { printTopology } from '../../src/topology/print.ts';
import { isReachable } from '../../src/topology/reachable.ts';

const scenario = await loadScenario('scenarios/underlay-hijack.yaml');
const { topology } = scenario;
const plan = planLab(scenario);
const [A, C, B, PROVIDER, CARRIER] = ['141', '142', '161', '112', '111'].map((end) =>
  parseIsdAs(`1-ff00:0:${end}`),
) as [ReturnType<typeof parseIsdAs>, ...ReturnType<typeof parseIsdAs>[]];
const routed = plan.links.filter(({ underlay }) => underlay === 'internet');

test('a wire without SCION stands apart from the links, under a number of its own', () => {
  assert.ok(topology.links.every(({ underlay }) => underlay !== 'none'));
  assert.deepEqual(
    topology.ipLinks.map(({ a, b, underlay }) => [a.ia, b.ia, b.ifid, underlay]),
    [[CARRIER, C, 2, 'none']],
  );
});

test('a link that BGP routes has no shape, whatever the file asks of every wire', () => {
  const shaped = topology.links.filter(({ shape }) => shape !== undefined);
  assert.ok(shaped.length > 0 && shaped.every(({ underlay }) => underlay === 'wire'));
});

test('no SCION path takes a wire without SCION, and one takes a link that BGP routes', () => {
  const control = computedControlPlane(topology, 1, { timestamp: 1_700_000_000, expirySeconds: LAB_EXPIRY_SECONDS });
  const firstInterfaces = (ia: typeof A) => control.paths(ia, B!).map((path) => path.interfaces[0]?.ifid);
  assert.deepEqual(firstInterfaces(C!), [1]);
  assert.deepEqual(firstInterfaces(A).toSorted(), [1, 2]);
});

test('two ASes reach each other only where both SCION and BGP have a way', () => {
  assert.ok(isReachable(topology, C!, B!));
  assert.ok(!isReachable({ ...topology, ipLinks: [] }, C!, B!), 'without its wire, BGP has none');
  const withoutRouted = topology.links.filter(({ underlay }) => underlay !== 'internet');
  assert.ok(!isReachable({ ...topology, links: withoutRouted }, C!, B!), 'without the routed link, SCION has none');
});

test('a topology with both kinds is printed as it was read', () => {
  const again = parseTopology(topology.source, printTopology(topology)).topology;
  assert.deepEqual(again, topology);
});

test('the ends of a routed link are its routers’ own addresses, in the prefixes that BGP carries, each with a port of its own', () => {
  assert.equal(routed.length, 2);
  for (const end of routed.flatMap(({ a, b }) => [a, b])) {
    const router = plan.routers.find(({ namespace }) => namespace === end.namespace)!;
    assert.equal(end.address, router.bgp.loopback);
    const [prefix = ''] = router.bgp.prefixes;
    assert.ok(contains(parsePrefix(prefix), parseIpv4(end.address)));
    assert.equal(end.device, 'lo');
  }
  const sockets = routed.map(({ a }) => `${a.ia} ${a.address}:${a.port}`);
  assert.equal(new Set(sockets).size, sockets.length, `${PROVIDER} tells its links apart by their ports`);
});

test('a routed link makes no device and no BGP session; a wire without SCION makes both and no link', () => {
  const devices = plan.veths.flatMap(({ a, b }) => [a, b]).map(({ namespace, device }) => `${namespace} ${device}`);
  const sessions = plan.routers.flatMap(({ namespace, bgp }) => bgp.sessions.map(({ name }) => `${namespace} ${name}`));
  const [wire] = plan.ipLinks;
  for (const { namespace, ifid } of routed.flatMap(({ a, b }) => [a, b])) {
    assert.ok(!devices.includes(`${namespace} if${ifid}`));
    assert.ok(!sessions.includes(`${namespace} if${ifid}`));
  }
  for (const { namespace, ifid } of [wire!.a, wire!.b]) {
    assert.ok(devices.includes(`${namespace} if${ifid}`));
    assert.ok(sessions.includes(`${namespace} if${ifid}`));
  }
  assert.ok(plan.links.every(({ id }) => id !== wire!.id));
});
