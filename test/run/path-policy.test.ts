import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import type { ObservedPacket, Summary } from '../../src/results/bundle.ts';
import { runScenario } from './cilion.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cilion-policy-'));
after(() => rmSync(scratch, { recursive: true }));

const POLICIES = { block: 'Block', any: 'AnyPath', plain: 'PlainIP' };

/** One pod for each, under a policy that the only path there is does not satisfy. */
const clients = Object.entries(POLICIES).map(
  ([name, onUnsatisfied]) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {containers: [{name: c, image: client}]}
---
apiVersion: cilion.io/v1alpha1
kind: ScionPathPolicy
metadata: {name: ${name}}
spec:
  podSelector: {matchLabels: {app: ${name}}}
  pathConstraints: {avoidTransitASes: [1-ff00:0:110]}
  onUnsatisfied: ${onUnsatisfied}
`,
);

const scenario = `name: unsatisfied
title: Policies that no path satisfies
question: What becomes of the packets of each?
topology: ${resolve('scenarios/topologies/tiny.yaml')}
duration: 3s
clusters:
  - {name: a, as: left, manifests: [clients.yaml]}
  - {name: b, as: right, manifests: [${resolve('scenarios/manifests/shop.yaml')}]}
transports: [cilion]
workloads:
  - {name: block, kind: http, from: a/block, to: b/web-1, interval: 100ms, timeout: 100ms}
  - {name: any, kind: udp, from: a/any, to: b/web-1, interval: 20ms}
  - {name: plain, kind: udp, from: a/plain, to: b/web-2, interval: 20ms}
observe: {as: core}
`;

test('a policy that no path satisfies blocks, takes any SCION path or leaves packets to plain IP, as it says', async () => {
  writeFileSync(join(scratch, 'clients.yaml'), clients.join('---\n'));
  // Paths in a scenario are relative to it: absolute ones are written as such relative ones.
  const up = '../'.repeat(scratch.split('/').length);
  writeFileSync(join(scratch, 'scenario.yaml'), scenario.replaceAll(': /', `: ${up}`).replaceAll('[/', `[${up}`));
  const results = join(scratch, 'results');
  const { code, stdout, stderr } = await runScenario(join(scratch, 'scenario.yaml'), results);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const [bundle = ''] = readdirSync(results).map((name) => join(results, name));
  const observed = readFileSync(join(bundle, 'samples/cilion-1/observed.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ObservedPacket);
  // What comes from cluster a: answers take the paths of cluster b's own policies, and it has none.
  const fromA = (workload: string) =>
    observed.filter(({ workloads, link }) => workloads?.includes(workload) === true && link.includes('110#1'));
  assert.deepEqual(fromA('block'), []);
  for (const [workload, protocol] of [
    ['any', 'scion'],
    ['plain', 'udp'],
  ] as const) {
    const packets = fromA(workload);
    assert.ok(packets.length > 50, `${workload}: ${packets.length} packets`);
    assert.deepEqual([...new Set(packets.map((packet) => packet.protocol))], [protocol]);
  }
  const { passes } = JSON.parse(readFileSync(join(bundle, 'summary.json'), 'utf8')) as Summary;
  assert.ok((passes[0]?.drops['POLICY_BLOCKED'] ?? 0) > 10);
  assert.equal(passes[0]?.phases.before['any']?.['udp.lost'], 0);
  assert.equal(passes[0]?.phases.before['plain']?.['udp.lost'], 0);
});
