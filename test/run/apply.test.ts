/** `cilion apply`: policies and labels of a lab that `cilion up` has left are changed while its pods' packets flow. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Applied } from '../../src/cli/applied-text.ts';
import { NodeDataplane } from '../../src/dataplane/node.ts';
import { type NodePath, NodePaths } from '../../src/dataplane/node-paths.ts';
import { claim } from '../../src/emulator/claim.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import { readPcap } from '../../src/emulator/wire/pcap.ts';
import { Wires } from '../../src/emulator/wires.ts';
import type { TimelineRecord } from '../../src/results/bundle.ts';
import { cilion, type Ended, runScenario, startCilion } from './cilion.ts';

const ID = 'ctapply';
const ENTRY = fileURLToPath(new URL('../../cilion', import.meta.url));

/** Five ways from cluster a to cluster b, each over a provider; the slowest, which nobody takes by himself, is narrow. */
const PROVIDERS = [110, 120, 130, 140, 150].map((number) => `1-ff00:0:${number}`);
const TOPOLOGY = `name: five-ways
ases:
  1-ff00:0:100: {core: true}
${PROVIDERS.map((ia) => `  ${ia}: {}\n`).join('')}
  1-ff00:0:111: {label: left}
  1-ff00:0:112: {label: right}
links:
${PROVIDERS.map(
  (ia, index) => `
  - {a: 1-ff00:0:100#${index + 1}, b: ${ia}#3, type: child, delay: 10ms}
  - {a: ${ia}#1, b: 1-ff00:0:111#${index + 1}, type: child, delay: ${index}ms}
  - {a: ${ia}#2, b: 1-ff00:0:112#${index + 1}, type: child, mtu: ${index === 4 ? 1400 : 1500}}`,
).join('')}
`;
const FAST = 'left#1';
const SLOW = 'left#2';

const pod = (name: string, app: string) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${app}}}
spec: {containers: [{name: c, image: client}]}
`;

const policy = (name: string, app: string, constraints: string) => `apiVersion: cilion.io/v1alpha1
kind: ScionPathPolicy
metadata: {name: ${name}}
spec: {podSelector: {matchLabels: {app: ${app}}}, pathConstraints: {${constraints}}}
`;

const SCENARIO = `name: five-ways
title: A lab whose policies change
question: Do pods follow?
topology: five-ways.yaml
duration: 1s
clusters:
  - {name: a, as: left, manifests: [a.yaml]}
  - {name: b, as: right, manifests: [b.yaml]}
transports: [cilion]
workloads:
  - {name: ping, kind: udp, from: a/one, to: b/web, interval: 20ms}
`;

const scratch = mkdtempSync(join(tmpdir(), 'cilion-apply-'));
let lab: LabDirectory;

function lay(name: string, ...documents: string[]): string {
  const file = join(scratch, name);
  writeFileSync(file, documents.join('---\n'));
  return file;
}

before(async () => {
  lay('five-ways.yaml', TOPOLOGY);
  lay('a.yaml', pod('one', 'plain'), pod('two', 'plain'));
  lay('b.yaml', pod('web', 'web'));
  const up = await cilion(['up', lay('scenario.yaml', SCENARIO), '--id', ID]);
  assert.equal(up.code, 0, up.stderr);
  lab = LabDirectory.open(ID);
});

after(async () => {
  await cilion(['destroy', ID]);
  rmSync(scratch, { recursive: true });
});

function apply(...args: string[]): Promise<Ended> {
  return cilion(['apply', ID, '--cluster', 'a', ...args]);
}

async function applied(...args: string[]): Promise<Applied> {
  const { code, stdout, stderr } = await apply(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Applied;
}

function addressOf(cluster: string, name: string): string {
  const found = lab
    .plan()
    .clusters.find((each) => each.name === cluster)
    ?.pods.find((each) => each.name === name);
  return found!.address;
}

/** Pings from a pod of cluster a, a hundred a second: `begun` when the first is answered. */
function startPing(name: string, count: number) {
  const ping = ['ping', '-n', '-i', '0.01', '-c', String(count), addressOf('b', 'web')];
  const child = spawn(ENTRY, ['shell', ID, `a/${name}`, '--', ...ping], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const whole = text(child.stdout);
  const begun = (async () => {
    while (!printed.includes('bytes from')) await once(child.stdout, 'data');
  })();
  const received = whole.then((output) => Number(/(\d+) received/.exec(output)?.[1]));
  return { begun, received };
}

/** A pod's packets that came over a wire from cluster a, each by when. */
async function sightings(file: string, name: string): Promise<bigint[]> {
  // In an IPv4 header the destination follows the source.
  const addresses = [addressOf('a', name), addressOf('b', 'web')].join('.').split('.').map(Number);
  const frames = await Array.fromAsync(readPcap(file));
  return frames.flatMap(({ bytes, timeNs }) => (Buffer.from(bytes).includes(Buffer.from(addresses)) ? [timeNs] : []));
}

/** What two pods' pings saw of a change that is made among them: by pod and wire, and when the change was in force. */
async function pingedDuring(change: () => Promise<unknown>) {
  const wires = [FAST, SLOW].map((wire) => {
    const file = join(scratch, `${wire.replace('#', '-')}.pcap`);
    return { wire, file, running: startCilion(['capture', ID, wire, '--out', file]) };
  });
  for (const { running } of wires) await running.printed(/^capturing/m);
  const pings = ['one', 'two'].map((name) => ({ name, ...startPing(name, COUNT) }));
  for (const { begun } of pings) await begun;
  await change();
  const since = BigInt(Date.now()) * 1_000_000n;
  const received = await Promise.all(pings.map((ping) => ping.received));
  for (const { running } of wires) {
    process.kill(running.pid, 'SIGINT');
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /, none missed$/m);
  }
  const seen = async (name: string) => ({
    fast: await sightings(wires[0]!.file, name),
    slow: await sightings(wires[1]!.file, name),
  });
  return { received, since, one: await seen('one'), two: await seen('two') };
}

const COUNT = 600;
const MOST = 0.9 * COUNT;

function pathsOf(): NodePath[] {
  return new NodePaths(lab.path('bpf', 'node-a-a1')).read();
}

/** Until every path in use is answered to: whoever probes has seen the new ones. */
async function allAnswer(): Promise<void> {
  const answers = ({ state, rttNs }: NodePath) => state === 'answers' && rttNs !== undefined;
  while (!pathsOf().every(answers)) await new Promise((resolve) => setImmediate(resolve));
}

function blocked(): number {
  const counters = NodeDataplane.reopen(lab.path('bpf', 'node-a-a1')).counters(0);
  return counters.find(({ reason }) => reason === 'POLICY_BLOCKED')?.packets ?? 0;
}

test('a policy that is applied moves its pods’ flows before the command ends, no packet is lost, and no other pod moves', async () => {
  // Neither pod is under a policy yet: a label first, and then a policy for it.
  const { changes } = await applied('-f', lay('label.yaml', pod('one', 'fenced')));
  assert.deepEqual(changes, [{ kind: 'Pod', name: 'one', outcome: 'configured' }]);
  let result: Applied | undefined;
  const { received, since, one, two } = await pingedDuring(async () => {
    result = await applied('-f', lay('fence.yaml', policy('fence', 'fenced', 'avoidTransitASes: [1-ff00:0:110]')));
  });
  assert.deepEqual(received, [COUNT, COUNT]);
  // A busy machine may make the prober take a path for silent: then packets take the next, but never one that is fenced off.
  assert.ok(one.fast.length > 10 && one.slow.length > 10, `${one.fast.length} and ${one.slow.length}`);
  assert.ok(one.fast.every((at) => at < since));
  assert.ok(two.fast.length > MOST, `${two.fast.length} of the other pod`);
  assert.deepEqual(result?.changes, [{ kind: 'ScionPathPolicy', name: 'fence', outcome: 'created' }]);
  assert.deepEqual(
    result?.policies.map(({ name, pods, reason, destinations }) => [name, pods, reason, destinations[0]?.paths.length]),
    [['fence', ['one'], 'PathsInForce', 4]],
  );
  assert.equal(result?.probed, true);
  await allAnswer();
});

test('a pod that is relabelled moves alone, and the paths of the others are not written anew', async () => {
  const before = pathsOf().filter(({ policy: number }) => number === 0);
  const { received, since, one, two } = await pingedDuring(() => applied('-f', lay('two.yaml', pod('two', 'fenced'))));
  assert.deepEqual(received, [COUNT, COUNT]);
  assert.ok(two.fast.length > 10 && two.slow.length > 10, `${two.fast.length} and ${two.slow.length}`);
  assert.ok(two.fast.every((at) => at < since));
  assert.ok(one.fast.length === 0 && one.slow.length > MOST, `${one.slow.length} of the other pod`);
  const now = pathsOf().filter(({ policy: number }) => number === 0);
  assert.deepEqual(
    now.map(({ id }) => id),
    before.map(({ id }) => id),
  );
  assert.ok(now.every(({ sent }, index) => sent.packets >= before[index]!.sent.packets));
});

test('a policy that no path satisfies blocks, tells so, and is gone when it is deleted', async () => {
  const never = lay('never.yaml', policy('fence', 'fenced', 'minMTU: 9000'), pod('two', 'plain'));
  const { code, stdout } = await apply('-f', never);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    `pod/two configured
scionpathpolicy/fence configured

fence, for one
  to 1-ff00:0:112: no path is as it must be, packets are dropped
    20 refused: the path carries packets of 1500 bytes, not of 9000
    5 refused: the path carries packets of 1400 bytes, not of 9000
`,
  );
  const dropped = blocked();
  const pings = ['one', 'two'].map((name) => startPing(name, 50).received);
  assert.deepEqual(await Promise.all(pings), [0, 50]);
  assert.equal(blocked() - dropped, 50);
  const { changes, policies } = await applied('--delete', 'scionpathpolicy/fence');
  assert.deepEqual(changes, [{ kind: 'ScionPathPolicy', name: 'fence', outcome: 'deleted' }]);
  assert.deepEqual(policies, []);
  assert.equal(await startPing('one', 50).received, 50);
  const { pods, sets } = NodeDataplane.reopen(lab.path('bpf', 'node-a-a1')).contents();
  assert.deepEqual([pods.size, sets.length], [0, 1], 'in the maps nothing is left of it');
  await allAnswer();
});

test('packets are told of the narrowest path that is in use', async () => {
  const mtu = async () => {
    const { stdout } = await cilion(['shell', ID, 'a/a1', '--', 'ip', 'route', 'show', 'table', '5210']);
    return Number(/mtu lock (\d+)/.exec(stdout)?.[1]);
  };
  const wide = await mtu();
  await applied('-f', lay('narrow.yaml', policy('narrow', 'plain', 'hopSequence: 0 1-ff00:0:150 0')));
  assert.equal(await mtu(), wide - 100);
  await applied('--delete', 'spp/narrow');
  assert.equal(await mtu(), wide);
});

test('a path that has fallen silent is not taken again because policies change', async () => {
  const plan = lab.plan();
  const { id: link } = plan.links.find(({ b }) => `${b.ia}#${b.ifid}` === '1-ff00:0:111#1')!;
  const wires = await Wires.attach(plan, lab);
  const { health } = NodeDataplane.reopen(lab.path('bpf', 'node-a-a1'));
  const preferred = () => pathsOf().find(({ policy: number, rank }) => number === 0 && rank === 0)!;
  await wires.reshape(link, { cut: true });
  while (preferred().state !== 'silent') await new Promise((resolve) => setImmediate(resolve));
  const { id } = preferred();
  const { lastHeardNs } = health.read(id);
  const { policies } = await applied('-f', lay('plain.yaml', policy('other', 'plain', 'requireISDs: [1]')));
  assert.deepEqual(policies[0]?.pods, ['two']);
  assert.equal(preferred().id, id);
  assert.equal(health.read(id).lastHeardNs, lastHeardNs);
  await wires.restore();
  wires.close();
  await allAnswer();
  await applied('--delete', 'spp/other');
});

test('what is wrong is told before anything is changed, with exit code 2', async () => {
  const before = JSON.stringify([lab.plan(), pathsOf().map(({ id, policy: number }) => [id, number])]);
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await cilion(['apply', ...args]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    return stderr;
  };
  const good = lay('good.yaml', policy('good', 'plain', 'avoidTransitASes: [1-ff00:0:110]'));
  const bad = lay('bad.yaml', policy('good', 'plain', 'minMTU: 1400').replace('spec:', 'sepc:'));
  const nowhere = lay('nowhere.yaml', policy('good', 'plain', 'avoidTransitASes: [1-ff00:0:999]'));
  assert.equal(
    await refused(ID),
    'cilion: nothing is to be changed\n  name manifests, -f <file>, or a policy to delete, --delete scionpathpolicy/<name>\n',
  );
  assert.equal(await refused(ID, '-f', good), `cilion: lab ${ID} has 2 clusters\n  name one: --cluster one of a, b\n`);
  assert.equal(await refused(ID, '-f', good, '--cluster', 'c'), 'cilion: there is no cluster "c"\n  one of a, b\n');
  assert.match(
    await refused(ID, '-f', bad, '-f', good, '--cluster', 'a'),
    /bad\.yaml:4:1: sepc: there is no such field/,
  );
  assert.match(
    await refused(ID, '-f', nowhere, '--cluster', 'a'),
    /nowhere\.yaml:4:\d+: spec\.pathConstraints\.avoidTransitASes\[0\]: there is no AS 1-ff00:0:999/,
  );
  assert.match(
    await refused(ID, '-f', join(scratch, 'none.yaml'), '--cluster', 'a'),
    /none\.yaml: there is no such file/,
  );
  assert.match(
    await refused(ID, '--delete', 'pod/one', '--cluster', 'a'),
    /"pod\/one" is no path policy, and nothing else can be deleted/,
  );
  assert.match(
    await refused(ID, '--delete', 'spp/good', '--cluster', 'a'),
    /cluster a has no path policy "good"\n {2}it has none/,
  );
  assert.match(await refused('ctnone', '-f', good), /there is no lab "ctnone"/);
  assert.equal(JSON.stringify([lab.plan(), pathsOf().map(({ id, policy: number }) => [id, number])]), before);
});

test('a lab of real clusters is left to kubectl, and one that somebody else is changing to that one', async () => {
  const good = lay('good.yaml', policy('good', 'plain', 'avoidTransitASes: [1-ff00:0:110]'));
  const release = claim([lab.path('apply')], 'claimed');
  const second = await apply('-f', good);
  release();
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`the policies of lab ${ID} are being changed by .* \\(pid ${process.pid}\\)`));
  mkdirSync(lab.path('kind'));
  const real = await apply('-f', good);
  rmSync(lab.path('kind'), { recursive: true });
  assert.equal(real.code, 2);
  assert.match(real.stderr, new RegExp(`kubectl --kubeconfig /run/cilion/${ID}/kind/<cluster>\\.kubeconfig apply -f`));
});

