/** Devices of pods in a real namespace; what is put on them is the dataplane's tests' affair, so here it is only noted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import type { OwnPod } from '../../src/k8s/agent/desired-state.ts';
import { PodDevices } from '../../src/k8s/agent/pod-devices.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';

const NAME = `ctpoddev${process.pid}`;
const NETNS = `/run/netns/${NAME}`;
const ip = (commands: string) => run(['ip', '-n', NAME, '-batch', '-'], { input: commands });
const ifindex = (device: string) => native().ifindex(device, NETNS);
const podAt = (address: string): OwnPod => ({ namespace: 'default', address, labels: {} });

before(async () => {
  await buildAll();
  await run(['ip', 'netns', 'add', NAME]);
  await addDevice('one', '10.9.0.1');
  await addDevice('two', '10.9.0.2');
});

after(async () => {
  await run(['ip', 'netns', 'del', NAME]);
});

/** As a CNI plugin leaves it. */
async function addDevice(device: string, address: string): Promise<void> {
  const peer = `${device}-pod`;
  await ip(
    `link add ${device} type veth peer name ${peer}\nlink set ${device} up\nroute add ${address} dev ${device}\n`,
  );
}

/** The pods' devices, and which of them have been attached to since the last time it was asked. */
function followed(refused: (ifindex: number) => boolean = () => false) {
  let attached: number[] = [];
  const errors: unknown[] = [];
  const attachPodSide = ({ ifindex: device }: { readonly ifindex: number }) => {
    if (refused(device)) throw new Error(`no program on ${device}`);
    attached.push(device);
  };
  const devices = new PodDevices({ attachPodSide }, NETNS);
  const follow = (...pods: OwnPod[]) => {
    attached = [];
    devices.follow(pods, (error) => errors.push(error));
    return attached;
  };
  return { follow, errors };
}

test('a pod’s device gets the program once; one that is not there yet, as soon as it is', async () => {
  const { follow, errors } = followed();
  const [one, later] = [podAt('10.9.0.1'), podAt('10.9.0.3')];
  assert.deepEqual(follow(one, later), [ifindex('one')]);
  assert.deepEqual(follow(one, later), []);
  await addDevice('three', '10.9.0.3');
  assert.deepEqual(follow(one, later), [ifindex('three')]);
  assert.deepEqual(follow(podAt('10.9.0.1'), later), [], 'the pod has changed, its device has not');
  assert.deepEqual(errors, []);
});

test('an address that another pod gets has another device', async () => {
  const { follow } = followed();
  assert.deepEqual(follow(podAt('10.9.0.1')), [ifindex('one')]);
  await ip('link del one\n');
  await addDevice('one', '10.9.0.1');
  assert.deepEqual(follow(podAt('10.9.0.1')), [ifindex('one')]);
  assert.deepEqual(follow(), []);
  assert.deepEqual(follow(podAt('10.9.0.1')), [ifindex('one')]);
});

test('a device that the program cannot be put on is told, tried again, and keeps no other from it', () => {
  let broken = true;
  const { follow, errors } = followed((device) => broken && device === ifindex('one'));
  const pods = [podAt('10.9.0.1'), podAt('10.9.0.2')];
  assert.deepEqual(follow(...pods), [ifindex('two')]);
  assert.match(String(errors), /no program on/);
  broken = false;
  assert.deepEqual(follow(...pods), [ifindex('one')]);
});

test('an address behind a prefix, and a default route, are no pod’s device', async () => {
  await ip('route add 10.9.1.0/24 dev two\nroute add default dev two\n');
  assert.deepEqual(followed().follow(podAt('10.9.1.1'), podAt('10.9.2.1')), []);
});

test('beside thousands of pods, one that changes is one to look at', async (t) => {
  const addresses = Array.from({ length: 5000 }, (_, index) => `10.10.${index >> 8}.${index & 255}`);
  await ip(addresses.map((address) => `route add ${address} dev two\n`).join(''));
  const { follow } = followed();
  const pods = addresses.map(podAt);
  const timed = () => {
    const since = performance.now();
    follow(...pods);
    return `${(performance.now() - since).toFixed(1)} ms`;
  };
  const all = timed();
  const none = timed();
  pods[7] = podAt(addresses[7]!);
  t.diagnostic(`all ${all}, none ${none}, one ${timed()}`);
});
