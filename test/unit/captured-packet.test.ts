import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedPacket } from '../../src/scenario/captured-packet.ts';
import { wrapFrame } from '../golden/frame.ts';
import { innerPacket, TCP } from '../golden/inner.ts';
import { straight } from '../golden/paths.ts';
import { benchLink } from '../golden/router-bench.ts';
import { packetOf } from '../golden/row.ts';

const { own, remote, ifid, ifindex } = benchLink(1);
const PORT = { ...own, ia: 'of nobody' as never, ifid, ifindex, namespace: 'as', device: 'if1' };
const UDP_INNER = innerPacket({ payload: new Array<number>(40).fill(7) });

function captured(inner: Uint8Array, options: { nextHeader?: number; keep?: number } = {}) {
  const { nextHeader = 253, keep } = options;
  const frame = wrapFrame(remote, own, packetOf({ path: straight(true), payload: [...inner], nextHeader }));
  return capturedPacket({ timeNs: 1n, originalLength: frame.length, bytes: frame.subarray(0, keep) }, PORT);
}

test('a pod’s UDP in SCION is found whole in its frame', () => {
  assert.deepEqual(captured(UDP_INNER)?.inner, UDP_INNER);
});

test('a pod’s TCP, a probe, a packet that was cut off, one too short to be told from others: none is sent again', () => {
  assert.equal(captured(innerPacket({ protocol: TCP, payload: new Array<number>(40).fill(7) })), undefined);
  assert.equal(captured(UDP_INNER, { nextHeader: 254 }), undefined);
  assert.equal(captured(UDP_INNER, { keep: 120 }), undefined);
  assert.equal(captured(innerPacket({ payload: [0, 1, 2, 3, 0, 8, 0, 0] })), undefined);
});

test('no other frame is taken for one', () => {
  const bytes = new Uint8Array(300).fill(0x45);
  assert.equal(capturedPacket({ timeNs: 1n, originalLength: 300, bytes }, PORT), undefined);
  assert.equal(capturedPacket({ timeNs: 1n, originalLength: 20, bytes: bytes.subarray(0, 20) }, PORT), undefined);
});
