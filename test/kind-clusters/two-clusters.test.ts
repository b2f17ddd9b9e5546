import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { NodeDataplane } from '../../src/dataplane/node.ts';
import { processesInGroup } from '../../src/emulator/control-group.ts';
import { Journal } from '../../src/emulator/journal.ts';
import { isNamespace } from '../../src/emulator/namespace-processes.ts';
import type { ObjectWithStatus } from '../../src/k8s/agent/conditions.ts';
import type { ApiClient } from '../../src/k8s/api/client.ts';
import { deployAgents, pinsOn } from '../../src/k8s/clusters/agents.ts';
import type { RunningCluster } from '../../src/k8s/clusters/backend.ts';
import { API_VERSION } from '../../src/k8s/crd/definitions.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import type { IsdAs } from '../../src/topology/model.ts';
import { buildKindLab, type KindLab, never } from './kind-lab.ts';
import { overSlowCoreAfter, Requests } from './requests.ts';
import { eventually, makePod, runningPod, UPLOAD_BYTES, Uploads } from './uploads.ts';

const AGENTS = ['--namespace=cilion-system'];
const POLICIES = '/apis/cilion.io/v1alpha1/namespaces/default/scionpathpolicies';
const LINKS = '/apis/cilion.io/v1alpha1/scionlinks';
const PEERS = '/apis/cilion.io/v1alpha1/scionclusterpeers';
const OBJECT = { apiVersion: API_VERSION };
const forAsker = { podSelector: { matchLabels: { app: 'asker' } } };

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

/** A policy by which pods of cluster a with this label avoid the fast core. */
async function avoid(app: string, name: string): Promise<void> {
  const spec = { podSelector: { matchLabels: { app } }, pathConstraints: { avoidTransitASes: ['1-ff00:0:110'] } };
  await kindLab.clients[0]!.create(POLICIES, { ...OBJECT, kind: 'ScionPathPolicy', metadata: { name }, spec });
}

/** By name: `True Attached: on if1 of a-worker`. */
async function conditionsOf(client: ApiClient, path: string): Promise<Record<string, string>> {
  const { items } = await client.get<{ items: readonly ObjectWithStatus[] }>(path);
  const said = items.map(({ metadata, status }) => {
    const [first] = status?.conditions ?? [];
    return [metadata.name, first === undefined ? '' : `${first.status} ${first.reason}: ${first.message}`] as const;
  });
  return Object.fromEntries(said);
}

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

test('links and other clusters say in their status that they are at work', async () => {
  for (const [index, client] of kindLab.clients.entries()) {
    const { name } = kindLab.lab.plan.clusters[index]!;
    await eventually(async () => {
      const links = await conditionsOf(client, LINKS);
      const peers = await conditionsOf(client, PEERS);
      const other = name === 'a' ? 'b' : 'a';
      return (
        links['interface-1'] === `True Attached: on if1 of ${name}-worker` &&
        links['interface-3'] === `True Attached: on if3 of ${name}-control-plane` &&
        /^True PathsKnown: \d+ paths to 1-ff00:0:11[12], 2 nodes$/.test(peers[other] ?? '')
      );
    }, 'every link and peer has its status');
  }
});

