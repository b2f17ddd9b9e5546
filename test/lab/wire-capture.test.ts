import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type PcapPacket, readPcap } from '../../src/emulator/wire/pcap.ts';
import { sendProbes } from '../../src/emulator/wire/probe.ts';
import { run } from '../../src/process/process.ts';
import { makeWireLab, UNSHAPED, type WireLab } from './wire-fixture.ts';

const LINK = '1-ff00:0:110#1--1-ff00:0:111#41';
let lab: WireLab;

before(async () => {
  const ab = { ...UNSHAPED, delayNs: 10e6 };
  lab = await makeWireLab('c', [{ link: LINK, ab, ba: { ...UNSHAPED, lossPpm: 300_000 }, ringSlots: 4096 }]);
});
after(() => lab.close());

function read(file: string): Promise<PcapPacket[]> {
  return Array.fromAsync(readPcap(file));
}

async function sendBothWays(count: number) {
  const [a, b] = [lab.a, lab.b].map((netns) => ({ netns, ifindex: 1000 })) as [
    { netns: string; ifindex: number },
    { netns: string; ifindex: number },
  ];
  const chunks = Array.from({ length: count / 50 }, (_, i) => ({ atNs: i * 1e6, count: 50, length: 400 }));
  const schedule = { delay: chunks, loss: [], patienceNs: 0.1e9 };
  return sendProbes(
    [
      { from: a, to: b },
      { from: b, to: a },
    ],
    [schedule, schedule],
  );
}

test('a capture holds each delivered frame of each direction, in order, at the time it left the wire', async () => {
  const { control } = lab.wires;
  const begun = BigInt(Date.now()) * 1_000_000n;
  const files = await control.startCapture({ link: LINK, directory: path.join(lab.folder, 'one'), snapLength: 100 });
  const [ab, ba] = await sendBothWays(1000);
  const report = await control.stopCapture(LINK);
  const ended = BigInt(Date.now() + 1) * 1_000_000n;

  assert.equal(path.basename(files.ab), '1-ff00_0_110_1--1-ff00_0_111_41.ab.pcap');
  for (const [direction, arrivals] of [
    ['ab', ab!],
    ['ba', ba!],
  ] as const) {
    const packets = await read(files[direction]);
    assert.deepEqual(report[direction], { file: files[direction], packets: arrivals.length, missed: 0 });
    // Bytes 20 to 23 of a probe frame are its number.
    const numbers = packets.map(({ bytes }) => Buffer.from(bytes).readUInt32LE(20));
    assert.deepEqual(
      numbers,
      arrivals.map((arrival) => arrival.sequence),
    );
    assert.ok(packets.every((packet) => packet.originalLength === 400 && packet.bytes.length === 100));
    assert.ok(packets.every((packet) => packet.timeNs >= begun && packet.timeNs <= ended));
    // Bytes 24 to 31 say when it was sent, on the wall clock.
    const delays = packets.map(({ timeNs, bytes }) => Number(timeNs - Buffer.from(bytes).readBigInt64LE(24)));
    const least = direction === 'ab' ? 10e6 : 0;
    assert.ok(
      delays.every((delay) => delay >= least - 10e3),
      `${Math.min(...delays)} ns`,
    );
  }
  assert.equal(ab!.length, 1000);
  assert.ok(ba!.length < 1000);
});

test('Wireshark reads the files', async () => {
  const { control } = lab.wires;
  const files = await control.startCapture({ link: LINK, directory: path.join(lab.folder, 'two'), snapLength: 65535 });
  await run(['ping', '-c', '3', '-i', '0.01', '10.9.0.2'], { netns: lab.a }).catch(() => {});
  await control.stopCapture(LINK);
  const argv = [
    'tshark',
    '-r',
    files.ab,
    '-Y',
    'icmp',
    '-T',
    'fields',
    '-e',
    'ip.src',
    '-e',
    'icmp.type',
    '-e',
    'frame.len',
  ];
  const { stdout } = await run(argv);
  assert.deepEqual(stdout.trim().split('\n'), Array(3).fill('10.9.0.1\t8\t98'));
});

test('files can be switched while frames flow, and no frame is in neither or both', async () => {
  const { control } = lab.wires;
  const request = (name: string) => ({ link: LINK, directory: path.join(lab.folder, name), snapLength: 64 });
  const before = (await control.counters())[LINK]!.ab.packets;
  const first = await control.startCapture(request('three'));
  await sendBothWays(50);
  await control.stopCapture(LINK);
  const second = await control.startCapture(request('four'));
  await sendBothWays(100);
  await control.stopCapture(LINK);
  await sendBothWays(50);
  assert.equal((await read(first.ab)).length, 50);
  assert.equal((await read(second.ab)).length, 100);
  assert.equal((await control.counters())[LINK]!.ab.packets - before, 200);
});

test('frames that overflow the ring of captured frames are counted as missed, never passed over', async () => {
  const small = await makeWireLab('o', [{ link: 'x', ab: UNSHAPED, ba: UNSHAPED, ringSlots: 0 }], {
    captureBytes: 4096,
  });
  try {
    const { control } = small.wires;
    await control.startCapture({ link: 'x', directory: path.join(small.folder, 'p'), snapLength: 1000 });
    const [a, b] = [small.a, small.b].map((netns) => ({ netns, ifindex: 1000 }));
    const delay = [{ atNs: 0, count: 50, length: 1000 }];
    const [arrivals] = await sendProbes([{ from: a!, to: b! }], [{ delay, loss: [], patienceNs: 0.1e9 }]);
    const { ab } = await control.stopCapture('x');
    assert.equal(arrivals!.length, 50);
    assert.equal(ab.packets + ab.missed, 50);
    assert.ok(ab.missed > 0);
    assert.equal((await read(ab.file)).length, ab.packets);
  } finally {
    await small.close();
  }
});

test('a second capture of a link, or one over an existing file, is refused', async () => {
  const { control } = lab.wires;
  const request = { link: LINK, directory: path.join(lab.folder, 'five'), snapLength: 64 };
  await control.startCapture(request);
  await assert.rejects(control.startCapture(request), /is being captured already/);
  const { ab } = await control.stopCapture(LINK);
  assert.ok(existsSync(ab.file));
  await assert.rejects(control.startCapture(request), /EEXIST/);
  await assert.rejects(control.stopCapture(LINK), /is not being captured/);
});
