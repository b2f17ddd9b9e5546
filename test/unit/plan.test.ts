import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '../../src/emulator/plan.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { contains, parseIpv4, parsePrefix } from '../../src/topology/ipv4.ts';

const hijack = await loadScenario('scenarios/bgp-hijack.yaml');
const tiny = await loadScenario('scenarios/tiny.yaml');
const plan = planLab(hijack);

function ends(of: Plan) {
  return of.veths.flatMap(({ a, b }) => [a, b]);
}

function assertUnique(values: readonly unknown[], what: string): void {
  assert.equal(new Set(values).size, values.length, `${what} repeat`);
}

test('the same scenario gives the same plan, byte for byte', async () => {
  const again = planLab(await loadScenario('scenarios/bgp-hijack.yaml'));
  assert.equal(JSON.stringify(again), JSON.stringify(plan));
});

test('interface indices, MAC addresses and addresses are unique in the whole lab', () => {
  assertUnique(
    ends(plan).map(({ ifindex }) => ifindex),
    'interface indices',
  );
  assertUnique(
    ends(plan).map(({ mac }) => mac),
    'MAC addresses',
  );
  // A node has its pods' gateway address on each of their devices.
  const addresses = ends(plan).filter(({ role }) => role !== 'pod-host');
  assertUnique(
    [...addresses.flatMap((end) => end.addresses), ...plan.namespaces.flatMap((ns) => ns.loopback)],
    'addresses',
  );
});

test('device names are unique in their namespace and short enough for Linux', () => {
  assertUnique(
    ends(plan).map(({ namespace, device }) => `${namespace} ${device}`),
    'device names',
  );
  for (const { device } of ends(plan)) assert.ok(device.length <= 15, device);
});

test('every address of a cluster lies in the prefix of its AS, so that BGP carries what goes there', () => {
  for (const cluster of plan.clusters) {
    const prefix = parsePrefix(cluster.prefix);
    for (const { address } of [...cluster.nodes, ...cluster.pods])
      assert.ok(contains(prefix, parseIpv4(address)), address);
  }
});

test('an AS without cluster is one namespace, a node of a cluster another, and each speaks BGP', () => {
  const routers = plan.namespaces.filter(({ kind }) => kind === 'as' || kind === 'node').map(({ id }) => id);
  assert.deepEqual(plan.routers.map(({ namespace }) => namespace).sort(), routers.sort());
  assert.equal(routers.length, hijack.topology.ases.length - 2 + 4);
});

test('sessions follow the links: the parent sees a customer, the child a provider, peers and cores each other', () => {
  for (const link of plan.links) {
    const session = ({ namespace, device }: { namespace: string; device: string }) =>
      plan.routers.find((router) => router.namespace === namespace)?.bgp.sessions.find(({ name }) => name === device);
    const kinds = [session(link.a)?.kind, session(link.b)?.kind];
    assert.deepEqual(kinds, link.kind === 'child' ? ['customer', 'provider'] : [link.kind, link.kind]);
  }
});

test('the nodes of a cluster share a network and speak BGP to each other over it', () => {
  const [node] = plan.clusters[0]?.nodes ?? [];
  const router = plan.routers.find(({ namespace }) => namespace === node?.namespace);
  assert.equal(router?.bgp.sessions.filter(({ kind }) => kind === 'internal').length, 1);
  assert.ok(plan.bridges.some(({ namespace }) => namespace === 'lan-a'));
});

test('a link has a middle only where the topology shapes it or the scenario touches it', () => {
  const unshaped = {
    ...tiny,
    captures: [],
    timeline: [],
    topology: { ...tiny.topology, links: tiny.topology.links.map(({ shape: _, ...link }) => link) },
  };
  assert.equal(planLab(unshaped).wires.length, 0);
  const link = tiny.topology.links[0]?.id ?? '';
  const cut = planLab({ ...unshaped, timeline: [{ event: 'link.cut', at: 1e9, link }] });
  assert.deepEqual(
    cut.wires.map((wire) => [wire.link, wire.ringSlots]),
    [[link, 0]],
  );
});

test('a wire that delays has room for what is under way, in a power of two', () => {
  for (const { ringSlots, ab } of plan.wires) {
    assert.equal(Math.log2(ringSlots) % 1, 0);
    assert.ok(ringSlots >= (ab.delayNs / 1e9) * 100_000, `${ringSlots} slots for ${ab.delayNs} ns`);
  }
});

test('a wire has room for what the timeline makes of it: changes add up, in the slower direction too', () => {
  const [link, ...links] = tiny.topology.links;
  const calm = { delayNs: 1e6, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };
  const shape = { ab: calm, ba: { ...calm, delayNs: 20e6 } };
  const topology = { ...tiny.topology, links: [{ ...link!, shape }, ...links] };
  const slots = (timeline: typeof tiny.timeline) => planLab({ ...tiny, topology, timeline }).wires[0]!.ringSlots;
  const change = (at: number, to: object) => ({ event: 'link.shape' as const, at, link: link!.id, shape: to });
  assert.equal(slots([]), 4096, '20 ms at 200,000 frames a second');
  assert.equal(slots([change(1e9, { delayNs: 30e6 }), change(2e9, { jitterNs: 30e6 })]), 16_384, '60 ms of the same');
});
