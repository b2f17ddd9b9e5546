import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { processesInGroup } from '../../src/emulator/control-group.ts';
import { Journal } from '../../src/emulator/journal.ts';
import { isNamespace } from '../../src/emulator/namespace-processes.ts';
import type { ApiClient } from '../../src/k8s/api/client.ts';
import { deployAgents } from '../../src/k8s/clusters/agents.ts';
import { API_VERSION } from '../../src/k8s/crd/definitions.ts';
import { run } from '../../src/process/process.ts';
import { buildKindLab, type KindLab, never } from './kind-lab.ts';
import { eventually, Uploads } from './uploads.ts';

const AGENTS = ['--namespace=cilion-system'];
const POLICIES = '/apis/cilion.io/v1alpha1/namespaces/default/scionpathpolicies';

let kindLab: KindLab;
let uploads: Uploads;

before(async () => {
  kindLab = await buildKindLab((message) => process.stderr.write(`${message}\n`));
  await kindLab.lab.bgp.converge(never);
});

after(async () => {
  if (kindLab === undefined) return;
  for (const client of kindLab.clients) client.close();
  await kindLab.lab.destroy();
});

test('pods of two kind clusters reach each other over plain IP, by the routes of BGP', async () => {
  uploads = await Uploads.prepare(kindLab);
  assert.match(uploads.server, /^10\./, 'an address of the plan');
  await eventually(() => uploads.arrives(), 'an upload arrives whole');
});

test('no node has a default route: what has no route does not leave it', async () => {
  for (const { namespace } of kindLab.lab.plan.clusters.flatMap(({ nodes }) => nodes)) {
    const { stdout } = await run(['ip', '-4', 'route', 'show', 'default'], { netns: kindLab.lab.netns(namespace) });
    assert.equal(stdout, '');
  }
  const { stdout } = await run(['ip', '-4', 'route', 'show', 'default'], { netns: kindLab.lab.netns('docker') });
  assert.equal(stdout, '');
});

test('with an agent on each node, an upload takes the faster path as SCION', async () => {
  await deployAgents(kindLab.lab, kindLab.clusters);
  await eventually(async () => (await uploads.overEach()) === 'most,few', 'an upload goes over the fast core');
});

test('the agents have nothing to complain of, and have put their program on the device of a pod', async () => {
  for (const { kubernetes } of kindLab.clusters) {
    const logs = await kubernetes!.kubectl(['logs', ...AGENTS, '--selector=app=cilion-agent']);
    assert.equal(logs, 'attached\nattached\n');
  }
  const netns = kindLab.lab.netns('node-a-a2');
  const { stdout: routes } = await run(['ip', '-json', '-4', 'route', 'show', 'to', 'exact', uploads.client], {
    netns,
  });
  const [{ dev }] = JSON.parse(routes) as [{ dev: string }];
  const { stdout: filters } = await run(['tc', 'filter', 'show', 'dev', dev, 'ingress'], { netns });
  assert.match(filters, /pod_egress/);
});

test('a ScionPathPolicy that avoids the fast core moves the upload to the slow one', async () => {
  const [a] = kindLab.clients as [ApiClient];
  await a.create(POLICIES, {
    apiVersion: API_VERSION,
    kind: 'ScionPathPolicy',
    metadata: { name: 'not-fast' },
    spec: { podSelector: { matchLabels: { app: 'client' } }, pathConstraints: { avoidTransitASes: ['1-ff00:0:110'] } },
  });
  await eventually(async () => (await uploads.overEach()) === 'few,most', 'an upload goes over the slow core');
});

test('while the agents are gone, packets go on under the policy', async () => {
  for (const { kubernetes } of kindLab.clusters) {
    await kubernetes!.kubectl([
      'delete',
      'daemonset/cilion-agent',
      ...AGENTS,
      '--cascade=foreground',
      '--timeout=120s',
    ]);
  }
  assert.equal(await uploads.overEach(), 'few,most');
});

test('agents that come back take over, and with the policy deleted the upload is on the fast core again', async () => {
  for (const { kubernetes } of kindLab.clusters) {
    await kubernetes!.kubectl(['apply', '--server-side', '-f', 'deploy/agent.yaml']);
    await kubernetes!.kubectl(['rollout', 'status', 'daemonset/cilion-agent', ...AGENTS, '--timeout=120s']);
  }
  assert.equal(await uploads.overEach(), 'few,most');
  await kindLab.clients[0]!.delete(`${POLICIES}/not-fast`);
  await eventually(async () => (await uploads.overEach()) === 'most,few', 'an upload is back on the fast core');
});

test('taking the lab down by its journal leaves no container, no group, no folder and the settings as they were', async () => {
  const { directory } = kindLab.lab;
  const { id } = directory;
  const noted = new Journal(directory).read().entries.filter((entry) => entry.kind === 'setting');
  assert.ok(noted.some(({ name }) => name === 'kernel/panic_on_oops'));
  await kindLab.lab.destroy();
  assert.deepEqual(processesInGroup(`cilion-${id}`), []);
  for (const path of [`/sys/fs/cgroup/cpu/cilion-${id}`, `/sys/fs/cgroup/cilion-${id}`, `/var/lib/cilion/${id}`]) {
    assert.ok(!existsSync(path), path);
  }
  assert.ok(!isNamespace(directory.namespaceName('docker')));
  assert.ok(!existsSync(`/sys/class/net/cil-${id}`));
  // While somebody else's lab has a kubelet, its settings stay, and go with that lab.
  if (Journal.ofOthers(directory).some(({ kind }) => kind === 'setting')) return;
  for (const { name, value } of noted) assert.equal(readFileSync(`/proc/sys/${name}`, 'utf8').trim(), value, name);
});
