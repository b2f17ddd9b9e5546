/** Frames that crossed a wire, and what a careful receiver would say of each. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { run, start } from '../../src/process/process.ts';
import { decodePacket, PROTOCOL_EXPERIMENT } from '../../src/scion/header.ts';
import { internetChecksum, openFrame } from '../golden/frame.ts';

export interface Capture {
  /** Waits until the file holds every frame that the device has received meanwhile, and returns them. */
  frames(): Promise<Uint8Array[]>;
}

/** Begins to capture what arrives on a device; resolves when tcpdump listens. */
export async function capture(netns: string, device: string, file: string): Promise<Capture> {
  // The ring has as many slots as the snap length allows: a large one would lose frames.
  const argv = ['tcpdump', '-i', device, '-Q', 'in', '-s', '2048', '-B', '65536', '--immediate-mode', '-U', '-w', file];
  const tcpdump = start([...argv, '-Z', 'root'], { netns });
  // The file appears, with its header written, once the socket is open.
  await until(() => existsSync(file) && readFileSync(file).length >= 24, 'tcpdump listens');
  const before = await received(netns, device);
  return {
    async frames() {
      const wanted = (await received(netns, device)) - before;
      await until(() => readPcap(readFileSync(file)).length >= wanted, `${wanted} frames are in ${file}`);
      await tcpdump.stop();
      return readPcap(readFileSync(file));
    },
  };
}

async function received(netns: string, device: string): Promise<number> {
  const { stdout } = await run(['ip', '-s', '-j', 'link', 'show', device], { netns });
  const [link] = JSON.parse(stdout) as { stats64: { rx: { packets: number } } }[];
  return link!.stats64.rx.packets;
}

/** For what another program or the kernel changes without telling: looks every 10 ms, 5 s at most. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 500, `waited in vain until ${what}`);
    await setTimeout(10);
  }
}

function readPcap(bytes: Buffer): Uint8Array[] {
  assert.equal(bytes.readUInt32LE(0), 0xa1b2c3d4, 'pcap in the order of this machine');
  const frames: Uint8Array[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const kept = bytes.readUInt32LE(at + 8);
    // The last one is still being written.
    if (at + 16 + kept > bytes.length) break;
    assert.equal(kept, bytes.readUInt32LE(at + 12), 'whole frames');
    frames.push(bytes.subarray(at + 16, at + 16 + kept));
    at += 16 + kept;
  }
  return frames;
}

export interface InnerPacket {
  /** From the IPv4 header on. */
  readonly bytes: Uint8Array;
  readonly protocol: number;
  readonly flowId: number;
}

/** The pod's packet in a frame; fails where any length or checksum, outside or inside, is wrong. */
export function innerPacket(frame: Uint8Array, mtu: number): InnerPacket {
  assert.ok(frame.length <= mtu + 14, `frame of ${frame.length} bytes`);
  const { packet } = openFrame(frame);
  const { header, payload } = decodePacket(packet);
  assert.equal(header.nextHeader, PROTOCOL_EXPERIMENT);
  assert.equal(header.payloadLength, payload.length, 'PayloadLen');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const headerLength = (payload[0]! & 15) * 4;
  assert.equal(view.getUint16(2), payload.length, 'inner total length');
  assert.equal(internetChecksum(payload.subarray(0, headerLength)), 0, 'inner IPv4 checksum');
  const fragment = view.getUint16(6) & 0x3fff;
  if (fragment === 0) checkTransport(payload, headerLength);
  return { bytes: payload, protocol: payload[9]!, flowId: header.flowId };
}

/** TCP and UDP sum a pseudo header as well (RFC 9293 section 3.1); ICMP does not. */
function checkTransport(packet: Uint8Array, headerLength: number): void {
  const protocol = packet[9]!;
  const segment = packet.subarray(headerLength);
  const pseudo = [...packet.subarray(12, 20), 0, protocol, segment.length >> 8, segment.length & 0xff];
  const start = protocol === 1 ? 0 : 0xffff - internetChecksum(Uint8Array.from(pseudo));
  assert.equal(internetChecksum(segment, start), 0, `checksum of inner protocol ${protocol}`);
}

interface Sum {
  readonly bytes: number;
  readonly bits_per_second: number;
}

/** One run of iperf3 from `client` to `server` (namespaces); what the receiver got. */
export async function iperf3(
  client: string,
  server: string,
  address: string,
  options: readonly string[],
): Promise<{ readonly bytes: number; readonly bitsPerSecond: number; readonly lostPercent: number }> {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const listening = start(['stdbuf', '-oL', 'iperf3', '-s', '-1', '--forceflush'], {
    netns: server,
    onStdoutLine: (line) => {
      if (line.includes('listening')) resolve();
    },
  });
  try {
    await ready;
    const { stdout } = await run(['iperf3', '-c', address, '-J', ...options], { netns: client, timeoutMs: 20_000 });
    const { end } = JSON.parse(stdout) as {
      end: { sum_received?: Sum; sum: Sum & { lost_percent: number } };
    };
    const received = end.sum_received ?? end.sum;
    return {
      bytes: received.bytes,
      bitsPerSecond: received.bits_per_second,
      lostPercent: end.sum?.lost_percent ?? 0,
    };
  } finally {
    await listening.stop();
  }
}
