import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from '../../src/process/process.ts';
import { makeWireLab, UNSHAPED, type WireLab } from './wire-fixture.ts';

let lab: WireLab;

before(async () => {
  lab = await makeWireLab('one', [
    { link: 'plain', ab: UNSHAPED, ba: UNSHAPED, ringSlots: 0 },
    { link: 'slow', ab: { ...UNSHAPED, delayNs: 10e6 }, ba: { ...UNSHAPED, delayNs: 20e6 }, ringSlots: 1024 },
  ]);
});

after(() => lab.close());

test('ping', async () => {
  console.log(lab.wires.ready);
  console.log((await run(['ping', '-c', '5', '-i', '0.2', '10.9.0.2'], { netns: lab.a })).stdout);
  console.log((await run(['ping', '-c', '5', '-i', '0.2', '10.9.1.2'], { netns: lab.a })).stdout);
  console.log(JSON.stringify(await lab.wires.control.counters(), null, 1), await lab.wires.control.stats());
  assert.ok(true);
});
