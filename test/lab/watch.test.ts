import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../../src/emulator/lab.ts';
import { planLab } from '../../src/emulator/plan-lab.ts';
import { run } from '../../src/process/process.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { TRANSPORTS } from '../../src/transports/transports.ts';

test('an agent that can probe no more is told of like a process that died, with its node', async () => {
  const scenario = await loadScenario('scenarios/tiny.yaml');
  const signal = new AbortController().signal;
  const plan = planLab(scenario);
  const lab = await Lab.build(plan, { topology: scenario.topology, detached: false, signal });
  try {
    const attached = await TRANSPORTS.cilion.attach(lab);
    const [cluster] = plan.clusters;
    const path = lab.netns(cluster!.nodes[0]!.namespace);
    // No namespace any more, as far as whoever opens it can tell; taken away again, it is as it was.
    await run(['mount', '--bind', '/dev/null', path]);
    try {
      assert.equal(await lab.watch.hasEnding(), true);
    } finally {
      await run(['umount', path]);
    }
    const { text } = lab.watch.endings[0]!;
    assert.match(text, new RegExp(`^the agent of ${cluster!.name}/${cluster!.nodes[0]!.name} failed: `));
    attached.release();
  } finally {
    await lab.destroy();
  }
});
