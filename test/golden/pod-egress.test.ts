import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { NodeDataplane, type PathSetSettings } from '../../src/dataplane/node.ts';
import { pathHeader } from '../../src/dataplane/path-header.ts';
import { decodePacket, PROTOCOL_EXPERIMENT } from '../../src/scion/header.ts';
import { ipHost } from '../../src/scion/host.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { craftPath } from './crafted-path.ts';
import { internetChecksum, openFrame } from './frame.ts';
import { benchLink, CountedReason } from './router-bench.ts';

await buildAll();

const TC_ACT_OK = 0;
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
const [HERE, REMOTE] = ['1-ff00:0:111', '1-ff00:0:112'].map(parseIsdAs) as [
  ReturnType<typeof parseIsdAs>,
  ReturnType<typeof parseIsdAs>,
];
const POD = '10.1.1.2';
const REMOTE_POD = '10.2.1.2';
const MARK = 0x77;
/** Far in the future, Unix seconds. */
const LATER = 4_000_000_000;
const INNER_MTU = 1300;

const node = NodeDataplane.load({ ifindexLimit: 64, linkLimit: 8 });
const counted = new CountedReason(node.map('counters'));
node.configureNode({
  address: '10.1.0.1',
  routerPort: 30_042,
  hostPort: 30_041,
  podCidr: '10.1.1.0/24',
  segmenterIn: 5,
  segmenterOut: 6,
  fallbackMark: MARK,
});
node.setAs({ ia: HERE, forwardingKey: new Uint8Array(16), linkLimit: 8 });
node.setRemote('10.2.1.0/24', { id: 1, ia: REMOTE, innerMtu: INNER_MTU });

/** Path `id` leaves by interface `id + 1`, so the underlay tells which one was taken. */
function setPath(id: number, expiry = LATER, hops = 2): void {
  const { own, remote } = benchLink(id + 1);
  const middle = Array.from({ length: hops - 2 }, () => [1, 2] as const);
  const raw = craftPath(
    { segments: [{ consDir: true, hops: [[0, id + 1], ...middle, [1, 0]] }], currHf: 0, timestamp: 1_700_000_000 },
    new Uint8Array(16),
  );
  const header = pathHeader({
    srcIa: HERE,
    dstIa: REMOTE,
    srcHost: '10.1.0.1',
    dstHost: '10.2.0.1',
    raw,
    own,
    remote,
    ownLink: true,
  });
  node.setPath(id, { header, ifindex: 40 + id, ifid: id + 1, innerMtu: INNER_MTU, expiry });
}

function setPaths(set: PathSetSettings): void {
  for (const { id } of set.paths) setPath(id);
  node.setPathSet(0, 1, set);
}

interface Datagram {
  readonly src?: string;
  readonly dst?: string;
  readonly port?: number;
  readonly length?: number;
  readonly ttl?: number;
}

function frameOf({ src = POD, dst = REMOTE_POD, port = 1000, length = 100, ttl = 64 }: Datagram = {}): Uint8Array {
  const frame = new Uint8Array(14 + length);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  frame.set([0x45, 0, length >> 8, length & 0xff, 0, 0, 0, 0, ttl, 17], 14);
  frame.set(ipHost(src).bytes, 26);
  frame.set(ipHost(dst).bytes, 30);
  view.setUint16(24, internetChecksum(frame.subarray(14, 34)));
  view.setUint16(34, port);
  view.setUint16(36, 53);
  view.setUint16(38, length - 20);
  return frame;
}

function send(datagram?: Datagram) {
  const { retval, data } = node.programs.podEgress.run({ data: frameOf(datagram) });
  return { action: retval, reason: counted.next(), frame: data };
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

beforeEach(() => setPaths({ paths: [{ id: 0 }, { id: 1 }, { id: 2 }] }));

test('a pod’s packet goes into SCION whole, with one hop less to live', () => {
  const { frame } = send();
  const { header, payload } = decodePacket(openFrame(frame).packet);
  assert.equal(header.nextHeader, PROTOCOL_EXPERIMENT);
  assert.equal(header.payloadLength, 100);
  assert.deepEqual(Uint8Array.from(payload), frameOf({ ttl: 63 }).subarray(14));
});

test('the longest path there is fits before a packet', () => {
  setPath(0, LATER, 63);
  const { header, payload } = decodePacket(openFrame(send().frame).packet);
  assert.equal(header.path.length, 4 + 8 + 63 * 12);
  assert.equal(payload.length, 100);
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
  setPath(1, Math.floor(Date.now() / 1000) - 1);
  assert.equal(pathTaken(), 2);
  node.health.setDown(0, false);
  assert.equal(pathTaken(), 0);
  node.health.setLapse(0, 1n);
  assert.equal(pathTaken(), 2);
});

test('flows spread over a weighted set by its weights, each stays on its path, and a lost path’s flows go to the others', () => {
  setPaths({ strategy: 'weighted', paths: [{ id: 0, weight: 6 }, { id: 1, weight: 3 }, { id: 2 }] });
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
    setPaths({ paths: [{ id: 0 }], onNone });
    node.health.setDown(0, true);
    const { action, reason, frame } = send();
    assert.deepEqual([action, reason], onNone === 'block' ? [TC_ACT_SHOT, 'NO_PATH'] : [TC_ACT_OK, 'NONE']);
    if (onNone === 'pass') assert.deepEqual(Uint8Array.from(frame), frameOf());
  }
  node.removePathSet(0, 1);
  assert.equal(send().reason, 'NO_PATH');
});

test('the mark of packets that fall back is the node’s', () => {
  setPaths({ paths: [], onNone: 'pass' });
  // struct __sk_buff: mark is its third word.
  const { ctx } = node.programs.podEgress.run({ data: frameOf(), ctx: new Uint8Array(192) });
  assert.equal(new DataView(ctx.buffer, ctx.byteOffset).getUint32(8, true), MARK);
});

test('a pod with a policy takes that policy’s paths, and without one those of policy 0', () => {
  node.setPathSet(7, 1, { paths: [{ id: 2 }] });
  node.setPodPolicy(POD, 7);
  assert.equal(pathTaken(), 2);
  assert.equal(pathTaken({ src: '10.1.1.3' }), 0);
  node.removePodPolicy(POD);
  assert.equal(pathTaken(), 0);
});

test('packets that are not for a remote pod, are too large or have no hop left are left to the kernel', () => {
  for (const datagram of [{ dst: '10.1.1.9' }, { dst: '8.8.8.8' }, { length: INNER_MTU + 1 }, { ttl: 1 }]) {
    const { action, reason, frame } = send(datagram);
    assert.deepEqual([action, reason], [TC_ACT_OK, 'NONE']);
    assert.deepEqual(Uint8Array.from(frame), frameOf(datagram));
  }
  assert.equal(pathTaken({ length: INNER_MTU }), 0);
});

test('a path id that does not exist and a weight that cannot be are refused', () => {
  assert.throws(() => setPath(256), RangeError);
  assert.throws(() => node.setPathSet(0, 1, { paths: [{ id: 0, weight: 0 }] }), RangeError);
  assert.throws(() => node.setPathSet(0, 1, { paths: Array.from({ length: 9 }, (_, id) => ({ id })) }), RangeError);
});
