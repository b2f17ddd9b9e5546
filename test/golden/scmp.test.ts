import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import type { InterfaceDown } from '../../src/dataplane/node.ts';
import { PROTOCOL_SCMP } from '../../src/scion/header.ts';
import { isdAsToBigint, parseIsdAs } from '../../src/scion/isd-as.ts';
import { buildPacket } from '../model/packets.ts';
import { craftPath } from './crafted-path.ts';
import { NODE, NodeBench } from './node-bench.ts';

await buildAll();
const bench = new NodeBench();
const TIMESTAMP = 1_700_000_000;
const KEY = new Uint8Array(16).fill(3);
const [HERE, REMOTE, BETWEEN] = ['1-ff00:0:112', '1-ff00:0:111', '1-ff00:0:110'].map(parseIsdAs) as [
  ReturnType<typeof parseIsdAs>,
  ReturnType<typeof parseIsdAs>,
  ReturnType<typeof parseIsdAs>,
];
bench.configure(
  { ia: HERE, forwardingKey: KEY, interfaces: new Map([[1, { neighbour: 'parent', up: true }]]) },
  TIMESTAMP + 1,
);
const heard: InterfaceDown[] = [];
const ring = bench.node.watchInterfaces((down) => heard.push(down));
after(() => ring.close());

/** At the last hop field of a path that ends here. */
const hops: [number, number][] = [
  [0, 9],
  [1, 0],
];
const RAW = craftPath({ segments: [{ consDir: true, hops }], currHf: 1, timestamp: TIMESTAMP }, KEY);

/** What this node sent, as a router quotes it. */
const OWN = buildPacket({ src: HERE, dst: REMOTE, raw: RAW, srcHost: NODE.address });

/** Type, code and checksum, then the ISD-AS and its interfaces, then the quote. */
function message(type: number, interfaces: readonly number[], quote: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + interfaces.length * 8 + quote.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  view.setBigUint64(4, isdAsToBigint(BETWEEN));
  interfaces.forEach((ifid, index) => {
    view.setBigUint64(12 + index * 8, BigInt(ifid));
  });
  bytes.set(quote, bytes.length - quote.length);
  return bytes;
}

function receive(payload: Uint8Array): { reason: string | undefined; heard: InterfaceDown[] } {
  heard.length = 0;
  const packet = buildPacket({
    src: BETWEEN,
    dst: HERE,
    raw: RAW,
    dstHost: NODE.address,
    nextHeader: PROTOCOL_SCMP,
    payload,
  });
  const { reason, action } = bench.receive(packet, 1);
  assert.equal(action, 1, 'dropped');
  ring.poll();
  return { reason, heard: [...heard] };
}

test('that an interface is down is told to user space, with its AS and number', () => {
  assert.deepEqual(receive(message(5, [7], OWN)), {
    reason: 'INTERFACE_DOWN_HEARD',
    heard: [{ ia: BETWEEN, ifid: 7 }],
  });
});

test('that two routers of an AS do not reach each other is told with the interface that the packet entered by', () => {
  assert.deepEqual(receive(message(6, [7, 8], OWN)), {
    reason: 'INTERFACE_DOWN_HEARD',
    heard: [{ ia: BETWEEN, ifid: 7 }],
  });
});

test('a quote may be cut short behind its addresses, and not before', () => {
  assert.equal(receive(message(5, [7], OWN.subarray(0, 36))).heard.length, 1);
  for (const length of [0, 8, 28, 35]) {
    assert.deepEqual(receive(message(5, [7], OWN.subarray(0, length))), { reason: 'LOCAL_DELIVERY', heard: [] });
  }
});

test('a message about a packet that this node cannot have sent is no news', () => {
  const foreign = buildPacket({ src: HERE, dst: REMOTE, raw: RAW, srcHost: '10.2.0.9' });
  const elsewhere = buildPacket({ src: REMOTE, dst: HERE, raw: RAW, srcHost: NODE.address });
  for (const quote of [foreign, elsewhere]) {
    assert.deepEqual(receive(message(5, [7], quote)), { reason: 'LOCAL_DELIVERY', heard: [] });
  }
});

test('other SCMP messages are for a slow path', () => {
  for (const type of [1, 2, 4, 128, 129]) assert.equal(receive(message(type, [7], OWN)).reason, 'LOCAL_DELIVERY');
  assert.equal(receive(Uint8Array.of(5, 0, 0, 0)).reason, 'LOCAL_DELIVERY');
});
