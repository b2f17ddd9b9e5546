import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as passTime } from 'node:timers/promises';
import { type Direction, randomState, type WireCounters } from '../../src/emulator/wire/delay-line.ts';
import { checkWires, measureWires, wireMismatches } from '../../src/emulator/wire/measure-wire.ts';
import { type Arrival, type Burst, sendProbes } from '../../src/emulator/wire/probe.ts';
import type { Shape } from '../../src/topology/model.ts';
import { makeWireLab, UNSHAPED, type WireLab } from './wire-fixture.ts';

const SECOND_NS = 1e9;
const shape = (part: Partial<Shape>): Shape => ({ ...UNSHAPED, ...part });

const specs = [
  { link: 'plain', ab: UNSHAPED, ba: UNSHAPED, ringSlots: 0 },
  { link: 'slow', ab: shape({ delayNs: 20e6 }), ba: shape({ delayNs: 5e6, jitterNs: 2e6 }), ringSlots: 4096 },
  { link: 'lossy', ab: shape({ lossPpm: 20_000 }), ba: shape({ delayNs: 1e6, lossPpm: 100_000 }), ringSlots: 4096 },
  { link: 'narrow', ab: shape({ rateBps: 10e6 }), ba: shape({ rateBps: 500e6, delayNs: 2e6 }), ringSlots: 4096 },
  { link: 'cut', ab: shape({ cut: true }), ba: shape({ rateBps: 1e6, lossPpm: 50_000 }), ringSlots: 1024 },
  { link: 'changed', ab: UNSHAPED, ba: UNSHAPED, ringSlots: 4096 },
];

let lab: WireLab;
before(async () => {
  lab = await makeWireLab('w', specs);
});
after(() => lab.close());

function ends(link: string) {
  const i = specs.findIndex((spec) => spec.link === link);
  return { a: { netns: lab.a, ifindex: 1000 + i }, b: { netns: lab.b, ifindex: 1000 + i }, mtu: 1500 };
}

async function send(link: string, bursts: readonly Burst[], patienceNs = 0.1 * SECOND_NS): Promise<Arrival[]> {
  const { a, b } = ends(link);
  const [arrivals] = await sendProbes([{ from: a, to: b }], [{ delay: bursts, loss: [], patienceNs }]);
  return arrivals!;
}

async function countersOf(link: string, direction: Direction): Promise<WireCounters> {
  return (await lab.wires.control.counters())[link]![direction];
}

function every(intervalNs: number, count: number): Burst[] {
  return Array.from({ length: count }, (_, i) => ({ atNs: i * intervalNs, count: 1, length: 60 }));
}

function isAscending(arrivals: readonly Arrival[]): boolean {
  return arrivals.every((arrival, i) => i === 0 || arrival.sequence > arrivals[i - 1]!.sequence);
}

test('every wire delays, loses and limits what its shape says, measured from its ends', async () => {
  assert.deepEqual(await checkWires(specs.map((spec) => ({ ...spec, ...ends(spec.link) }))), []);
});

test('a wire that is not what the file says is reported with a sentence for each difference', async () => {
  const expected = [
    { link: 'plain', ab: shape({ delayNs: 3e6 }), ba: shape({ cut: true }) },
    { link: 'slow', ab: UNSHAPED, ba: shape({ delayNs: 5e6, jitterNs: 2e6, lossPpm: 50_000 }) },
    { link: 'narrow', ab: shape({ rateBps: 12e6 }), ba: shape({ rateBps: 500e6, delayNs: 2e6 }) },
    { link: 'cut', ab: UNSHAPED, ba: UNSHAPED },
  ];
  const wires = expected.map((wire) => ({ ...wire, ...ends(wire.link) }));
  const mismatches = wireMismatches(await measureWires(wires)).join('\n');
  assert.match(mismatches, /^plain ab delays only 0\.0\d\d ms, expected at least 3\.000 ms$/m);
  assert.match(mismatches, /^plain ba is cut, but 15 of 15 frames arrived$/m);
  assert.match(mismatches, /^slow ab delays 20\.\d\d\d ms \(median\), expected 0\.000 ms to 0\.500 ms$/m);
  assert.match(mismatches, /^slow ba loses 0 of 1015 frames, expected 51 ± 29 \(50000 ppm\)$/m);
  assert.match(mismatches, /^narrow ab carries (9\.\d+|10\.\d+) Mbit\/s, expected 12\.000 Mbit\/s ± 5 %$/m);
  assert.match(mismatches, /^cut ab delivers nothing$/m);
});

test('frames that nothing holds up cross at once, without the thread', async () => {
  const before = await lab.wires.control.stats();
  const arrivals = await send('plain', every(0.2e6, 200));
  const delays = arrivals.map((arrival) => arrival.receivedNs - arrival.sentNs).sort((x, y) => x - y);
  assert.equal(arrivals.length, 200);
  assert.ok(delays[100]! < 50e3, `median ${delays[100]} ns`);
  assert.equal((await lab.wires.control.stats()).frames, before.frames);
});

test('an idle delay line uses no CPU', async () => {
  const before = await lab.wires.control.stats();
  await passTime(500);
  const idle = await lab.wires.control.stats();
  assert.deepEqual(idle, before);
});

test('the first frame after a pause is as punctual as any other', async () => {
  const delays: number[] = [];
  for (let i = 0; i < 9; i++) {
    await passTime(20);
    const [first] = await send('slow', every(0, 1));
    delays.push(first!.receivedNs - first!.sentNs);
  }
  delays.sort((x, y) => x - y);
  assert.ok(delays[0]! >= 20e6 && delays[4]! < 20.5e6, `${delays}`);
});

