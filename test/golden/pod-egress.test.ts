import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { decodePacket } from '../../src/scion/header.ts';
import { openFrame } from './frame.ts';
import { innerPacket, podFrame } from './inner.ts';
import { LATER, MARK, POD, PodBench, REMOTE_POD, TC_ACT_OK, TC_ACT_REDIRECT, TC_ACT_SHOT } from './pod-bench.ts';
import { benchLink } from './router-bench.ts';

await buildAll();
const bench = new PodBench();
const { node } = bench;

interface Datagram {
  readonly src?: string;
  readonly port?: number;
}

/** To the remote pod. */
function frameOf({ src = POD, port = 1000 }: Datagram = {}): Uint8Array {
  return podFrame(innerPacket({ src, dst: REMOTE_POD, payload: [port >> 8, port & 0xff, 0, 53, 0, 8, 0, 0] }));
}

function send(datagram?: Datagram) {
  return bench.send(frameOf(datagram));
}

/** Id of the path that a packet took. */
function pathTaken(datagram?: Datagram): number {
  const { action, reason, frame } = send(datagram);
  assert.deepEqual([action, reason], [TC_ACT_REDIRECT, 'ENCAPSULATED']);
  const { from, to } = openFrame(frame);
  const id = [0, 1, 2].find((each) => benchLink(each + 1).own.port === from.port)!;
  assert.deepEqual([from, to], [benchLink(id + 1).own, benchLink(id + 1).remote]);
  return id;
}

beforeEach(() => bench.setPaths({ paths: [{ id: 0 }, { id: 1 }, { id: 2 }] }));

test('the longest path there is fits before a packet', () => {
  bench.setPath(0, LATER, 63);
  const { header, payload } = decodePacket(openFrame(send().frame).packet);
  assert.equal(header.path.length, 4 + 8 + 63 * 12);
  assert.equal(payload.length, 28);
});

test('all packets of a flow have one FlowID, and flows have different ones', () => {
  const flowId = (port: number) => decodePacket(openFrame(send({ port }).frame).packet).header.flowId;
  assert.equal(flowId(1000), flowId(1000));
  const ids = new Set(Array.from({ length: 100 }, (_, i) => flowId(2000 + i)));
  assert.ok(ids.size > 95, `${ids.size} of 100`);
});

test('of an ordered set the first usable path is taken: not one that is down, has expired or has lapsed', () => {
  assert.equal(pathTaken(), 0);
  node.health.setDown(0, true);
  assert.equal(pathTaken(), 1);
  bench.setPath(1, Math.floor(Date.now() / 1000) - 1);
  assert.equal(pathTaken(), 2);
  node.health.setDown(0, false);
  assert.equal(pathTaken(), 0);
  node.health.setLapse(0, 1n);
  assert.equal(pathTaken(), 2);
});

test('flows spread over a weighted set by its weights, each stays on its path, and a lost path’s flows go to the others', () => {
  bench.setPaths({ strategy: 'weighted', paths: [{ id: 0, weight: 6 }, { id: 1, weight: 3 }, { id: 2 }] });
  const ports = Array.from({ length: 2000 }, (_, i) => 1024 + i);
  const taken = ports.map((port) => pathTaken({ port }));
  assert.deepEqual(
    ports.map((port) => pathTaken({ port })),
    taken,
  );
  const share = (id: number) => taken.filter((each) => each === id).length / ports.length;
  for (const [id, expected] of [
    [0, 0.6],
    [1, 0.3],
    [2, 0.1],
  ] as const) {
    assert.ok(Math.abs(share(id) - expected) < 0.04, `path ${id}: ${share(id)}`);
  }
  node.health.setDown(0, true);
  const without = ports.map((port) => pathTaken({ port }));
  assert.deepEqual(new Set(without), new Set([1, 2]));
});

test('without a usable path packets are dropped, or marked for the kernel’s routes where the set says so', () => {
  for (const onNone of ['block', 'pass'] as const) {
    bench.setPaths({ paths: [{ id: 0 }], onNone });
    node.health.setDown(0, true);
    const { action, reason, frame } = send();
    assert.deepEqual([action, reason], onNone === 'block' ? [TC_ACT_SHOT, 'NO_PATH'] : [TC_ACT_OK, 'NONE']);
    if (onNone === 'pass') assert.deepEqual(Uint8Array.from(frame), frameOf());
  }
  node.removePathSet(0, 1);
  assert.equal(send().reason, 'NO_PATH');
});

test('the mark of packets that fall back is the node’s', () => {
  bench.setPaths({ paths: [], onNone: 'pass' });
  assert.equal(send().mark, MARK);
});

test('a pod with a policy takes that policy’s paths, and without one those of policy 0', () => {
  node.setPathSet(7, 1, { paths: [{ id: 2 }] });
  node.setPodPolicies(new Map([[POD, 7]]));
  assert.equal(pathTaken(), 2);
  assert.equal(pathTaken({ src: '10.1.1.3' }), 0);
  node.removePodPolicies([POD]);
  assert.equal(pathTaken(), 0);
});

test('a policy that allows no path drops under a reason of its own, one whose paths have failed under that of no path', () => {
  node.setPodPolicies(new Map([[POD, 7]]));
  node.setPathSet(7, 1, { paths: [] });
  assert.deepEqual([send().action, send().reason], [TC_ACT_SHOT, 'POLICY_BLOCKED']);
  assert.equal(pathTaken({ src: '10.1.1.3' }), 0);
  node.setPathSet(7, 1, { paths: [{ id: 2 }] });
  node.health.setDown(2, true);
  assert.deepEqual([send().action, send().reason], [TC_ACT_SHOT, 'NO_PATH']);
  node.setPathSet(7, 1, { paths: [], onNone: 'pass' });
  assert.deepEqual([send().action, send().mark], [TC_ACT_OK, MARK]);
  bench.setSegmented(true);
  assert.deepEqual([send().action, send().reason], [TC_ACT_SHOT, 'NO_PATH']);
  bench.setSegmented(false);
  node.removePodPolicies([POD]);
  node.removePathSet(7, 1);
});

test('a path id that does not exist and a weight that cannot be are refused', () => {
  assert.throws(() => bench.setPath(256), RangeError);
  assert.throws(() => node.setPathSet(0, 1, { paths: [{ id: 0, weight: 0 }] }), RangeError);
  assert.throws(() => node.setPathSet(0, 1, { paths: Array.from({ length: 9 }, (_, id) => ({ id })) }), RangeError);
});
