import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { outcomeOf } from '../../src/dataplane/counters.ts';
import { openFrame } from './frame.ts';
import { PodBench, TC_ACT_OK, TC_ACT_REDIRECT, TC_ACT_SHOT } from './pod-bench.ts';
import { POD_EGRESS_ROWS, type PodRow, podFrameOf } from './pod-egress.table.ts';
import { reference } from './reference/packets.ts';
import { benchLink } from './router-bench.ts';
import { hex } from './row.ts';

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
