import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { TC_ACTIONS, XDP_ACTIONS } from '../fuzz/rounds.ts';
import type { RouterConfig } from '../model/router.ts';
import { FOUND, type FoundRouter, type FoundRow } from './found.table.ts';
import { NodeBench } from './node-bench.ts';
import { POD, POLICY, PodBench } from './pod-bench.ts';
import { setRemotePods } from './remote-pods.ts';
import { RouterBench, type Run } from './router-bench.ts';
import { hex } from './row.ts';

await buildAll();
const router = new RouterBench();
const node = new NodeBench();
setRemotePods(node);
const pod = new PodBench();

function configOf({ ia, forwardingKey, interfaces }: FoundRouter): RouterConfig {
  return { ia: parseIsdAs(ia), forwardingKey: Buffer.from(forwardingKey, 'hex'), interfaces: new Map(interfaces) };
}

function receive(row: FoundRow): Run {
  const frame = Buffer.from(row.frame, 'hex');
  switch (row.program) {
    case 'border_router':
      router.configure(configOf(row.router), row.now, { slowPath: row.slowPath });
      return router.receiveFrame(frame, row.ingress);
    case 'node_wan':
      node.configure(configOf(row.router), row.now);
      return node.receiveFrame(frame, row.ingress);
    case 'pod_egress':
      pod.setPaths(row.set);
      pod.node.setPathSet(POLICY, 1, { ...row.set, paths: row.set.paths.slice(-1) });
      pod.node.setPodPolicies(new Map([[POD, POLICY]]));
      for (const id of row.down) pod.node.health.setDown(id, true);
      pod.setSegmented(row.segmented);
      return pod.send(frame);
  }
}

for (const row of FOUND) {
  test(`${row.program}: ${row.name} fares as it should`, () => {
    const actions = row.program === 'pod_egress' ? TC_ACTIONS : XDP_ACTIONS;
    const run = receive(row);
    assert.deepEqual([run.reason, run.action], [row.reasons[0] ?? 'NONE', actions[row.action]]);
    if (row.out !== undefined) assert.equal(hex(run.frame), row.out);
  });
}
