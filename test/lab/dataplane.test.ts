import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import { capture, innerPacket, iperf3, until } from './captured-frames.ts';
import { MTU, makeNetwork } from './dataplane-fixture.ts';

await buildAll();
const folder = mkdtempSync(join(os.tmpdir(), 'cilion-dataplane-'));
const network = await makeNetwork('n');
after(async () => {
  await network.close();
  rmSync(folder, { recursive: true });
});
const { a, b, router } = network;

interface Counting {
  counters(slot: number): { readonly reason: string; readonly packets: number }[];
}

function count(dataplane: Counting, reason: string, slot = 0): number {
  return dataplane.counters(slot).find((each) => each.reason === reason)?.packets ?? 0;
}

/** Reasons other than that a packet went on its way, of everything in the network. */
function refusals(): string[] {
  const all = [a.dataplane.counters(0), b.dataplane.counters(0), router.counters(0), router.counters(1)].flat();
  return all.filter(({ outcome }) => outcome !== 'done').map(({ reason, packets }) => `${reason} ${packets}`);
}

test('a pod pings a pod of the other cluster through SCION', async () => {
  const { stdout } = await run(['ping', '-c', '5', '-i', '0.02', '-W', '1', b.podAddress], { netns: a.pod });
  assert.match(stdout, /5 received/);
  assert.equal(count(a.dataplane, 'ENCAPSULATED'), 5);
  assert.equal(count(b.dataplane, 'DECAPSULATED'), 5);
  assert.equal(count(router, 'FORWARDED', 0), 10);
  assert.equal(a.dataplane.linkCounters(0, 1).sent.packets, 5);
  assert.equal(router.linkCounters(0, 2).sent.packets, 5);
});

test('every frame of a TCP flow, both ways, has right lengths and checksums outside and inside and fits the MTU', async () => {
  const there = await capture(network.bridge, 'ab', join(folder, 'tcp-ab.pcap'));
  const back = await capture(network.bridge, 'ba', join(folder, 'tcp-ba.pcap'));
  const { bytes } = await iperf3(a.pod, b.pod, b.podAddress, ['-n', '8M']);
  // The server stops when the client says that it has sent all; what is on its way then may be left unread.
  assert.ok(bytes > 1e6, `${bytes} bytes arrived`);
  const frames = await there.frames();
  const segments = frames.map((frame) => innerPacket(frame, MTU)).filter(({ protocol }) => protocol === 6);
  assert.ok(segments.length * a.innerMtu > bytes, `${segments.length} segments for ${bytes} bytes`);
  assert.ok(
    segments.some(({ bytes }) => bytes.length === a.innerMtu),
    'full segments are as long as the path allows',
  );
  assert.ok(count(a.dataplane, 'SEGMENTED') > 0, 'both ways through the node were taken');
  assert.equal(
    new Set(segments.map(({ flowId }) => flowId)).size,
    2,
    'one FlowID for each of iperf3’s two connections',
  );
  for (const frame of await back.frames()) innerPacket(frame, MTU);
  assert.deepEqual(refusals(), []);
});

test('every frame of a UDP flow has right lengths and checksums', async () => {
  const wire = await capture(network.bridge, 'ab', join(folder, 'udp.pcap'));
  const { lostPercent } = await iperf3(a.pod, b.pod, b.podAddress, ['-u', '-b', '20M', '-l', '1200', '-t', '1']);
  assert.ok(lostPercent < 1, `${lostPercent} % lost`);
  const datagrams = (await wire.frames())
    .map((frame) => innerPacket(frame, MTU))
    .filter(({ protocol }) => protocol === 17);
  assert.ok(datagrams.length > 1500, `${datagrams.length} datagrams`);
  assert.deepEqual(refusals(), []);
});

test('a datagram larger than the path is cut into fragments that arrive, each in a frame of its own', async () => {
  const wire = await capture(network.bridge, 'ab', join(folder, 'fragments.pcap'));
  const { stdout } = await run(['ping', '-M', 'dont', '-s', '4000', '-c', '3', '-i', '0.05', b.podAddress], {
    netns: a.pod,
  });
  assert.match(stdout, /3 received/);
  const fragments = (await wire.frames())
    .map((frame) => innerPacket(frame, MTU))
    .filter(({ protocol }) => protocol === 1);
  // The pod cuts at its device's MTU (1480 + 1480 + 1048 bytes), the node cuts the two long ones once more.
  assert.equal(fragments.length, 3 * (2 + 2 + 1));
});

