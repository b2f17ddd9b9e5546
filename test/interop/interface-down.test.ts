import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import type { IsdAs } from '../../src/topology/model.ts';
import { buildTopology } from '../unit/scion/topologies.ts';
import { idleScenario, oneNode, withCilionLab, withIssuers } from './reference-lab.ts';

const LEFT = parseIsdAs('1-ff00:0:111');
const RIGHT = parseIsdAs('1-ff00:0:112');
const [UPPER, LOWER] = ['1-ff00:0:110', '1-ff00:0:120'].map(parseIsdAs) as [IsdAs, IsdAs];
const PATIENCE_MS = 60_000;

/** Either core AS is a way from one cluster to the other. */
const topology = withIssuers(
  buildTopology(
    'two-ways',
    [UPPER, LOWER],
    [
      ['core', `${UPPER}#3`, `${LOWER}#3`],
      ...[UPPER, LOWER].flatMap((core, way) => [
        ['child', `${core}#1`, `${LEFT}#${way + 1}`] as const,
        ['child', `${core}#2`, `${RIGHT}#${way + 1}`] as const,
      ]),
    ],
  ),
);

async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !isTrue(); await setTimeout(50)) {
    assert.ok(performance.now() < deadline, `${what}: not after ${PATIENCE_MS} ms`);
  }
}

test('after a cut, the router before it tells the sender, whose daemon leaves the interface out until it works again', {
  timeout: 300_000,
}, async (t) => {
  const link = topology.links.find(({ a, b }) => a.ia === UPPER && b.ia === RIGHT)!;
  const cut = { event: 'link.cut', at: 0, link: link.id } as const;
  const idle = idleScenario(topology, [oneNode('a', LEFT, [1, 2]), oneNode('b', RIGHT, [1, 2])]);
  await withCilionLab({ ...idle, timeline: [cut] }, async (lab, isWhole) => {
    const crossing = (src: IsdAs, dst: IsdAs) =>
      lab.control
        .paths(src, dst)
        .filter(({ interfaces }) => interfaces.some(({ ia, ifid }) => ia === UPPER && ifid === link.a.ifid)).length;
    assert.deepEqual([lab.control.paths(LEFT, RIGHT).length, crossing(LEFT, RIGHT)], [4, 2]);

    const since = performance.now();
    await lab.wires.reshape(link.id, { cut: true });
    // Only packets that would cross it from here learn of it: those from cluster a.
    await eventually('the daemon of cluster a leaves the interface out', () => crossing(LEFT, RIGHT) === 0);
    t.diagnostic(`left out ${Math.round(performance.now() - since)} ms after the cut`);
    assert.equal(lab.control.paths(LEFT, RIGHT).length, 2);
    await isWhole();

    await lab.wires.restore();
    await eventually('the path is back', () => crossing(LEFT, RIGHT) === 2);
    await isWhole();
  });
});
