import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layers, treeInternet, treeScenario } from '../../../src/bench/bringup-topology.ts';
import { chainScenario } from '../../../src/bench/chain-topology.ts';
import { bringupSettings } from '../../../src/bench/run-bringup.ts';
import { goodputSettings } from '../../../src/bench/run-goodput.ts';
import { planLab } from '../../../src/emulator/plan-lab.ts';
import { CilionError } from '../../../src/errors.ts';
import { computedControlPlane } from '../../../src/scion/control-plane.ts';

const OPTIONS = { controlPlane: 'computed', seed: 1 } as const;
const VALIDITY = { timestamp: 1_750_000_000, expirySeconds: 3600 };

for (const transits of [0, 1, 2, 4]) {
  test(`the only path over a chain of ${transits} leads through ${transits} transit ASes, and no wire has a middle`, () => {
    const scenario = chainScenario(transits, OPTIONS);
    const plan = planLab(scenario);
    const [left, right] = plan.clusters;
    const paths = computedControlPlane(scenario.topology, 1, VALIDITY).paths(left!.ia, right!.ia);
    assert.deepEqual(
      paths.map(({ hops }) => hops.length),
      [transits + 2],
    );
    assert.deepEqual(plan.wires, []);
    assert.equal(plan.links.length, transits + 1);
    // A router's or node's namespace an AS, and two pods.
    assert.equal(plan.namespaces.length, transits + 4);
  });
}

for (const ases of [3, 4, 5, 12, 16, 36, 64, 256]) {
  test(`an internet of ${ases} ASes has so many, is sound and joins its first and last cluster`, () => {
    const scenario = treeScenario(ases, 2, OPTIONS);
    assert.equal(scenario.topology.ases.length, ases);
    const [first, last] = planLab(scenario).clusters;
    const paths = computedControlPlane(scenario.topology, 1, VALIDITY).paths(first!.ia, last!.ia);
    assert.ok(paths.length > 0);
    assert.deepEqual(treeInternet(ases, 2), treeInternet(ases, 2));
  });
}

test('as many edge ASes are clusters as are asked for, and all of them at most', () => {
  const { edges } = layers(16);
  assert.equal(Object.keys(treeInternet(16, 5).clusters).length, 5);
  assert.equal(Object.keys(treeInternet(16, 1000).clusters).length, edges);
});

test('options of the benches over chains are numbers in range and subjects that there are', () => {
  assert.deepEqual(goodputSettings({ transits: '3,0,3', flows: '4' }).transits, [0, 3]);
  for (const options of [{ transits: '9' }, { flows: '0' }, { seconds: 'x' }, { subjects: 'ip,vxlam' }]) {
    assert.throws(() => goodputSettings(options), { name: CilionError.name, exitCode: 2 }, JSON.stringify(options));
  }
  assert.deepEqual(goodputSettings({ subjects: 'cilion,ip' }).subjects, ['ip', 'cilion']);
});

test('bringup builds what sizes say, and refuses to build nothing', () => {
  assert.deepEqual(bringupSettings({ sizes: '64,4', referenceSizes: 'none' }).sizes, {
    computed: [4, 64],
    reference: [],
  });
  assert.throws(() => bringupSettings({ sizes: 'none', referenceSizes: 'none' }), { exitCode: 2 });
  assert.throws(() => bringupSettings({ referenceSizes: '2' }), { exitCode: 2, message: /^--reference-sizes: "2"/ });
});
