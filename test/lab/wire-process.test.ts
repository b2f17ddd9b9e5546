import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sendProbes } from '../../src/emulator/wire/probe.ts';
import { startWireProcess, WireControl } from '../../src/emulator/wire/wire-control.ts';
import type { Shape } from '../../src/topology/model.ts';
import { makeWireLab, UNSHAPED, type WireLab } from './wire-fixture.ts';

const DELAYED: Shape = { ...UNSHAPED, delayNs: 1e6 };

async function withLab(id: string, wires: number, body: (lab: WireLab) => Promise<void>): Promise<void> {
  const specs = Array.from({ length: wires }, (_, i) => ({ link: `l${i}`, ab: DELAYED, ba: UNSHAPED, ringSlots: 64 }));
  const lab = await makeWireLab(id, specs);
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}

test('the process goes on without the connection that started it, and a later one finds it', () =>
  withLab('p', 1, async (lab) => {
    lab.wires.control.close();
    const again = await WireControl.connect(path.join(lab.folder, 'control'));
    await again.ping();
    again.close();
  }));

test('the process ends with the connection that owns it', () =>
  withLab('q', 1, async (lab) => {
    await lab.wires.control.own();
    lab.wires.control.close();
    assert.deepEqual(await lab.wires.running.exited, { code: 0, signal: null });
  }));

test('when the process has ended, pending and later requests fail with what happened, and plain wires go on', () =>
  withLab('r', 1, async (lab) => {
    await lab.wires.running.stop();
    await assert.rejects(lab.wires.control.ping(), /the process that runs the wires is gone/);
    const path = { from: { netns: lab.b, ifindex: 1000 }, to: { netns: lab.a, ifindex: 1000 } };
    const delay = [{ atNs: 0, count: 5, length: 60 }];
    const [arrivals] = await sendProbes([path], [{ delay, loss: [], patienceNs: 0.1e9 }]);
    assert.equal(arrivals!.length, 5);
  }));

test('a process that cannot start says why in its log', () =>
  withLab('t', 1, async (lab) => {
    const plan = { ...lab.plans[0]!, link: 'jumbo', mtu: 9000 };
    const at = (name: string) => path.join(lab.folder, name);
    const config = { netns: lab.middle, pins: at('bpf/other'), socket: at('other'), wires: [plan], captureBytes: 0 };
    await assert.rejects(
      startWireProcess(config, { config: at('other.json'), log: at('other.log') }),
      /the process that runs the wires ended at once \(3\)/,
    );
    assert.match(readFileSync(at('other.log'), 'utf8'), /the MTU of jumbo is 9000/);
  }));

test('a hundred and fifty wires are up in a second and counted in less than ten milliseconds', () =>
  withLab('u', 150, async (lab) => {
    assert.equal(lab.wires.ready.wires, 150);
    assert.ok(lab.wires.ready.startMs < 1000, `${lab.wires.ready.startMs} ms`);
    await lab.wires.control.counters();
    const begun = performance.now();
    for (let i = 0; i < 10; i++) await lab.wires.control.counters();
    assert.ok((performance.now() - begun) / 10 < 10, `${(performance.now() - begun) / 10} ms`);
  }));
