import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KillingGround } from './killed.ts';

/** Evenly over the building of a lab; the last ones are in the first pass. Those of kill.test.ts are besides. */
const MOMENTS = 8;
const FIRST_TRACE = 'run/cilion';

let ground: KillingGround;
/** Milliseconds from a run's first trace on the machine to the end of its building. */
let span = 0;

before(async () => {
  ground = await KillingGround.start();
  // It also builds what is stale, which is no part of the span.
  await ground.killRun(async (run) => {
    await ground.machine.appears(FIRST_TRACE);
    const since = performance.now();
    await run.printed(/measure the wires/);
    span = performance.now() - since;
  });
  await ground.destroyAll('measured');
});

after(() => ground.machine.end());

for (let moment = 1; moment <= MOMENTS; moment += 1) {
  test(`a run that is killed at moment ${moment} of ${MOMENTS} is taken down whole by destroy`, async () => {
    await ground.killRun(async () => {
      await ground.machine.appears(FIRST_TRACE);
      await delay((span * 1.3 * moment) / MOMENTS);
    });
    await ground.destroyAll(`moment ${moment}`);
  });
}

/** What a destroy does one after another: what dwindles, and how far. */
const UNDOING = [
  ['the first process', 'run/cilion/one/bird/*.pid', 1],
  ['the first namespace', 'run/netns/cil-one-*', 1],
  ['the last namespace', 'run/netns/cil-one-*', Infinity],
] as const;

test('a destroy that is killed as it goes is completed by the next', async () => {
  const { machine } = ground;
  let killed = 0;
  for (const [what, pattern, fewer] of UNDOING) {
    const { code, stderr } = await machine.cilion('up', 'scenarios/tiny.yaml', '--id', 'one', '--transport', 'ip');
    assert.equal(code, 0, stderr);
    const left = Math.max(0, machine.count(pattern) - fewer);
    const destroy = machine.launchCilion('destroy', 'one');
    if (await ground.kill(destroy, () => machine.dwindles(pattern, left))) killed += 1;
    await ground.destroyAll(what);
  }
  assert.ok(killed > 0, 'each was over before it could be killed');
});

test('no BPF program, map or link is left of all that was killed', () => ground.assertNoBpfLeft());
