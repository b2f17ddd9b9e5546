import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { type PcapPacket, pcapHeader, pcapRecord, readPcap } from '../../src/emulator/wire/pcap.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'cilion-pcap-'));
after(() => rmSync(folder, { recursive: true }));

function header(magic = 0xa1b23c4d, linkType = 1): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(65535, 16);
  bytes.writeUInt32LE(linkType, 20);
  return bytes;
}

function record(timeNs: bigint, content: Uint8Array, originalLength = content.length): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(Number(timeNs / 1_000_000_000n), 0);
  bytes.writeUInt32LE(Number(timeNs % 1_000_000_000n), 4);
  bytes.writeUInt32LE(content.length, 8);
  bytes.writeUInt32LE(originalLength, 12);
  return Buffer.concat([bytes, content]);
}

async function read(name: string, content: Buffer): Promise<PcapPacket[]> {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return Array.fromAsync(readPcap(file));
}

test('a packet keeps its nanoseconds, its length on the wire and its captured bytes', async () => {
  const time = 1_795_000_000_123_456_789n;
  const packets = await read('one.pcap', Buffer.concat([header(), record(time, Uint8Array.of(1, 2, 3), 1500)]));
  assert.deepEqual(
    packets.map(({ timeNs, originalLength, bytes }) => ({ timeNs, originalLength, bytes: [...bytes] })),
    [{ timeNs: time, originalLength: 1500, bytes: [1, 2, 3] }],
  );
});

test('records that straddle the chunks of a large file come out whole and in order', async () => {
  const count = 3000;
  const records = Array.from({ length: count }, (_, i) => record(BigInt(i), new Uint8Array(i % 200).fill(i % 251)));
  const packets = await read('large.pcap', Buffer.concat([header(), ...records]));
  assert.equal(packets.length, count);
  for (const [i, packet] of packets.entries()) {
    assert.equal(packet.timeNs, BigInt(i));
    assert.equal(packet.bytes.length, i % 200);
    assert.ok(packet.bytes.every((byte) => byte === i % 251));
  }
});

test('a file without packets has none', async () => {
  assert.deepEqual(await read('empty.pcap', header()), []);
});

test('a file that is no nanosecond pcap of Ethernet, or ends early, is an error that says so', async () => {
  await assert.rejects(read('short.pcap', Buffer.alloc(10)), /too short for a pcap file/);
  await assert.rejects(read('micro.pcap', header(0xa1b2c3d4)), /magic 0xa1b2c3d4, expected 0xa1b23c4d/);
  await assert.rejects(read('raw.pcap', header(0xa1b23c4d, 101)), /link type 101, expected 1/);
  const whole = Buffer.concat([header(), record(1n, new Uint8Array(60))]);
  await assert.rejects(read('torn.pcap', whole.subarray(0, whole.length - 1)), /ends within a record/);
  const wild = record(1n, new Uint8Array(4));
  wild.writeUInt32LE(0x7fffffff, 8);
  await assert.rejects(read('wild.pcap', Buffer.concat([header(), wild])), /the file is damaged/);
});

test('what is written is read again, to the nanosecond', async () => {
  const packets = [
    { timeNs: 1_764_000_000_123_456_789n, originalLength: 1514, bytes: Uint8Array.from({ length: 100 }, (_, i) => i) },
    { timeNs: 1_764_000_001_000_000_000n, originalLength: 14, bytes: new Uint8Array(14) },
  ];
  const found = await read('written.pcap', Buffer.concat([pcapHeader(4096), ...packets.map(pcapRecord)]));
  assert.deepEqual(
    found.map((packet) => ({ ...packet, bytes: Uint8Array.from(packet.bytes) })),
    packets,
  );
});
