import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { destroyLab } from '../../src/emulator/destroy.ts';
import { Journal } from '../../src/emulator/journal.ts';
import { Lab } from '../../src/emulator/lab.ts';
import { LabDirectory } from '../../src/emulator/lab-directory.ts';
import type { Plan } from '../../src/emulator/plan.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { run, start } from '../../src/process/process.ts';
import { actionsOf } from '../../src/scenario/events.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { requireReachability } from '../../src/scenario/reachability.ts';
import { requireShapes } from '../../src/scenario/wire-check.ts';
import { TRANSPORTS } from '../../src/transports/transports.ts';
import { type HostPhoto, photographHost } from './host-photo.ts';

const scenario = { ...(await loadScenario('scenarios/bgp-hijack.yaml')), controlPlane: 'computed' } as const;
const plan = planLab(scenario);
const never = new AbortController().signal;
const options = { topology: scenario.topology, detached: false, signal: never };

let bare: HostPhoto;
let lab: Lab;

before(async () => {
  bare = await photographHost();
  lab = await Lab.build(plan, options);
});

after(async () => {
  await lab.destroy();
});

test('BGP of fifteen ASes settles within ten seconds', async (t) => {
  const ms = await lab.bgp.converge(never);
  t.diagnostic(`after ${ms.toFixed(0)} ms`);
  assert.ok(ms < 10_000);
});

test('every end of a wire at a router has a queue', async () => {
  for (const { namespace, device, role } of lab.plan.veths.flatMap(({ a, b }) => [a, b])) {
    if (role !== 'wire') continue;
    const { stdout } = await run(['tc', 'qdisc', 'show', 'dev', device, 'root'], { netns: lab.netns(namespace) });
    assert.match(stdout, /^qdisc pfifo .* limit 1000p/);
  }
});

test('every shaped wire is what the topology says', async () => {
  await requireShapes(lab, () => {});
});

for (const name of ['ip', 'vxlan', 'wireguard', 'cilion'] as const) {
  test(`over ${name}, every cluster reaches every other, and nothing of it stays after detaching`, async () => {
    const devices = await nodeDevices();
    const attached = await TRANSPORTS[name].attach(lab);
    await requireReachability(lab, TRANSPORTS[name], attached, never);
    assert.deepEqual(attached.drops(), {});
    await attached.detach();
    assert.deepEqual(await nodeDevices(), devices);
  });
}

test('a pod reaches the pods of its own cluster while CilION is attached, without SCION', async () => {
  const attached = await TRANSPORTS.cilion.attach(lab);
  const [from, to] = lab.plan.clusters[0]!.pods;
  const { stdout } = await run(['ping', '-n', '-c', '3', '-i', '0.05', to!.address], {
    netns: lab.netns(from!.namespace),
  });
  assert.match(stdout, / 0% packet loss/);
  await attached.detach();
});

test('a hijacker draws the traffic of plain IP to itself and gives it back, and CilION does not notice', async () => {
  const attacker = lab.plan.ases.find(({ ia }) => ia === '1-ff00:0:151')!;
  const victim = lab.plan.clusters[1]!;
  const from = lab.plan.clusters[0]!.nodes[0]!;
  const ends = async () => (await lab.bgp.follow(from.namespace, victim.pods[0]!.address)).end;
  assert.equal(await ends(), 'originated');
  await lab.bgp.hijack(attacker.ia, { prefixes: [victim.prefix.replace('/16', '/17')] });
  await eventually(async () => (await ends()) === 'hijacked');
  const attached = await TRANSPORTS.cilion.attach(lab);
  await requireReachability(lab, TRANSPORTS.cilion, attached, never);
  await attached.detach();
  await lab.bgp.reset();
  assert.equal(await ends(), 'originated');
});

test('a wire that is cut carries nothing until it is restored', async () => {
  const link = lab.plan.clusters[0]!.nodes[0]!.interfaces[0]!;
  const cut = lab.plan.links.find(({ b }) => b.ia === lab.plan.clusters[0]!.ia && b.ifid === link)!;
  const ping = () =>
    run(['ping', '-n', '-c', '1', '-W', '1', cut.a.address], { netns: lab.netns(cut.b.namespace) }).then(
      () => true,
      () => false,
    );
  await lab.wires.reshape(cut.id, { cut: true });
  assert.equal(await ping(), false);
  await lab.wires.restore();
  assert.equal(await ping(), true);
  await lab.bgp.converge(never);
});