test('a ScionPathPolicy that avoids the fast core moves the upload to the slow one', async () => {
  await avoid('client', 'not-fast');
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

test('a pod that starts while no agent is there is not left to plain IP', async () => {
  const [{ plan, nodes }] = kindLab.clusters as [RunningCluster];
  const worker = nodes.get(plan.nodes[1]!.namespace);
  const sent = () => {
    const counters = NodeDataplane.reopen(pinsOn(worker)).counters(0);
    return Number(counters.find(({ reason }) => reason === 'ENCAPSULATED')?.packets ?? 0);
  };
  const [a] = kindLab.clients as [ApiClient];
  await makePod(a, 'late', ['sleep', '100000']);
  await runningPod(a, 'late');
  const before = sent();
  assert.ok(await uploads.arrives('late'), 'an upload arrives whole');
  assert.ok(sent() - before > UPLOAD_BYTES / 1500, `${sent() - before} packets`);
});

test('agents that come back take over, but for a link that was deleted meanwhile', async () => {
  const [a] = kindLab.clients as [ApiClient];
  const { spec } = await a.get<{ spec: unknown }>(`${LINKS}/interface-1`);
  await a.delete(`${LINKS}/interface-1`);
  const netns = kindLab.lab.netns('node-a-a2');
  const hasProgram = () => native().xdpProgramId(native().ifindex('if1', netns), netns) !== 0;
  assert.ok(hasProgram(), 'the agents before them have left it');
  for (const { kubernetes } of kindLab.clusters) {
    await kubernetes!.kubectl(['apply', '--server-side', '-f', 'deploy/agent.yaml']);
    await kubernetes!.kubectl(['rollout', 'status', 'daemonset/cilion-agent', ...AGENTS, '--timeout=120s']);
  }
  assert.equal(await uploads.overEach(), 'few,most');
  await eventually(async () => !hasProgram(), 'the device of the link is free');
  await a.create(LINKS, { ...OBJECT, kind: 'ScionLink', metadata: { name: 'interface-1' }, spec });
  await eventually(async () => hasProgram(), 'the device of the link has the program again');
});

test('with the policy deleted the upload is on the fast core again', async () => {
  await kindLab.clients[0]!.delete(`${POLICIES}/not-fast`);
  await eventually(async () => (await uploads.overEach()) === 'most,few', 'an upload is back on the fast core');
});

test('links that are deleted take their paths with them, and bring them back when they are applied again', async () => {
  const [a] = kindLab.clients as [ApiClient];
  const names = ['interface-1', 'interface-3'];
  const links = await Promise.all(names.map((name) => a.get<{ spec: unknown }>(`${LINKS}/${name}`)));
  for (const name of names) await a.delete(`${LINKS}/${name}`);
  await eventually(async () => (await uploads.overEach()) === 'few,most', 'an upload goes over the link that is left');
  for (const [index, name] of names.entries()) {
    await a.create(LINKS, { ...OBJECT, kind: 'ScionLink', metadata: { name }, spec: links[index]!.spec });
  }
  await eventually(async () => (await uploads.overEach()) === 'most,few', 'an upload is on the fast core again');
});

test('a link and a peer that cannot be say why', async () => {
  const [a] = kindLab.clients as [ApiClient];
  const underlay = { type: 'UDP/IPv4', remoteIP: '203.0.113.9', remotePort: 50_000 };
  const spec = { linkType: 'Parent', remoteAS: '1-ff00:0:110', interfaceID: 4, underlay };
  await a.create(LINKS, { ...OBJECT, kind: 'ScionLink', metadata: { name: 'astray' }, spec });
  const peer = { remoteAS: '1-ff00:0:113', podCIDRs: ['10.9.0.0/16'] };
  await a.create(PEERS, { ...OBJECT, kind: 'ScionClusterPeer', metadata: { name: 'addressless' }, spec: peer });
  await eventually(async () => {
    const { astray = '' } = await conditionsOf(a, LINKS);
    const { addressless = '' } = await conditionsOf(a, PEERS);
    return astray.startsWith('False InterfaceTooHigh: ') && addressless.startsWith('False NoNodes: ');
  }, 'the reasons are told');
  await a.delete(`${LINKS}/astray`);
  await a.delete(`${PEERS}/addressless`);
});

describe('while a client in the one cluster asks a server in the other all the time', () => {
  let requests: Requests;
  let attacker: IsdAs;

  before(async () => {
    requests = await Requests.start(kindLab);
    attacker = kindLab.lab.plan.ases.find(({ ia }) => ia.endsWith('120'))!.ia;
  });

  after(() => requests?.stop());

  const diverted = async (): Promise<boolean> => {
    const netns = kindLab.lab.netns('as-1-ff00_0_110');
    const { stdout } = await run(['ip', '-4', 'route', 'get', uploads.server], { netns });
    return / dev if1 /.test(stdout);
  };

  const nothingLost = async (during: () => Promise<void>): Promise<void> => {
    const since = await requests.answers();
    await during();
    await eventually(async () => (await requests.answers(since)).arrived > 0, 'the client goes on');
    const { arrived, lost } = await requests.answers(since);
    assert.equal(lost, 0, `${lost} of ${arrived + lost} requests were lost`);
  };

  test('a hijack of the other cluster changes nothing for it', async () => {
    const { prefix } = kindLab.lab.plan.clusters[1]!;
    const halves = [prefix.replace(/\.0\.0\/16$/, '.0.0/17'), prefix.replace(/\.0\.0\/16$/, '.128.0/17')];
    await nothingLost(async () => {
      await kindLab.lab.bgp.hijack(attacker, { prefixes: halves });
      await eventually(diverted, 'the fast core sends plain IP for the cluster to the attacker');
      assert.match(await uploads.overEach(), /^most,/);
    });
  });

  test('a policy moves it within a second, without loss, and no other pod', async (t) => {
    await nothingLost(async () => {
      await avoid('asker', 'slowly');
      const delayMs = await overSlowCoreAfter(kindLab, performance.now());
      t.diagnostic(`over the slow core ${delayMs.toFixed(0)} ms after the API server's answer`);
      assert.ok(delayMs < 1000, `${delayMs} ms`);
    });
    assert.match(await uploads.overEach(), /^most,/);
  });

  test('another label moves it back, and no other pod moves', async () => {
    const [a] = kindLab.clients as [ApiClient];
    await nothingLost(async () => {
      await a.merge('/api/v1/namespaces/default/pods/client', { metadata: { labels: { app: 'asker' } } });
      await eventually(async () => /,most$/.test(await uploads.overEach()), 'the other pod is on the slow core');
      await a.merge('/api/v1/namespaces/default/pods/client', { metadata: { labels: { app: 'client' } } });
      await eventually(async () => /^most,/.test(await uploads.overEach()), 'it is on the fast core again');
      assert.ok((await overSlowCoreAfter(kindLab, performance.now())) < 1000, 'the client is where it was');
    });
  });

  test('a geofence that no path satisfies blocks it, and says why', async () => {
    const [a] = kindLab.clients as [ApiClient];
    const spec = { ...forAsker, priority: 10, pathConstraints: { requireISDs: [2] } };
    await a.create(POLICIES, { ...OBJECT, kind: 'ScionPathPolicy', metadata: { name: 'fence' }, spec });
    await eventually(async () => {
      const { fence = '' } = await conditionsOf(a, POLICIES);
      return /^False Blocked: no path to 1-ff00:0:112 is as the policy wants it: the path leads .*outside ISD 2/.test(
        fence,
      );
    }, 'the status says why');
    const since = await requests.answers();
    await eventually(async () => (await requests.answers(since)).lost > 0, 'requests are lost');
    const blocked = await requests.answers();
    await eventually(async () => (await requests.answers(blocked)).lost > 1, 'and no other thing happens to them');
    assert.equal((await requests.answers(blocked)).arrived, 0);
    await a.delete(`${POLICIES}/fence`);
    await a.delete(`${POLICIES}/slowly`);
    const free = await requests.answers();
    await eventually(async () => (await requests.answers(free)).arrived > 10, 'it is heard again');
  });

  test('an agent that starts anew, and replicas of the server that are replaced, cost it nothing', async () => {
    const { kubectl } = kindLab.clusters[0]!.kubernetes!;
    await nothingLost(async () => {
      await kubectl(['rollout', 'restart', 'daemonset/cilion-agent', ...AGENTS]);
      await kubectl(['rollout', 'status', 'daemonset/cilion-agent', ...AGENTS, '--timeout=180s']);
    });
    await nothingLost(() => requests.rollOut());
  });

  test('and all the time the hijack was on', async () => {
    assert.ok(await diverted(), 'plain IP for the cluster still goes to the attacker');
    await kindLab.lab.bgp.withdraw(attacker);
  });
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
