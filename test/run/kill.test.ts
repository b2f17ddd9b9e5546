import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Machine } from './machine.ts';

const POINTS = 20;
const ARGS = ['run', 'scenarios/tiny.yaml', '--results', '/tmp/results'];

test(`a run that is killed at any of ${POINTS} points is taken down whole by destroy`, async () => {
  const machine = await Machine.start();
  try {
    // The first call of all builds what is stale.
    assert.equal((await machine.cilion('destroy', '--all')).code, 0);
    const before = await machine.photograph();
    const span = await killed(machine, (run) => run.printed(/measure the wires/));
    for (let point = 1; point <= POINTS; point += 1) {
      // The last points are in the first pass.
      const ms = (span * 1.2 * point) / POINTS;
      await killed(machine, () => delay(ms));
      const { code, stderr } = await machine.cilion('destroy', '--all');
      assert.equal(code, 0, `after ${ms.toFixed(0)} ms: ${stderr}`);
      await machine.assertUnchanged(before, `killed after ${ms.toFixed(0)} ms`);
    }
  } finally {
    await machine.end();
  }
});

/** Milliseconds that the run had. */
async function killed(
  machine: Machine,
  moment: (run: ReturnType<Machine['launch']>) => Promise<void>,
): Promise<number> {
  const since = performance.now();
  const run = machine.launchCilion(...ARGS);
  const pid = await machine.programPid(run);
  await moment(run);
  process.kill(pid, 'SIGKILL');
  const ms = performance.now() - since;
  await run.ended;
  return ms;
}
