import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { run } from '../../src/process/process.ts';
import { capture, innerPacket } from './captured-frames.ts';
import { MTU, makeNetwork } from './dataplane-fixture.ts';

await buildAll();
const folder = mkdtempSync(join(os.tmpdir(), 'cilion-gso-'));
const network = await makeNetwork('g');
after(async () => {
  await network.close();
  rmSync(folder, { recursive: true });
});
const { a, b } = network;
const sender = join(folder, 'send_gso');
await run(['cc', '-O2', '-Wall', '-Wextra', '-Werror', '-o', sender, join(import.meta.dirname, 'fixtures/send_gso.c')]);
/** Of the node's side of the pod's veth. */
const GATEWAY = '02:00:00:00:00:67';
const TCP_AND_IP = 40;

function counted(reason: string): number {
  return a.dataplane.counters(0).find((each) => each.reason === reason)?.packets ?? 0;
}

/** Has pod a send one large packet; returns the pod's packets in the frames that then crossed the wire. */
async function sendLarge(segment: number, payload: number): Promise<Uint8Array[]> {
  const wire = await capture(network.bridge, 'ab', join(folder, `${segment}-${payload}.pcap`));
  const before = a.dataplane.linkCounters(0, 1).sent.packets;
  const numbers = [segment, payload].map(String);
  await run([sender, 'eth0', GATEWAY, a.podAddress, b.podAddress, ...numbers], { netns: a.pod });
  const inner = (await wire.frames()).map((frame) => innerPacket(frame, MTU).bytes);
  assert.equal(a.dataplane.linkCounters(0, 1).sent.packets - before, inner.length, 'frames counted on the link');
  return inner;
}

const largest = a.innerMtu - TCP_AND_IP;

for (const [segment, payload, way] of [
  [1000, 2000, 'whole'],
  [1000, 3000, 'whole'],
  [536, 5360, 'whole'],
  [1201, 48_040, 'whole'],
  [largest, 10 * largest, 'whole'],
  [1000, 1001, 'cut first'],
  [1000, 2999, 'cut first'],
  [1000, 3001, 'cut first'],
  [1201, 48_041, 'cut first'],
  [largest, 10 * largest - 1, 'cut first'],
] as const) {
  test(`${payload} bytes in segments of ${segment}, ${way}: each frame has the PayloadLen of its own segment`, async () => {
    const before = { whole: counted('ENCAPSULATED'), cut: counted('SEGMENTED') };
    const packets = await sendLarge(segment, payload);
    const lengths = packets.map((packet) => packet.length - TCP_AND_IP);
    const full = Math.floor(payload / segment);
    const rest = payload % segment;
    assert.deepEqual(lengths, [...new Array<number>(full).fill(segment), ...(rest === 0 ? [] : [rest])]);
    const bytes = Buffer.concat(packets.map((packet) => packet.subarray(TCP_AND_IP)));
    assert.ok(bytes.equals(Uint8Array.from({ length: payload }, (_, i) => 7 * i)), 'the payload, in order');
    assert.equal(counted('ENCAPSULATED') - before.whole, lengths.length);
    assert.equal(counted('SEGMENTED') - before.cut, way === 'whole' ? 0 : lengths.length);
  });
}
