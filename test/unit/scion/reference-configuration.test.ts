import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLab } from '../../../src/emulator/plan-lab.ts';
import { referenceConfiguration } from '../../../src/scion/reference/configuration.ts';
import { FAST } from '../../../src/scion/reference/control-plane.ts';
import { pkiDescription } from '../../../src/scion/reference/pki.ts';
import { idleScenario, twoWays, withIssuers } from '../../interop/reference-lab.ts';
import { peering, sixteen } from './topologies.ts';

interface TopologyJson {
  isd_as: string;
  attributes: string[];
  control_service: Record<string, { addr: string }>;
  border_routers: Record<string, { internal_addr: string; interfaces: Record<string, InterfaceJson> }>;
}

interface InterfaceJson {
  underlay: { local: string; remote: string };
  isd_as: string;
  link_to: string;
  remote_interface_id?: number;
}

const { topology, clusters } = twoWays();
const plan = planLab(idleScenario(topology, clusters));
const configuration = referenceConfiguration(plan, topology, { folder: '/lab', intervals: FAST });

function topologyJson(of: typeof configuration, folder: string): TopologyJson {
  return JSON.parse(of.files.get(`/lab/gen/${folder}/topology.json`)!) as TopologyJson;
}

test('each node of a cluster is a border router with its own interfaces; the first has the services of the AS', () => {
  const { border_routers: routers, control_service: control } = topologyJson(configuration, 'ISD1/ASff00_0_111');
  const nodes = plan.clusters[0]!.nodes;
  assert.deepEqual(
    Object.values(routers).map((router) => [router.internal_addr, Object.keys(router.interfaces)]),
    nodes.map((node) => [`${node.address}:30042`, node.interfaces.map(String)]),
  );
  assert.deepEqual(control, { 'cs1-ff00_0_111-1': { addr: `${nodes[0]!.address}:31000` } });
  const where = configuration.services
    .filter(({ ia }) => ia === '1-ff00:0:111')
    .map(({ id, namespace }) => [id, namespace]);
  assert.deepEqual(where, [
    ['br1-ff00_0_111-1', 'node-a-n1'],
    ['disp1-ff00_0_111-1', 'node-a-n1'],
    ['br1-ff00_0_111-2', 'node-a-n2'],
    ['disp1-ff00_0_111-2', 'node-a-n2'],
    ['cs1-ff00_0_111-1', 'node-a-n1'],
    ['sd1-ff00_0_111', 'node-a-n1'],
  ]);
});

test('both ends of a link name the addresses and ports that the plan gave it, and each other', () => {
  for (const sample of [sixteen, peering]) {
    const samplePlan = planLab(idleScenario(sample));
    const all = referenceConfiguration(samplePlan, sample, { folder: '/lab', intervals: FAST });
    const interfaces = new Map(
      all.ases.flatMap(({ folder }) => {
        const json = topologyJson(all, folder.slice('/lab/gen/'.length));
        const routers = Object.values(json.border_routers).flatMap((router) => Object.entries(router.interfaces));
        return routers.map(([ifid, each]) => [`${json.isd_as}#${ifid}`, each] as const);
      }),
    );
    assert.equal(interfaces.size, sample.links.length * 2);
    for (const { kind, a, b } of samplePlan.links) {
      const [ofA, ofB] = [a, b].map((end) => interfaces.get(`${end.ia}#${end.ifid}`)!) as [
        InterfaceJson,
        InterfaceJson,
      ];
      assert.deepEqual(ofA.underlay, { local: `${a.address}:${a.port}`, remote: `${b.address}:${b.port}` });
      assert.deepEqual(ofB.underlay, { local: ofA.underlay.remote, remote: ofA.underlay.local });
      assert.deepEqual([ofA.isd_as, ofB.isd_as], [b.ia, a.ia]);
      assert.deepEqual([ofA.link_to, ofB.link_to], kind === 'child' ? ['child', 'parent'] : [kind, kind]);
      if (kind === 'peer') assert.deepEqual([ofA.remote_interface_id, ofB.remote_interface_id], [b.ifid, a.ifid]);
    }
  }
});

test('no two services have one name, one configuration file, or one address to be ready at', () => {
  for (const key of ['id', 'config'] as const) {
    assert.equal(new Set(configuration.services.map((service) => service[key])).size, configuration.services.length);
  }
  const at = configuration.services.map(({ namespace, ready }) => `${namespace} ${ready.address}:${ready.port}`);
  assert.equal(new Set(at).size, at.length, at.join('\n'));
});

test('every AS has a folder of its own below that of its ISD, so that ISDs may use the same AS numbers', () => {
  const { ases } = referenceConfiguration(planLab(idleScenario(sixteen)), sixteen, { folder: '/lab', intervals: FAST });
  assert.equal(new Set(ases.map(({ folder }) => folder)).size, 16);
  assert.ok(ases.every(({ ia, folder }) => folder.startsWith(`/lab/gen/ISD${ia[0]}/AS`)));
});

test('the latencies that beacons carry are those of the wires', () => {
  const [link] = topology.links;
  const delayed = { delayNs: 5_000_000, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };
  const slow = { ...topology, links: [{ ...link!, shape: { ab: delayed, ba: delayed } }, ...topology.links.slice(1)] };
  const { files } = referenceConfiguration(plan, slow, { folder: '/lab', intervals: FAST });
  assert.deepEqual(JSON.parse(files.get('/lab/gen/ISD1/ASff00_0_110/staticInfoConfig.json')!).Latency, {
    1: { Inter: '5000000ns', Intra: { 2: '0ns' } },
    2: { Inter: '0ns', Intra: { 1: '0ns' } },
  });
});

test('the PKI description names every AS with its role and its issuer', () => {
  assert.deepEqual(JSON.parse(pkiDescription(withIssuers(topology))).ASes['1-ff00:0:111'], {
    core: false,
    voting: false,
    authoritative: false,
    issuing: false,
    cert_issuer: '1-ff00:0:110',
  });
});
