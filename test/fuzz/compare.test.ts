import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { wrapFrame } from '../golden/frame.ts';
import { allMeetings, NOW } from '../golden/meetings.ts';
import { benchLink, LOOPBACK, RouterBench } from '../golden/router-bench.ts';
import { atBorderRouter } from '../model/border-router.ts';
import { tiny4 } from '../unit/scion/topologies.ts';
import { findDisagreement, type Sample, type Subject } from './compare.ts';
import { XDP_ACTIONS } from './rounds.ts';

await buildAll();
const bench = new RouterBench();

const { router, ingress, packet } = allMeetings(tiny4).find(
  ({ path, ingress }) => path.hops.at(-1)!.ingress !== ingress,
)!;
const { own, remote } = benchLink(ingress);
const frame = wrapFrame(remote, own, packet);
const model = { config: router, ends: benchLink, slowPath: false };
bench.configure(router, NOW);
bench.router.configureDevice(LOOPBACK, 0, ingress);
const subject: Subject = {
  program: bench.router.program,
  actions: XDP_ACTIONS,
  counts: bench.counted.counts,
  prepare: () => bench.setNow(NOW),
};

const right = atBorderRouter(frame, ingress, model, NOW);
const RIGHT: readonly Sample[] = Array.from({ length: 9 }, (_, index) => ({ frame, index, expected: right }));

test('frames that fare as the model says make no disagreement', () => {
  assert.deepEqual(right.reasons, ['FORWARDED']);
  assert.equal(findDisagreement(subject, RIGHT), undefined);
});

test('one frame among many that fares otherwise is found: by its reason, its action, or one bit', () => {
  const flipped = Uint8Array.from(right.frame!);
  flipped[flipped.length - 1]! ^= 1;
  for (const [expected, problem] of [
    [{ ...right, reasons: ['BAD_MAC'] }, /counted .*FORWARDED.* expected .*BAD_MAC/],
    [{ ...right, action: 'drop' }, /action 4, expected drop/],
    [{ ...right, frame: flipped }, /left as [0-9a-f]+\nexpected/],
  ] as const) {
    const found = findDisagreement(subject, RIGHT.with(5, { ...RIGHT[5]!, expected }));
    assert.equal(found?.sample.index, 5);
    assert.match(found.problem, problem);
  }
});
