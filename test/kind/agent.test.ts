/** The agent of a node against a real API server and the node's real maps; pods are objects that nobody runs. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { ClusterAgent } from '../../src/k8s/agent/cluster-agent.ts';
import { NodeAgent } from '../../src/k8s/agent/node-agent.ts';
import { interfacesOf } from '../../src/k8s/agent/node-view.ts';
import { ApiError } from '../../src/k8s/api/client.ts';
import { quantile } from '../../src/results/statistics.ts';
import { openFrame } from '../golden/frame.ts';
import { innerPacket, podFrame } from '../golden/inner.ts';
import { PodBench } from '../golden/pod-bench.ts';
import { pathsFrom } from '../unit/k8s/paths.ts';
import { view } from '../unit/k8s/view.ts';
import { ApiServer, until } from './api-server.ts';

await buildAll();
const folder = mkdtempSync(join(tmpdir(), 'ct-agent-'));
const api = await ApiServer.start(folder);
await api.define();
await api.grant();
const { client } = api;
const bench = new PodBench();
const paths = pathsFrom(Math.floor(Date.now() / 1000) - 60);
const INTERFACES = interfacesOf(view);
const errors: unknown[] = [];
let agent = await startAgent(new NodeAgent(bench.node));
after(async () => {
  await agent.stop();
  await api.stop();
  rmSync(folder, { recursive: true });
});

async function startAgent(nodeAgent: NodeAgent): Promise<ClusterAgent> {
  const failed = (error: unknown) => errors.push(error);
  const started = new ClusterAgent({
    client: api.agentClient,
    nodeName: 'a1',
    agent: nodeAgent,
    wan: { view, interfaces: INTERFACES, findings: () => [] },
    pathsTo: () => paths,
    failed,
  });
  await started.start();
  return started;
}

const PODS = '/api/v1/namespaces/default/pods';
const POLICIES = '/apis/cilion.io/v1alpha1/namespaces/default/scionpathpolicies';

async function createPod(name: string, app: string, nodeName = 'a1'): Promise<void> {
  const spec = { nodeName, containers: [{ name: 'c', image: 'none' }] };
  await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app } }, spec });
}

const giveAddress = (name: string, podIP: string) =>
  client.merge(`${PODS}/${name}/status`, { status: { podIP, podIPs: [{ ip: podIP }], phase: 'Running' } });

async function createPolicy(name: string, pathConstraints: object, rest: object = {}): Promise<void> {
  const spec = { podSelector: { matchLabels: { app: name } }, pathConstraints, ...rest };
  await client.create(POLICIES, {
    apiVersion: 'cilion.io/v1alpha1',
    kind: 'ScionPathPolicy',
    metadata: { name },
    spec,
  });
}

/** What becomes of a pod's packet: the port of the link that it leaves by, or the reason why it does not. */
function fate(src: string): string {
  const { reason, frame } = bench.send(podFrame(innerPacket({ src, dst: '10.2.1.9' })));
  return reason === 'ENCAPSULATED' ? openFrame(frame).from.address : reason;
}

interface Status {
  readonly status?: {
    readonly conditions: readonly { readonly status: string; readonly reason: string; readonly message: string }[];
    readonly destinations: readonly { readonly as: string; readonly paths: readonly { readonly hops: string }[] }[];
  };
}

const statusOf = async (name: string) => (await client.get<Status>(`${POLICIES}/${name}`)).status;

test('a pod’s policy is in force as soon as the pod has an address, and only for pods of this node', async () => {
  await createPolicy('blocked', { requireISDs: [1] });
  await createPod('one', 'blocked');
  await createPod('elsewhere', 'blocked', 'a2');
  await giveAddress('one', '10.1.1.10');
  await giveAddress('elsewhere', '10.1.1.11');
  await until(() => fate('10.1.1.10') === 'POLICY_BLOCKED', 'the pod is blocked');
  assert.notEqual(fate('10.1.1.11'), 'POLICY_BLOCKED');
});

test('a pod with an address that the maps cannot hold keeps no other from its policy', async () => {
  await createPod('six', 'blocked');
  await giveAddress('six', 'fd00::6');
  await createPod('beside', 'blocked');
  await giveAddress('beside', '10.1.1.13');
  await until(() => fate('10.1.1.13') === 'POLICY_BLOCKED', 'the pod beside it is blocked');
  await client.delete(`${PODS}/beside?gracePeriodSeconds=0`);
  await until(() => fate('10.1.1.13') !== 'POLICY_BLOCKED', 'its entry is gone');
});

