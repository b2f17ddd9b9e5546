import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { Lab } from '../../src/emulator/lab.ts';
import type { PodPlan } from '../../src/emulator/plan.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Attached } from '../../src/transports/transport.ts';
import { TRANSPORTS } from '../../src/transports/transports.ts';

/** IPv4 and ICMP header in front of ping's payload. */
const PING_HEADERS = 28;

let lab: Lab;
let attached: Attached;
let from: PodPlan;
let to: PodPlan;

before(async () => {
  const scenario = await loadScenario('scenarios/tiny.yaml');
  lab = await Lab.build(planLab(scenario), {
    topology: scenario.topology,
    detached: false,
    signal: new AbortController().signal,
  });
  attached = await TRANSPORTS.cilion.attach(lab);
  from = lab.plan.clusters[0]!.pods[0]!;
  to = lab.plan.clusters[1]!.pods[0]!;
});

after(async () => {
  await attached.detach();
  await lab.destroy();
});

/** What ping prints, whether or not it is answered. */
async function ping(...options: string[]): Promise<string> {
  const argv = ['--', 'ping', '-n', '-c', '3', '-i', '0.05', '-W', '2', ...options, to.address];
  const { stdout, stderr } = await execa('nsenter', [`--net=${lab.netns(from.namespace)}`, ...argv], { reject: false });
  return stdout + stderr;
}

test('a packet that may not be fragmented and is too large for the path comes back with the MTU that fits', async () => {
  const refused = await ping('-M', 'do', '-s', String(1500 - PING_HEADERS));
  const mtu = Number(/mtu ?= ?(\d+)/.exec(refused)?.[1]);
  assert.ok(mtu > 1280 && mtu < 1500, refused);
  assert.match(await ping('-M', 'do', '-s', String(mtu - PING_HEADERS)), / 0% packet loss/);
});

test('a packet that may be fragmented arrives however large it is', async () => {
  for (const size of [1472, 3000, 8000]) {
    assert.match(await ping('-M', 'dont', '-s', String(size)), / 0% packet loss/, `${size} bytes`);
  }
});

test('none of that is a drop of the dataplane', () => {
  assert.deepEqual(attached.drops(), {});
});