test('a command of the timeline runs in the namespace that it names, and its failure is an error with its words', async () => {
  const pod = lab.plan.clusters[1]!.pods[0]!;
  const exec = (argv: string[]) =>
    actionsOf({ ...scenario, timeline: [{ event: 'exec', at: 0, in: `b/${pod.name}`, argv }] }, lab)[0]!;
  await exec(['ip', 'addr', 'add', '192.0.2.9/32', 'dev', 'lo']).perform(never);
  const { stdout } = await run(['ip', '-br', 'addr', 'show', 'dev', 'lo'], { netns: lab.netns(pod.namespace) });
  assert.match(stdout, /192\.0\.2\.9\/32/);
  const again = exec(['ip', 'addr', 'add', '192.0.2.9/32', 'dev', 'lo']);
  assert.equal(again.text, `ip addr add 192.0.2.9/32 dev lo in b/${pod.name}`);
  await assert.rejects(again.perform(never), /already assigned|File exists/);
});

test('two labs of the same scenario run side by side, and taking one down leaves the other', async () => {
  const second = await Lab.build(plan, options);
  await second.bgp.converge(never);
  await second.destroy();
  await lab.bgp.converge(never);
  assert.deepEqual(lab.watch.endings, []);
});

test('a router that dies is noticed within a second and named', async () => {
  const other = await Lab.build(planLab(await loadScenario('scenarios/tiny.yaml')), {
    ...options,
    topology: (await loadScenario('scenarios/tiny.yaml')).topology,
  });
  const [name, bird] = [...other.bgp.processes][0]!;
  process.kill(bird.pid, 'SIGKILL');
  await eventually(async () => other.watch.endings.length > 0);
  assert.match(other.watch.endings[0]!.text, new RegExp(`BIRD of ${name} .* ended by itself with signal SIGKILL`));
  await other.destroy();
});

test('a plan that cannot be carried out to its end leaves nothing behind', async () => {
  const before = await photographHost();
  const [first, ...rest] = plan.veths;
  const broken: Plan = {
    ...plan,
    veths: [...rest, { ...first!, a: { ...first!.a, device: 'a-name-that-is-too-long' } }],
  };
  await assert.rejects(Lab.build(broken, options));
  assert.deepEqual(await photographHost(), before);
});

test('an aborted build leaves nothing behind', async () => {
  const before = await photographHost();
  const controller = new AbortController();
  const building = Lab.build(plan, { ...options, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 60);
  await assert.rejects(building, /enough/);
  assert.deepEqual(await photographHost(), before);
});

test('a lab is taken down from its journal alone, with processes in it that nobody recorded', async () => {
  const before = await photographHost();
  const directory = LabDirectory.create();
  const journal = new Journal(directory);
  const name = directory.namespaceName('stray');
  journal.record([
    { kind: 'bpffs', path: directory.path('bpf') },
    { kind: 'namespace', name },
    { kind: 'namespace', name: directory.namespaceName('never-made') },
  ]);
  await run(['ip', 'netns', 'add', name]);
  const stray = start(['sleep', '600'], { netns: directory.netns('stray') });
  writeFileSync(
    directory.path('journal.ndjson'),
    `${readFileSync(directory.path('journal.ndjson'), 'utf8')}{"kind":"na`,
  );
  await destroyLab(LabDirectory.open(directory.id));
  assert.equal((await stray.exited).signal, 'SIGTERM');
  assert.equal(existsSync(directory.root), false);
  assert.deepEqual(await photographHost(), before);
});

test('what a running lab has on the host is its namespaces and its folder, and it goes with it', async () => {
  await lab.destroy();
  assert.deepEqual(await photographHost(), bare);
});

async function nodeDevices(): Promise<unknown[]> {
  const nodes = lab.plan.clusters.flatMap((cluster) => cluster.nodes);
  return Promise.all(
    nodes.map(async ({ namespace }) => {
      const { stdout } = await run(['ip', '-n', lab.directory.namespaceName(namespace), '-j', 'link']);
      const devices = JSON.parse(stdout) as { ifname: string; xdp?: unknown }[];
      return devices.map(({ ifname, xdp }) => [ifname, xdp ?? null]);
    }),
  );
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 1000; !(await condition()); ) {
    if (performance.now() > end) assert.fail('it did not happen within a second');
    await new Promise((done) => setTimeout(done, 10));
  }
}
