import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleProbes } from '../../src/emulator/wire/probe.ts';
import { MAX_WIRE_MTU, needsRing, objectFor, shapeFields } from '../../src/emulator/wire/shape.ts';
import type { Shape } from '../../src/topology/model.ts';

const UNSHAPED: Shape = { delayNs: 0, jitterNs: 0, lossPpm: 0, rateBps: 0, queueNs: 0, cut: false };

test('the time of a byte is right to 1e-5 from 1 kbit/s to 100 Gbit/s', () => {
  for (const rateBps of [1e3, 64e3, 1e6, 33.3e6, 1e9, 10e9, 100e9]) {
    const ns = shapeFields({ ...UNSHAPED, rateBps }).byte_time / 2 ** 20;
    assert.ok(Math.abs((ns * rateBps) / 8e9 - 1) < 1e-5, `${rateBps}`);
  }
});

test('a queue that the shape leaves open holds 50 ms', () => {
  assert.equal(shapeFields({ ...UNSHAPED, rateBps: 1e6 }).queue_ns, 50e6);
  assert.equal(shapeFields({ ...UNSHAPED, rateBps: 1e6, queueNs: 3e6 }).queue_ns, 3e6);
});

test('what no wire can do is refused with the value', () => {
  assert.throws(() => shapeFields({ ...UNSHAPED, jitterNs: 5e9 }), /a jitter of 5000000000 ns is more than 4.29 s/);
  assert.throws(() => shapeFields({ ...UNSHAPED, lossPpm: 1_000_001 }), /1000001 ppm is more than everything/);
  assert.throws(() => shapeFields({ ...UNSHAPED, delayNs: -1 }), /delayNs of a wire is -1/);
  assert.throws(() => shapeFields({ ...UNSHAPED, rateBps: Number.NaN }), /rateBps of a wire is NaN/);
});

test('only delay, jitter and rate make frames wait', () => {
  assert.equal(needsRing({ ...UNSHAPED, lossPpm: 5, cut: true }), false);
  for (const part of [{ delayNs: 1 }, { jitterNs: 1 }, { rateBps: 1 }]) assert.ok(needsRing({ ...UNSHAPED, ...part }));
});

test('an MTU decides the object, and one that no live frame can carry is an error with the link', () => {
  assert.equal(objectFor([{ link: 'x', mtu: 1500 }]), 'wire');
  assert.equal(
    objectFor([
      { link: 'x', mtu: 1500 },
      { link: 'y', mtu: 1600 },
    ]),
    'wire_large',
  );
  assert.equal(objectFor([{ link: 'x', mtu: MAX_WIRE_MTU }]), 'wire_large');
  assert.throws(() => objectFor([{ link: 'big', mtu: 9000 }]), /the MTU of big is 9000, .* carries at most 3502/);
});

test('probe frames of a rate-limited direction never fill more than its queue', () => {
  for (const [rateBps, queueNs] of [
    [64e3, 0],
    [1e6, 10e6],
    [10e6, 0],
    [1e9, 0],
    [1e9, 1e6],
  ] as const) {
    const shape = { ...UNSHAPED, rateBps, queueNs, lossPpm: 1000 };
    const [schedule] = scheduleProbes([{ shape, mtu: 1500 }]);
    let busyUntil = 0;
    const bursts = [...schedule!.delay, ...schedule!.loss, ...(schedule!.rate === undefined ? [] : [schedule!.rate])];
    for (const { atNs, count, length } of bursts) {
      for (let i = 0; i < count; i++) {
        const start = Math.max(atNs, busyUntil);
        assert.ok(start - atNs <= (queueNs === 0 ? 50e6 : queueNs), `${rateBps} bit/s, ${queueNs} ns`);
        busyUntil = start + ((length + 24) * 8e9) / rateBps;
      }
    }
  }
});

test('measuring eighty lossy, rate-limited directions is scheduled to take less than a second and a half', () => {
  const shape = { ...UNSHAPED, delayNs: 20e6, lossPpm: 1000, rateBps: 1e9 };
  const schedules = scheduleProbes(Array.from({ length: 80 }, () => ({ shape, mtu: 1500 })));
  assert.ok(Math.max(...schedules.map((schedule) => schedule.rate!.atNs)) < 1.4e9);
});
