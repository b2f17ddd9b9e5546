import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { outcomeOf } from '../../src/dataplane/counters.ts';
import { pathHeader } from '../../src/dataplane/path-header.ts';
import { decodePacket } from '../../src/scion/header.ts';
import { craftPath } from './crafted-path.ts';
import { cutTo } from './edits.ts';
import { openFrame } from './frame.ts';
import { innerPacket, podFrame } from './inner.ts';
import {
  INNER_MTU,
  LATER,
  NODE_HOST,
  PodBench,
  REMOTE_HOST,
  TC_ACT_OK,
  TC_ACT_REDIRECT,
  TC_ACT_SHOT,
} from './pod-bench.ts';
import { POD_EGRESS_ROWS, type PodRow, podFrameOf } from './pod-egress.table.ts';
import { reference } from './reference/packets.ts';
import { benchLink } from './router-bench.ts';
import { DST, HERE, hex, KEY, TIMESTAMP } from './row.ts';

await buildAll();
const bench = new PodBench();
bench.setPaths({ paths: [{ id: 0 }] });

function actionOf(reason: PodRow['reason']): number {
  if (reason === 'NONE') return TC_ACT_OK;
  return outcomeOf(reason) === 'done' ? TC_ACT_REDIRECT : TC_ACT_SHOT;
}

/** FlowID says which flow it is; the reference's packets have 1 there. */
function withFlowId1(packet: Uint8Array): string {
  const same = Uint8Array.from(packet);
  new DataView(same.buffer).setUint32(0, 1);
  return hex(same);
}

for (const row of POD_EGRESS_ROWS) {
  test(`${row.name}: ${row.reason}`, () => {
    const frame = podFrameOf(row);
    bench.setSegmented(row.segmented ?? false);
    const run = bench.send(frame, row.gsoSize);
    assert.deepEqual([run.reason, run.action], [row.reason, actionOf(row.reason)]);
    assert.equal(run.packets, row.reason === 'NONE' ? 0 : (row.packets ?? 1));
    if (row.reason === 'NONE') assert.equal(hex(run.frame), hex(frame), 'as it came');
    if (row.reason !== 'ENCAPSULATED') return;
    const { from, to, packet } = openFrame(run.frame);
    assert.deepEqual({ own: from, remote: to }, { own: benchLink(1).own, remote: benchLink(1).remote });
    assert.equal(withFlowId1(packet), reference.packets[row.name]?.out);
  });
}

test('pod: a packet cut at every byte is the kernel’s, out of the segmenter it is dropped, and it leaves whole', () => {
  const row = POD_EGRESS_ROWS.find(({ name }) => name === 'pod: a packet of odd length')!;
  const frame = podFrameOf(row);
  for (const segmented of [false, true]) {
    bench.setSegmented(segmented);
    // BPF_PROG_RUN takes no IPv4 frame without room for an IP header.
    for (let length = 34; length <= frame.length; length++) {
      const { reason, action } = bench.send(cutTo(length)(frame));
      const refused = segmented ? (['INNER_MALFORMED', TC_ACT_SHOT] as const) : (['NONE', TC_ACT_OK] as const);
      const expected = length < frame.length ? refused : (['ENCAPSULATED', TC_ACT_REDIRECT] as const);
      assert.deepEqual([reason, action], expected, `${length} of ${frame.length} bytes, segmented ${segmented}`);
    }
  }
});

test('pod: the longest headers there are, of 64 hop fields in three segments, stand before a packet', () => {
  bench.setSegmented(false);
  const { own, remote } = benchLink(1);
  const hops = (count: number) => Array.from({ length: count }, () => [1, 2] as const);
  const segments = [31, 2, 31].map((count, index) => ({ consDir: index > 0, hops: hops(count) }));
  const raw = craftPath({ segments, currHf: 0, fromInside: true, timestamp: TIMESTAMP }, KEY);
  assert.equal(raw.length, 796);
  const ends = { srcIa: HERE, dstIa: DST, srcHost: NODE_HOST, dstHost: REMOTE_HOST };
  const header = pathHeader({ ...ends, raw, own, remote, ownLink: true });
  bench.node.setPath(0, { header, ifindex: 40, ifid: 1, innerMtu: INNER_MTU, expiry: LATER });
  const inner = innerPacket({ payload: new Array<number>(INNER_MTU - 20).fill(5) });
  const run = bench.send(podFrame(inner));
  bench.setPath(0);
  assert.deepEqual([run.reason, run.action], ['ENCAPSULATED', TC_ACT_REDIRECT]);
  const { packet } = openFrame(run.frame);
  assert.equal(packet.length, 36 + 796 + inner.length);
  assert.deepEqual(decodePacket(packet).payload.subarray(20), inner.subarray(20));
});
