import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { buildPacket } from '../model/packets.ts';
import type { RouterConfig } from '../model/router.ts';
import { craftPath } from './crafted-path.ts';
import { innerPacket, TCP, tcpChecksum, tcpSegment } from './inner.ts';
import { NODE, NodeBench } from './node-bench.ts';

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

function scion(payload: Uint8Array, options: { dstHost?: string; nextHeader?: number } = {}): Uint8Array {
  return buildPacket({ src: REMOTE, dst: HERE, raw: RAW, dstHost: NODE.address, payload, ...options });
}

const MSS_FIRST = [2, 4, 0x05, 0xb4];
test('the MSS of a SYN is lowered to what the way back takes, and the checksum stays right', () => {
  // In front, behind a NOP (at an odd offset), and behind other options.
  for (const options of [
    [...MSS_FIRST, 1, 1, 4, 2],
    [1, ...MSS_FIRST, 1, 4, 2],
    [4, 2, 1, 3, 3, 7, ...MSS_FIRST, 1, 1],
  ]) {
    const inner = innerPacket({ protocol: TCP, payload: tcpSegment(options) });
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
    tcpSegment(small),
    tcpSegment(MSS_FIRST, 0x10),
    tcpSegment([2, 3, 5, 0xb4]),
    tcpSegment([8, 1, 2, 4]),
    tcpSegment([0, 2, 4, 5]),
  ]) {
    const inner = innerPacket({ protocol: TCP, payload });
    assert.deepEqual(Uint8Array.from(bench.receive(scion(inner), 1).frame.subarray(14)), inner);
  }
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
