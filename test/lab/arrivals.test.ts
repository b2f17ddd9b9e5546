/** Frames by a packet socket, and counting those that arrive. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ArrivalCounter } from '../../src/dataplane/arrivals.ts';
import { buildAll } from '../../src/dataplane/build.ts';
import { ipBatch } from '../../src/emulator/ip-batch.ts';
import { native } from '../../src/native.ts';
import { innerPacket, podFrame } from '../golden/inner.ts';

const NAME = `ctarr${process.pid}`;
const NETNS = `/run/netns/${NAME}`;
let ifindex = { near: 0, far: 0 };
let counter: ArrivalCounter;

before(async () => {
  await buildAll();
  await ipBatch([`netns add ${NAME}`]);
  await ipBatch(['link add near type veth peer name far', 'link set near up', 'link set far up'], NAME);
  ifindex = { near: native().ifindex('near', NETNS), far: native().ifindex('far', NETNS) };
  counter = new ArrivalCounter([{ ifindex: ifindex.far, netns: NETNS }]);
});
after(async () => {
  counter?.close();
  await ipBatch([`netns del ${NAME}`]);
});

const packet = (id: number, ttl = 64) =>
  innerPacket({ ttl, payload: [0, 9, 0, 9, 0, 48, 0, 0, ...new Array<number>(40).fill(id)] });
const send = (...packets: readonly Uint8Array[]) => native().sendFrames(packets.map(podFrame), ifindex.near, NETNS);

/** A veth's queue is emptied in a moment, but not at once. */
async function counted(expected: number): Promise<number> {
  for (let left = 500; counter.count() < expected && left > 0; left--)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return counter.count();
}

test('packets that are awaited are counted, as often as they come, whatever their TTL', async () => {
  counter.expect([packet(1), packet(2)]);
  send(packet(1), packet(2, 61), packet(3));
  assert.equal(await counted(2), 2);
  send(packet(2, 60));
  assert.equal(await counted(3), 3);
});

test('what was awaited before is forgotten', async () => {
  counter.expect([packet(5)]);
  send(packet(1), packet(2), packet(5));
  assert.equal(await counted(1), 1);
});

test('a frame that the device refuses is an error that says where', () => {
  assert.throws(() => native().sendFrames([podFrame(packet(1))], 4096, NETNS), { code: 'ENXIO' });
  assert.throws(
    () =>
      native().sendFrames([podFrame(innerPacket({ payload: new Array<number>(2000).fill(0) }))], ifindex.near, NETNS),
    { code: 'EMSGSIZE' },
  );
});