const TIMELINE = `${SCENARIO.replace('duration: 1s', 'duration: 4s').replace('interval: 20ms', 'interval: 10ms').replace('[cilion]', '[ip, cilion]')}repeat: 2
timeline:
  - {at: 2s, event: apply, cluster: a, manifests: [fence-one.yaml]}
observe: {as: [${PROVIDERS[0]}, ${PROVIDERS[1]}]}
assertions:
  - {name: The fast way at first, transport: cilion, metric: observer.packets, workload: ping, link: '${PROVIDERS[0]}#1', window: [0s, 2s], atLeast: 150}
  - {name: and none of it afterwards, transport: cilion, metric: observer.packets, workload: ping, link: '${PROVIDERS[0]}#1', window: [2500ms, 4s], equals: 0}
  - {name: The slow way not before, transport: cilion, metric: observer.packets, workload: ping, link: '${PROVIDERS[1]}#1', window: [0s, 2s], equals: 0}
  - {name: but then, transport: cilion, metric: observer.packets, workload: ping, link: '${PROVIDERS[1]}#1', window: [2500ms, 4s], atLeast: 100}
  - {name: Nothing is lost, transport: cilion, metric: udp.lost, equals: 0}
  - {name: Nor over plain IP, transport: ip, metric: udp.lost, equals: 0}
`;

test('a timeline applies manifests in the middle of each pass, and the next begins without them', async () => {
  lay('fence-one.yaml', pod('one', 'fenced'), policy('fence', 'fenced', 'avoidTransitASes: [1-ff00:0:110]'));
  const results = join(scratch, 'results');
  const { code, stdout, stderr } = await runScenario(lay('timeline.yaml', TIMELINE), results);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const [bundle = ''] = readdirSync(results);
  const events = readFileSync(join(results, bundle, 'events.ndjson'), 'utf8')
    .trim()
    .split('\n');
  assert.deepEqual(
    events.map((line) => JSON.parse(line) as TimelineRecord).map(({ pass, text: said }) => [pass, said]),
    ['ip-1', 'cilion-1', 'ip-2', 'cilion-2'].map((pass) => {
      const said = 'cluster a: Pod one configured, ScionPathPolicy fence created';
      return [pass, pass.startsWith('ip') ? `${said}: nothing heeds it` : said];
    }),
  );
});
