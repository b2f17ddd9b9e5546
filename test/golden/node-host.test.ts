import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { ipHost } from '../../src/scion/host.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { buildPacket } from '../model/packets.ts';
import type { RouterConfig } from '../model/router.ts';
import { craftPath } from './crafted-path.ts';
import { internetChecksum, openFrame, wrapFrame } from './frame.ts';
import { HOST_PORT, NODE, NodeBench, SIBLING } from './node-bench.ts';
import { XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';

await buildAll();
const bench = new NodeBench();

const TIMESTAMP = 1_700_000_000;
const [HERE, REMOTE] = ['1-ff00:0:112', '1-ff00:0:111'].map(parseIsdAs) as [RouterConfig['ia'], RouterConfig['ia']];
const KEY = new Uint8Array(16).fill(3);
const INNER_MTU = 1360;
bench.configure(
  { ia: HERE, forwardingKey: KEY, interfaces: new Map([[1, { neighbour: 'parent', up: true }]]) },
  TIMESTAMP + 1,
);
bench.node.setRemote('10.1.1.0/24', { id: 1, ia: REMOTE, innerMtu: INNER_MTU });
bench.node.setRemote('10.3.1.0/24', { id: 2, ia: parseIsdAs('1-ff00:0:113'), innerMtu: INNER_MTU });

/** At the last hop field of a path that ends here. */
const RAW = craftPath(
  {
    segments: [
      {
        consDir: true,
        hops: [
          [0, 9],
          [1, 0],
        ],
      },
    ],
    currHf: 1,
    timestamp: TIMESTAMP,
  },
  KEY,
);

interface Inner {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  readonly payload?: readonly number[];
}

/** A pod's IPv4 packet; of TCP with a right checksum. */
function innerPacket({
  src = '10.1.1.2',
  dst = '10.2.1.2',
  protocol = 17,
  payload = [1, 2, 3, 4, 5, 6, 7, 8],
}: Inner = {}): Uint8Array {
  const packet = Uint8Array.from([
    0x45,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    64,
    protocol,
    0,
    0,
    ...ipHost(src).bytes,
    ...ipHost(dst).bytes,
    ...payload,
  ]);
  const view = new DataView(packet.buffer);
  view.setUint16(2, packet.length);
  view.setUint16(10, internetChecksum(packet.subarray(0, 20)));
  if (protocol === 6) view.setUint16(36, tcpChecksum(packet));
  return packet;
}

function tcpChecksum(packet: Uint8Array): number {
  const segment = packet.subarray(20);
  const pseudo = Uint8Array.from([...packet.subarray(12, 20), 0, 6, segment.length >> 8, segment.length & 0xff]);
  return internetChecksum(segment, 0xffff - internetChecksum(pseudo));
}

function scion(payload: Uint8Array, options: { dstHost?: string; nextHeader?: number } = {}): Uint8Array {
  return buildPacket({ src: REMOTE, dst: HERE, raw: RAW, dstHost: NODE.address, payload, ...options });
}

test('a pod’s packet is handed to the kernel as it was sent, behind the Ethernet header of the wire', () => {
  const inner = innerPacket();
  const run = bench.receive(scion(inner), 1);
  assert.deepEqual([run.reason, run.action], ['DECAPSULATED', XDP_PASS]);
  assert.deepEqual(Uint8Array.from(run.frame.subarray(14)), inner);
  assert.equal(Buffer.from(run.frame.subarray(0, 14)).toString('hex'), '0200000000010200000000020800');
});

test('a pod’s packet whose source is not an address of the AS it came from is dropped', () => {
  assert.equal(bench.receive(scion(innerPacket({ src: '10.3.1.2' })), 1).reason, 'INNER_SPOOFED');
  assert.equal(bench.receive(scion(innerPacket({ src: '10.2.1.9' })), 1).reason, 'INNER_SPOOFED');
  assert.equal(bench.receive(scion(innerPacket({ src: '8.8.8.8' })), 1).reason, 'INNER_SPOOFED');
});

test('a pod’s packet for anything but the node’s pods is dropped', () => {
  assert.equal(bench.receive(scion(innerPacket({ dst: NODE.address })), 1).reason, 'INNER_DESTINATION');
  assert.equal(bench.receive(scion(innerPacket({ dst: '10.2.2.2' })), 1).reason, 'INNER_DESTINATION');
});

test('a payload that is no IPv4 packet, or not as long as the payload, is dropped', () => {
  for (const [offset, value] of [
    [0, 0x65],
    [0, 0x44],
    [3, 200],
    [3, 20],
  ] as const) {
    const inner = innerPacket();
    inner[offset] = value;
    assert.equal(bench.receive(scion(inner), 1).reason, 'INNER_MALFORMED');
  }
  assert.equal(bench.receive(scion(innerPacket().subarray(0, 19)), 1).reason, 'INNER_MALFORMED');
});

const MSS_FIRST = [2, 4, 0x05, 0xb4];
const SYN = (options: readonly number[], flags = 0x02) => [
  0,
  80,
  0,
  81,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  0,
  (5 + options.length / 4) << 4,
  flags,
  0xff,
  0xff,
  0,
  0,
  0,
  0,
  ...options,
];

test('the MSS of a SYN is lowered to what the way back takes, and the checksum stays right', () => {
  // In front, behind a NOP (at an odd offset), and behind other options.
  for (const options of [
    [...MSS_FIRST, 1, 1, 4, 2],
    [1, ...MSS_FIRST, 1, 4, 2],
    [4, 2, 1, 3, 3, 7, ...MSS_FIRST, 1, 1],
  ]) {
    const inner = innerPacket({ protocol: 6, payload: SYN(options) });
    const { reason, frame } = bench.receive(scion(inner), 1);
    assert.equal(reason, 'DECAPSULATED');
    const out = Uint8Array.from(frame.subarray(14));
    const at = 40 + options.indexOf(2, options[0] === 4 ? 2 : 0) + 2;
    assert.equal(new DataView(out.buffer).getUint16(at), INNER_MTU - 40);
    assert.equal(tcpChecksum(out), 0);
  }
});

test('an MSS that fits, a segment that is no SYN and broken options are left as they are', () => {
  const small = [2, 4, 0x02, 0x00];
  for (const payload of [
    SYN(small),
    SYN(MSS_FIRST, 0x10),
    SYN([2, 3, 5, 0xb4]),
    SYN([8, 1, 2, 4]),
    SYN([0, 2, 4, 5]),
  ]) {
    const inner = innerPacket({ protocol: 6, payload });
    assert.deepEqual(Uint8Array.from(bench.receive(scion(inner), 1).frame.subarray(14)), inner);
  }
});

test('a packet for another node of the AS goes to its host port, and that node takes it from there', () => {
  const inner = innerPacket();
  const packet = scion(inner, { dstHost: SIBLING.address });
  const run = bench.receive(packet, 1);
  assert.deepEqual([run.reason, run.action], ['TO_SIBLING', XDP_REDIRECT]);
  const { from, to, packet: sent } = openFrame(run.frame);
  assert.deepEqual([from, to], [NODE, { ...SIBLING, port: HOST_PORT }]);
  assert.deepEqual(sent, Uint8Array.from(packet));
  // The other way round: from the sibling's router to this host.
  const arrived = bench.receiveFrame(wrapFrame(SIBLING, { ...NODE, port: HOST_PORT }, scion(inner)), 0);
  assert.deepEqual([arrived.reason, arrived.action], ['DECAPSULATED', XDP_PASS]);
});

test('a host takes packets from the routers of its AS alone, for its AS, and passes none on', () => {
  const to = { ...NODE, port: HOST_PORT };
  const send = (from: typeof NODE, packet: Uint8Array) => bench.receiveFrame(wrapFrame(from, to, packet), 0).reason;
  const packet = scion(innerPacket());
  assert.equal(send({ ...SIBLING, address: '10.2.0.77' }, packet), 'UNDERLAY_SOURCE');
  assert.equal(send({ ...SIBLING, port: 9 }, packet), 'UNDERLAY_SOURCE');
  assert.equal(send(SIBLING, buildPacket({ src: REMOTE, dst: REMOTE, raw: RAW })), 'DESTINATION_IA');
  assert.equal(send(SIBLING, scion(innerPacket(), { dstHost: SIBLING.address })), 'LOCAL_DELIVERY');
});

test('what is for this node but no pod’s packet, or for a host that is no node, is left to a slow path', () => {
  assert.equal(bench.receive(scion(new Uint8Array(8), { nextHeader: 17 }), 1).reason, 'LOCAL_DELIVERY');
  assert.equal(bench.receive(scion(innerPacket(), { dstHost: '10.2.0.99' }), 1).reason, 'LOCAL_DELIVERY');
  assert.equal(bench.receive(scion(innerPacket(), { dstHost: 'fd00::1' }), 1).action, XDP_DROP);
});

test('a probe that is malformed, of an unknown kind, or an answer that nobody asked for is dropped', () => {
  const probe = (kind: number, magic = 0x43696c50) => {
    const payload = new Uint8Array(32);
    new DataView(payload.buffer).setUint32(0, magic);
    payload[7] = kind;
    return bench.receive(scion(payload, { nextHeader: 254 }), 1).reason;
  };
  bench.node.health.reset(0);
  for (const reason of [probe(1, 0), probe(3), probe(2)]) assert.equal(reason, 'PROBE_INVALID');
  assert.equal(bench.receive(scion(new Uint8Array(31), { nextHeader: 254 }), 1).reason, 'PROBE_INVALID');
});
