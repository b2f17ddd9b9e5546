import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { outcomeOf } from '../../src/dataplane/counters.ts';
import { sendOn } from '../model/frame-outcome.ts';
import type { RouterConfig } from '../model/router.ts';
import { BORDER_ROUTER_ROWS, type RouterRow } from './border-router.table.ts';
import { bothLengths, cutTo } from './edits.ts';
import { wrapFrame } from './frame.ts';
import { crossing, intoPeering, longest, straight } from './paths.ts';
import { reference } from './reference/packets.ts';
import { benchLink, RouterBench, type Run, XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';
import { HERE, hex, KEY, packetOf, TIMESTAMP } from './row.ts';

await buildAll();
const bench = new RouterBench();

function configOf({
  links,
  egressDown = false,
  mtu = 1500,
}: Partial<RouterRow> & Pick<RouterRow, 'links'>): RouterConfig {
  const [first, second] = links;
  const interfaces = new Map([
    [1, { neighbour: first, up: true }],
    [2, { neighbour: second, up: !egressDown, mtu }],
    [3, { neighbour: 'child' as const, up: true }],
  ]);
  return { ia: HERE, forwardingKey: KEY, interfaces };
}

function frameOf(row: RouterRow, packet: Uint8Array): Uint8Array {
  const { own, remote } = benchLink(row.ingress ?? 1);
  const frame = wrapFrame(remote, own, packet);
  return row.edit === undefined ? frame : row.edit(frame);
}

function receive(row: RouterRow, frame: Uint8Array, slowPath: boolean): Run {
  bench.configure(configOf(row), row.now ?? TIMESTAMP + 60, { slowPath });
  return bench.receiveFrame(frame, row.ingress ?? 1);
}

/** What the program returns for a reason, where a slow path listens and where none does. */
function actionOf(reason: RouterRow['reason'], slowPath: boolean): number {
  if (reason === 'NONE') return XDP_PASS;
  const outcome = outcomeOf(reason);
  if (outcome === 'done') return XDP_REDIRECT;
  return outcome === 'slow' && slowPath ? XDP_PASS : XDP_DROP;
}

for (const row of BORDER_ROUTER_ROWS) {
  test(`border router: ${row.name}: ${row.reason}`, () => {
    const known = reference.packets[row.name];
    assert.equal(hex(packetOf(row)), known?.in, 'the packet as the reference writes it');
    const frame = frameOf(row, Buffer.from(known!.in, 'hex'));
    for (const slowPath of [false, true]) {
      const run = receive(row, frame, slowPath);
      assert.deepEqual([run.reason, run.action], [row.reason, actionOf(row.reason, slowPath)]);
      if (run.action === XDP_PASS) assert.deepEqual(hex(run.frame), hex(frame), 'as it came');
      if (row.reason === 'FORWARDED') assert.equal(hex(run.frame), hex(leftAs(row, frame, known!.out!)));
    }
  });
}

/** Where the row changes what nobody checks, the change goes on with the packet, but for reserved bits in info fields. */
function leftAs(row: RouterRow, frame: Uint8Array, referenceOut: string): Uint8Array {
  const out = Buffer.from(referenceOut, 'hex');
  const before = Buffer.from(reference.packets[row.name]!.in, 'hex');
  const packet = frame.subarray(42, 42 + before.length);
  const carried = out.map((value, at) => value ^ (inInfoField(at) ? 0 : before[at]! ^ packet[at]!));
  return sendOn(frame, carried, benchLink(row.egress ?? 2));
}

/** Of a path behind IPv4 hosts, the first info field. */
function inInfoField(at: number): boolean {
  return at >= 40 && at < 48;
}

const TRUNCATED_PATHS = [
  ['one segment', straight(true), ['child', 'parent']],
  ['two segments', crossing(false, true), ['child', 'child']],
  ['a peering path', intoPeering, ['child', 'peer']],
  ['64 hop fields', longest(30), ['core', 'core']],
] as const;

for (const [name, path, links] of TRUNCATED_PATHS) {
  test(`border router: ${name}, cut at every byte, is refused for its length and leaves whole`, () => {
    const packet = packetOf({ path });
    const { own, remote } = benchLink(1);
    const frame = wrapFrame(remote, own, packet);
    const headerLength = 4 * packet[5]!;
    bench.configure(configOf({ links }), TIMESTAMP + 60);
    for (let length = 0; length <= packet.length; length++) {
      const missing = packet.length - length;
      // Where IP and UDP know of it, and where only the frame is short.
      const told = bench.receiveFrame(bothLengths(-missing)(cutTo(frame.length - missing)(frame)), 1);
      const expected = length < headerLength ? 'TRUNCATED' : missing > 0 ? 'PACKET_SIZE' : 'FORWARDED';
      assert.equal(told.reason, expected, `${length} of ${packet.length} bytes`);
      const untold = bench.receiveFrame(cutTo(frame.length - missing)(frame), 1);
      assert.equal(untold.reason, missing > 0 ? 'UNDERLAY_LENGTH' : 'FORWARDED', `${length} of ${packet.length} bytes`);
    }
    // The kernel hands over no frame without its Ethernet header.
    for (let length = 14; length < 42; length++) {
      const run = bench.receiveFrame(cutTo(length)(frame), 1);
      assert.deepEqual([run.reason, run.action], ['NONE', XDP_PASS], `${length} bytes of underlay`);
    }
  });
}