test('which frames a wire loses follows from the seed alone', async () => {
  const frames = 2000;
  const fresh = await makeWireLab('s', [specs[2]!]);
  try {
    const path = { from: { netns: fresh.b, ifindex: 1000 }, to: { netns: fresh.a, ifindex: 1000 } };
    const bursts = Array.from({ length: frames / 50 }, (_, i) => ({ atNs: i * 1e6, count: 50, length: 60 }));
    const [arrivals] = await sendProbes([path], [{ delay: bursts, loss: [], patienceNs: 0.1 * SECOND_NS }]);
    assert.deepEqual(
      arrivals!.map((arrival) => arrival.sequence),
      survivors(fresh.plans[0]!.seed, 'ba', fresh.plans[0]!.ba.lossPpm, frames),
    );
  } finally {
    await fresh.close();
  }
});

/** The same xorshift64 as bpf/wire.bpf.c, written again. */
function survivors(seed: number, direction: Direction, lossPpm: number, frames: number): number[] {
  let x = randomState(seed, direction);
  return Array.from({ length: frames }, (_, i) => i).filter(() => {
    x = BigInt.asUintN(64, x ^ (x << 13n));
    x ^= x >> 7n;
    x = BigInt.asUintN(64, x ^ (x << 17n));
    return ((x >> 32n) * 1_000_000n) >> 32n >= BigInt(lossPpm);
  });
}

test('a shape holds for the next frame once it is set, and frames stay in order while the delay falls', async () => {
  const { control } = lab.wires;
  await control.setShape('changed', 'ab', shape({ delayNs: 30e6 }));
  const sending = send('changed', every(0.1e6, 2000));
  for (const delayNs of [20e6, 10e6, 1e6, 0]) {
    await passTime(30);
    await control.setShape('changed', 'ab', shape({ delayNs }));
  }
  const arrivals = await sending;
  assert.equal(arrivals.length, 2000);
  assert.ok(isAscending(arrivals));
  const last = arrivals.at(-1)!;
  assert.ok(last.receivedNs - last.sentNs < 1e6, `${last.receivedNs - last.sentNs} ns`);
});

test('a cut swallows what is under way and all that follows, in silence; a restored wire carries again', async () => {
  const { control } = lab.wires;
  await control.setShape('changed', 'ab', shape({ delayNs: 0.3 * SECOND_NS }));
  const before = await countersOf('changed', 'ab');
  const underWay = send('changed', [{ atNs: 0, count: 10, length: 60 }], 0.5 * SECOND_NS);
  while ((await countersOf('changed', 'ab')).waiting < 10) await passTime(5);
  await control.setShape('changed', 'ab', shape({ delayNs: 0.3 * SECOND_NS, cut: true }));
  assert.deepEqual(await underWay, []);
  assert.deepEqual(await send('changed', every(0, 5)), []);
  const cut = await countersOf('changed', 'ab');
  assert.equal(cut.dropped.cut - before.dropped.cut, 15);
  assert.equal(cut.packets, before.packets);
  await control.setShape('changed', 'ab', UNSHAPED);
  assert.equal((await send('changed', every(0, 5))).length, 5);
});

test('a frame beyond the queue limit is dropped and counted, and so is one that finds no slot', async () => {
  const { control } = lab.wires;
  // 100 frames of 84 bytes take 67 ms at 1 Mbit/s; a queue of 10 ms holds 14 or 15 of them and one on the wire.
  await control.setShape('changed', 'ab', shape({ rateBps: 1e6, queueNs: 10e6 }));
  const before = await countersOf('changed', 'ab');
  const queued = await send('changed', [{ atNs: 0, count: 100, length: 60 }]);
  const after = await countersOf('changed', 'ab');
  assert.ok(queued.length >= 15 && queued.length <= 17, `${queued.length}`);
  assert.equal(after.dropped.queue - before.dropped.queue, 100 - queued.length);

  await control.setShape('changed', 'ab', shape({ delayNs: 0.1 * SECOND_NS }));
  const held = await send(
    'changed',
    Array.from({ length: 100 }, () => ({ atNs: 0, count: 50, length: 60 })),
    SECOND_NS,
  );
  assert.equal(held.length, 4096);
  assert.equal((await countersOf('changed', 'ab')).dropped.ring - after.dropped.ring, 5000 - 4096);
  await control.setShape('changed', 'ab', UNSHAPED);
});

test('a shape that needs slots is refused on a wire that has none', async () => {
  await assert.rejects(
    lab.wires.control.setShape('plain', 'ab', shape({ delayNs: 1 })),
    /plain ab cannot delay or limit: the plan gave it no ring slots/,
  );
  await assert.rejects(lab.wires.control.setShape('nowhere', 'ab', UNSHAPED), /nowhere has no middle/);
});

test('a wire with a large MTU carries frames of its size', async () => {
  const large = await makeWireLab('l', [
    { link: 'large', ab: shape({ delayNs: 1e6 }), ba: UNSHAPED, ringSlots: 256, mtu: 3000 },
  ]);
  try {
    const path = { from: { netns: large.a, ifindex: 1000 }, to: { netns: large.b, ifindex: 1000 } };
    const bursts = [{ atNs: 0, count: 10, length: 3014 }];
    const [arrivals] = await sendProbes([path], [{ delay: bursts, loss: [], patienceNs: 0.1 * SECOND_NS }]);
    assert.equal(arrivals!.length, 10);
    assert.equal((await large.wires.control.counters())['large']!.ab.bytes, 30_140);
  } finally {
    await large.close();
  }
});
