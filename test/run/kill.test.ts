import { after, before, test } from 'node:test';
import { KillingGround } from './killed.ts';

let ground: KillingGround;

before(async () => {
  ground = await KillingGround.start();
});

after(() => ground.machine.end());

/** Files that a run makes one after another. */
const TRACES = [
  'run/cilion',
  'run/cilion/*',
  'run/cilion/*/owner.json',
  'run/cilion/*/work',
  'run/cilion/*/topology.json',
  'run/cilion/*/plan.json',
  'run/cilion/*/journal.ndjson',
  'run/netns/cil-*',
  'run/netns/cil-*-wires',
  'run/cilion/*/wires/config.json',
  'run/cilion/*/bird/*.conf',
  'run/cilion/*/bird/*.ctl',
  'run/cilion/*/wires/control',
  'run/cilion/*/work/*',
];

for (const trace of TRACES) {
  test(`a run that is killed as ${trace} appears is taken down whole by destroy`, async () => {
    await ground.killRun(() => ground.machine.appears(trace));
    await ground.destroyAll(trace);
  });
}

test('a run that is killed as its bundle appears is taken down whole by destroy', async () => {
  await ground.killRun((_run, results) => ground.machine.appears(`${results}/*`));
  await ground.destroyAll('bundle');
});

test('no BPF program, map or link is left of all the runs that were killed', () => ground.assertNoBpfLeft());