test('a packet larger than the path that may not be fragmented is answered with the size that fits', async () => {
  const ping = run(['ping', '-M', 'do', '-s', '1440', '-c', '1', '-W', '1', b.podAddress], { netns: a.pod });
  await assert.rejects(ping, (error: Error) => /ping/.test(error.message));
  const { stdout } = await run(['ip', 'route', 'get', b.podAddress], { netns: a.pod });
  assert.match(stdout, new RegExp(`mtu ${a.innerMtu}`));
});

test('when a path goes down in the map, the next packet takes the other one', async () => {
  const before = count(router, 'FORWARDED', 1);
  for (const side of [a, b]) side.dataplane.health.setDown(0, true);
  const { stdout } = await run(['ping', '-c', '5', '-i', '0.02', '-W', '1', b.podAddress], { netns: a.pod });
  assert.match(stdout, /5 received/);
  assert.equal(count(router, 'FORWARDED', 1) - before, 10);
  for (const side of [a, b]) side.dataplane.health.setDown(0, false);
});

test('a path whose probes have lapsed is skipped', async () => {
  const before = count(router, 'FORWARDED', 1);
  for (const side of [a, b]) side.dataplane.health.setLapse(0, 1n);
  await run(['ping', '-c', '1', '-W', '1', b.podAddress], { netns: a.pod });
  assert.equal(count(router, 'FORWARDED', 1) - before, 2);
  for (const side of [a, b]) side.dataplane.health.setLapse(0, 0n);
});

test('a probe comes back over its path, whichever that is, and tells the round-trip time', async () => {
  for (const side of [a, b]) {
    for (const id of [0, 1]) {
      const sent = native().monotonicNs();
      side.dataplane.sendProbes([id], side.node);
      await until(() => side.dataplane.health.read(id).lastHeardNs > sent, 'the answer is there');
      const { rttNs } = side.dataplane.health.read(id);
      assert.ok(rttNs > 0n && rttNs < 1_000_000_000n, `${rttNs} ns`);
    }
  }
  assert.equal(count(a.dataplane, 'PROBE_ANSWERED'), 2);
  assert.equal(count(a.dataplane, 'PROBE_HEARD'), 2);
});

test('a path that is silently cut goes out of use after its lapse, without user space, and returns with the first answer', async () => {
  const lapseNs = 60_000_000n;
  const probing = setInterval(() => {
    for (const side of [a, b]) side.dataplane.sendProbes([0], side.node);
  }, 15);
  try {
    for (const side of [a, b]) side.dataplane.health.setLapse(0, lapseNs);
    // The bridge on the way over 110 goes down: both ends of the wires stay up.
    const bridge = network.bridge.replace('/run/netns/', '');
    await run(['ip', '-n', bridge, 'link', 'set', 'br0', 'down']);
    const cut = native().monotonicNs();
    const arrived = () => count(b.dataplane, 'DECAPSULATED');
    const before = arrived();
    const pinging = run(['ping', '-c', '40', '-i', '0.01', '-W', '1', b.podAddress], { netns: a.pod });
    await until(() => arrived() > before, 'packets arrive again');
    const gapNs = native().monotonicNs() - cut;
    assert.ok(gapNs < lapseNs + 200_000_000n, `${gapNs} ns`);
    await pinging;
    await run(['ip', '-n', bridge, 'link', 'set', 'br0', 'up']);
    const way = count(router, 'FORWARDED', 0);
    const heard = a.dataplane.health.read(0).lastHeardNs;
    await until(() => a.dataplane.health.read(0).lastHeardNs > heard, 'the path answers again');
    await run(['ping', '-c', '1', '-W', '1', b.podAddress], { netns: a.pod });
    assert.ok(count(router, 'FORWARDED', 0) > way);
  } finally {
    clearInterval(probing);
    for (const side of [a, b]) side.dataplane.health.setLapse(0, 0n);
  }
});

test('without a usable path packets are dropped and counted', async () => {
  a.dataplane.health.setDown(0, true);
  a.dataplane.health.setDown(1, true);
  await assert.rejects(run(['ping', '-c', '2', '-i', '0.05', '-W', '1', b.podAddress], { netns: a.pod }));
  assert.equal(count(a.dataplane, 'NO_PATH'), 2);
  a.dataplane.health.setDown(0, false);
  a.dataplane.health.setDown(1, false);
});

test('a pod cannot send from an address that is not its cluster’s', async () => {
  await run(['ip', '-n', a.pod.replace('/run/netns/', ''), 'addr', 'add', '10.9.9.9/32', 'dev', 'lo']);
  const ping = run(['ping', '-I', '10.9.9.9', '-c', '2', '-i', '0.05', '-W', '1', b.podAddress], { netns: a.pod });
  await assert.rejects(ping);
  assert.equal(count(b.dataplane, 'INNER_SPOOFED'), 2);
});
