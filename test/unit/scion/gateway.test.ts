import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLab } from '../../../src/emulator/plan-lab.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { currentPath, gatewayEntry, gatewayFiles, gatewayPlaces } from '../../../src/scion/reference/gateway.ts';

const plan = planLab(await loadScenario('scenarios/bgp-hijack.yaml'));
const [a, b] = gatewayPlaces(plan) as [ReturnType<typeof gatewayPlaces>[0], ReturnType<typeof gatewayPlaces>[0]];

test('each cluster has one gateway, on its first node', () => {
  assert.deepEqual(
    gatewayPlaces(plan).map(({ cluster, node }) => [cluster.name, node.name]),
    plan.clusters.map(({ name, nodes }) => [name, nodes[0]!.name]),
  );
});

test('a gateway sends what is for pods of other clusters, accepts those from there, and announces its own', () => {
  const { config, files } = gatewayFiles(plan, a, '/lab/sig-a');
  assert.equal(config, '/lab/sig-a/gateway.toml');
  const theirs = b.cluster.nodes.map(({ podCidr }) => podCidr);
  const ours = a.cluster.nodes.map(({ podCidr }) => podCidr);
  assert.deepEqual(JSON.parse(files.get('/lab/sig-a/traffic.policy')!), {
    ASes: { [b.cluster.ia]: { Nets: theirs } },
    ConfigVersion: 1,
  });
  assert.equal(
    files.get('/lab/sig-a/routing.policy'),
    `advertise ${a.cluster.ia} ${b.cluster.ia} ${ours.join(',')}\naccept ${b.cluster.ia} ${a.cluster.ia} ${theirs.join(',')}\n`,
  );
});

test('topology.json tells other ASes the addresses that the gateway listens on', () => {
  const toml = gatewayFiles(plan, a, '/lab/sig-a').files.get('/lab/sig-a/gateway.toml')!;
  const [entry] = Object.values(gatewayEntry(a)) as Record<string, string>[];
  for (const [name, address] of Object.entries(entry!)) assert.ok(toml.includes(`${name} = "${address}"`), name);
});

const STATUS = `ISD-AS 1-ff00:0:111
  SESSION 0, POLICY_ID 0, REMOTE: 10.1.0.1:31856, HEALTHY true
    PATHS:
      STATE REVOKED LATENCY JITTER DROPRATE        PATH
            false      0.65   0.79     0.00        Hops: [1-ff00:0:110 2>1 1-ff00:0:111] MTU: 1472 NextHop: 10.9.0.1:30042
      -->   false      0.47   0.59     0.00        Hops: [1-ff00:0:110 1>1 1-ff00:0:112 2>1 1-ff00:0:111] MTU: 1472 NextHop: 10.9.0.1:30042

ISD-AS 1-ff00:0:113
  SESSION 1, POLICY_ID 0, REMOTE: 10.2.0.1:31856, HEALTHY false
    PATHS:

ROUTING TABLE:
`;

test('the path in use is that with the arrow, of the AS that is asked for', () => {
  assert.deepEqual(currentPath(STATUS, parseIsdAs('1-ff00:0:111')), ['1-ff00:0:110', '1-ff00:0:112', '1-ff00:0:111']);
  assert.equal(currentPath(STATUS, parseIsdAs('1-ff00:0:113')), undefined);
  assert.equal(currentPath(STATUS, parseIsdAs('1-ff00:0:114')), undefined);
});