test('the status says what is in force, and why a path was refused', async () => {
  await until(async () => (await statusOf('blocked'))?.conditions[0]?.status === 'False', 'the status is written');
  const { conditions, destinations } = (await statusOf('blocked'))!;
  assert.equal(conditions[0]?.reason, 'Blocked');
  assert.match(
    conditions[0]?.message ?? '',
    /^no path to 2-ff00:0:241 is as the policy wants it: the path leads through .*outside ISD 1/,
  );
  assert.deepEqual(destinations[0]?.paths, []);
  await createPolicy('fast', { maxLatency: '20ms' });
  await until(async () => (await statusOf('fast'))?.conditions[0]?.status === 'True', 'the status is written');
  assert.match((await statusOf('fast'))?.destinations[0]?.paths[0]?.hops ?? '', /^1-ff00:0:141 1>\d+ 1-ff00:0:111/);
});

test('a policy that changes moves its pods; a label that changes moves its pod alone', async () => {
  await createPod('two', 'blocked');
  await giveAddress('two', '10.1.1.12');
  await until(() => fate('10.1.1.12') === 'POLICY_BLOCKED', 'the second pod is blocked');
  await client.merge(`${PODS}/two`, { metadata: { labels: { app: 'fast' } } });
  await until(() => fate('10.1.1.12') !== 'POLICY_BLOCKED', 'the second pod is free');
  assert.equal(fate('10.1.1.10'), 'POLICY_BLOCKED');
  const { address } = view.interfaces[0]!.own;
  assert.equal(fate('10.1.1.12'), address);
  await client.merge(`${POLICIES}/blocked`, { spec: { pathConstraints: { requireISDs: [1, 2] } } });
  await until(() => fate('10.1.1.10') === address, 'the first pod has a path');
});

test('changes made while the API server restarts arrive, and what is in force stays meanwhile', async () => {
  const before = fate('10.1.1.12');
  const restarted = api.restart();
  assert.equal(fate('10.1.1.12'), before);
  await restarted;
  assert.equal(fate('10.1.1.12'), before);
  await client.merge(`${POLICIES}/fast`, { spec: { pathConstraints: { requireISDs: [1] } } });
  await until(() => fate('10.1.1.12') === 'POLICY_BLOCKED', 'the change is in force');
  await until(async () => (await statusOf('fast'))?.conditions[0]?.status === 'False', 'and the status says so');
  // What was being written when the server went could not be written then.
  for (const error of errors.splice(0)) {
    const away = error instanceof ApiError || /ECONN|EPIPE/.test(String((error as NodeJS.ErrnoException).code));
    assert.ok(away, String(error));
  }
});

test('an agent that is gone leaves its maps in force, and its successor takes over', async () => {
  await agent.stop();
  await client.merge(`${PODS}/one`, { metadata: { labels: { app: 'fast' } } });
  assert.equal(fate('10.1.1.12'), 'POLICY_BLOCKED');
  const successor = new NodeAgent(bench.node);
  successor.adopt(bench.node.contents());
  agent = await startAgent(successor);
  assert.deepEqual([fate('10.1.1.10'), fate('10.1.1.12')], ['POLICY_BLOCKED', 'POLICY_BLOCKED']);
  assert.deepEqual([...bench.node.contents().pods.keys()].sort(), ['10.1.1.10', '10.1.1.12']);
});

test('a pod that is deleted leaves no entry', async () => {
  await client.delete(`${PODS}/one?gracePeriodSeconds=0`);
  await until(() => !bench.node.contents().pods.has('10.1.1.10'), 'the entry is gone');
  assert.ok(bench.node.contents().pods.has('10.1.1.12'));
});

test('the policy of a pod is in the map soon after its address', async (t) => {
  const times: number[] = [];
  await createPolicy('measured', { requireISDs: [1] });
  for (let index = 0; index < 100; index += 1) {
    const [name, address] = [`m${index}`, `10.1.1.${100 + index}`];
    await createPod(name, 'measured');
    await giveAddress(name, address);
    const since = performance.now();
    await until(() => fate(address) === 'POLICY_BLOCKED', 'its policy is in force');
    times.push(performance.now() - since);
  }
  const [median, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  t.diagnostic(`after the API server's answer: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
});

test('the agent’s rights are no more than it needs', async () => {
  const refused = async (path: string) =>
    assert.rejects(api.agentClient.get(path), (error) => error instanceof ApiError && error.status === 403, path);
  for (const path of ['/api/v1/secrets', '/api/v1/services', '/apis/apps/v1/deployments', '/api/v1/configmaps'])
    await refused(path);
  const write = api.agentClient.merge(`${POLICIES}/fast`, { spec: { priority: 1 } });
  await assert.rejects(write, (error) => error instanceof ApiError && error.status === 403);
});

test('the agent has met no error', () => {
  assert.deepEqual(errors, []);
});
