import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Lab } from '../../src/emulator/lab.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import type { Scenario } from '../../src/scenario/model.ts';
import { idleScenario, oneNode, twoWays } from './reference-lab.ts';

const [A, B] = ['1-ff00:0:111', '1-ff00:0:112'] as const;

function scenarioOf(seed: number): Scenario {
  const { topology } = twoWays();
  const [a, b] = [A, B].map((ia) => topology.ases.find((as) => as.ia === ia)!.ia);
  const clusters = [oneNode('a', a!, [1, 2]), oneNode('b', b!, [1, 2])];
  return { ...idleScenario(topology, clusters), controlPlane: 'reference', seed };
}

/** When what the lab began with was learned, and the paths between its clusters. */
async function learned(keptStates: string, seed = 7): Promise<{ before: Date | undefined; paths: string[] }> {
  const scenario = scenarioOf(seed);
  const { topology } = scenario;
  const { signal } = new AbortController();
  const lab = await Lab.build(planLab(scenario), { topology, detached: false, signal, keptStates });
  try {
    await lab.learnPaths();
    const [a, b] = scenario.clusters.map(({ ia }) => ia);
    const paths = lab.control.paths(a!, b!).map(({ fingerprint }) => fingerprint);
    assert.deepEqual(lab.reference?.crashes, []);
    return { before: lab.reference?.learnedBefore, paths };
  } finally {
    await lab.destroy();
  }
}

test('a lab begins with what one of the same configuration has learned, while that is young', async () => {
  const keptStates = mkdtempSync(join(tmpdir(), 'cilion-kept-'));
  try {
    const first = await learned(keptStates);
    assert.equal(first.before, undefined);
    assert.equal(first.paths.length, 2);
    const [kept] = readdirSync(keptStates);
    assert.ok(kept !== undefined);

    const second = await learned(keptStates);
    assert.ok(second.before !== undefined);
    assert.deepEqual(second.paths, first.paths);

    // Another seed, other keys: nothing of it would hold.
    const other = await learned(keptStates, 8);
    assert.equal(other.before, undefined);
    assert.equal(readdirSync(keptStates).length, 2);

    // Segments live for six hours, a lab for some of these.
    const old = new Date(Date.now() - 3 * 3_600_000);
    writeFileSync(join(keptStates, kept, 'learned-at'), old.toISOString());
    assert.equal((await learned(keptStates)).before, undefined);
  } finally {
    rmSync(keptStates, { recursive: true });
  }
});
