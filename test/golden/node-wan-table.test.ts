import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { sendOn } from '../model/frame-outcome.ts';
import { type RouterConfig, routePacket } from '../model/router.ts';
import { bothLengths, cutTo } from './edits.ts';
import { wrapFrame } from './frame.ts';
import { HOST_PORT, NODE, NodeBench, SIBLING, SIBLING_NAME } from './node-bench.ts';
import { NODE_WAN_ROWS, type NodeRow, REMOTE } from './node-wan.table.ts';
import { reference } from './reference/packets.ts';
import { benchLink, XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';
import { ELSEWHERE, HERE, hex, KEY, packetOf, TIMESTAMP } from './row.ts';

await buildAll();
const bench = new NodeBench();
bench.node.setRemote('10.1.1.0/24', { id: 1, ia: REMOTE, innerMtu: 1360 });
bench.node.setRemote('10.3.1.0/24', { id: 2, ia: ELSEWHERE, innerMtu: 1360 });

const NOW = TIMESTAMP + 60;
const FOREIGN = { ...SIBLING, address: '10.2.0.77', port: HOST_PORT };

function configOf({ links, siblingLink = 'core' }: NodeRow): RouterConfig {
  const [first, second] = links;
  const interfaces = new Map([
    [1, { neighbour: first, up: true }],
    [2, { neighbour: second, up: true }],
    [5, { neighbour: siblingLink, up: true, sibling: SIBLING_NAME }],
  ]);
  return { ia: HERE, forwardingKey: KEY, interfaces };
}

function frameOf({ from, edit }: NodeRow, packet: Uint8Array): Uint8Array {
  const toHost = { ...NODE, port: HOST_PORT };
  const [source, destination] = {
    1: [benchLink(1).remote, benchLink(1).own] as const,
    sibling: [SIBLING, NODE] as const,
    host: [FOREIGN, NODE] as const,
    'sibling to host': [SIBLING, toHost] as const,
    'host to host': [FOREIGN, toHost] as const,
  }[from];
  const frame = wrapFrame(source, destination, packet);
  return edit === undefined ? frame : edit(frame);
}

for (const row of NODE_WAN_ROWS) {
  test(`${row.name}: ${row.reason}`, () => {
    const known = reference.packets[row.name];
    assert.equal(hex(packetOf(row)), known?.in, 'the packet as the reference writes it');
    const frame = frameOf(row, Buffer.from(known!.in, 'hex'));
    const config = configOf(row);
    bench.configure(config, row.now ?? NOW);
    const run = bench.receiveFrame(frame, row.from === 1 ? 1 : 0);
    const { action, out } = expected(row, frame, known!.out);
    assert.deepEqual([run.reason, run.action], [row.reason, action]);
    if (out !== undefined) assert.equal(hex(run.frame), hex(out));
  });
}

/** The action for a row's reason, and the frame as it must come out where it does. */
function expected(row: NodeRow, frame: Uint8Array, referenceOut?: string): { action: number; out?: Uint8Array } {
  switch (row.reason) {
    case 'NONE':
      return { action: XDP_PASS, out: frame };
    case 'DECAPSULATED':
      return { action: XDP_PASS, out: withoutHeaders(frame) };
    case 'FORWARDED':
      return { action: XDP_REDIRECT, out: sendOn(frame, Buffer.from(referenceOut!, 'hex'), benchLink(2)) };
    case 'TO_SIBLING':
      return { action: XDP_REDIRECT, out: toSibling(row, frame, referenceOut) };
    default:
      return { action: XDP_DROP };
  }
}

/** Ethernet header and inner packet, and what padded the frame. */
function withoutHeaders(frame: Uint8Array): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, 14), ...frame.subarray(42 + 4 * frame[42 + 5]!)]);
}

/** To the sibling router what is to leave by its link, to its host port what has arrived (the reference has no such step). */
function toSibling(row: NodeRow, frame: Uint8Array, referenceOut?: string): Uint8Array {
  if (referenceOut !== undefined) {
    return sendOn(frame, Buffer.from(referenceOut, 'hex'), { own: NODE, remote: SIBLING });
  }
  const arrived = routePacket(packetOf(row), 1, configOf(row), row.now ?? NOW);
  assert.ok(arrived.verdict === 'deliver');
  return sendOn(frame, arrived.packet, { own: NODE, remote: { ...SIBLING, port: HOST_PORT } });
}

const TRUNCATED: readonly (readonly [string, string])[] = [
  ['a pod’s packet', 'node: a pod’s UDP packet'],
  ['a pod’s packet by way of the sibling', 'node: a pod’s packet by way of the sibling'],
  ['a pod’s packet behind 64 hop fields', 'node: a pod’s packet behind 64 hop fields'],
  ['a host’s packet', 'node: from a host, first hop, in construction direction'],
];

for (const [what, name] of TRUNCATED) {
  test(`node: ${what}, cut at every byte, is refused for its length and goes on whole`, () => {
    const row = NODE_WAN_ROWS.find((each) => each.name === name)!;
    const packet = packetOf(row);
    const frame = frameOf(row, packet);
    const headerLength = 4 * packet[5]!;
    bench.configure(configOf(row), NOW);
    const reasonOf = (cut: Uint8Array) => bench.receiveFrame(cut, row.from === 1 ? 1 : 0).reason;
    for (let length = 0; length <= packet.length; length++) {
      const missing = packet.length - length;
      const short = cutTo(frame.length - missing)(frame);
      const told = length < headerLength ? 'TRUNCATED' : missing > 0 ? 'PACKET_SIZE' : row.reason;
      assert.equal(reasonOf(bothLengths(-missing)(short)), told, `${length} of ${packet.length} bytes`);
      const untold = missing > 0 ? 'UNDERLAY_LENGTH' : row.reason;
      assert.equal(reasonOf(short), untold, `${length} of ${packet.length} bytes, and nothing says so`);
    }
    // The kernel hands over no frame without its Ethernet header.
    for (let length = 14; length < 42; length++)
      assert.equal(reasonOf(cutTo(length)(frame)), 'NONE', `${length} bytes`);
  });
}

test('node: a pod’s packet, cut at every byte with all of SCION’s lengths right, is delivered whole or not at all', () => {
  const row = NODE_WAN_ROWS.find(({ name }) => name === 'node: a pod’s UDP packet')!;
  const whole = row.payload!;
  bench.configure(configOf(row), NOW);
  for (let length = 0; length <= whole.length; length++) {
    const cut = { ...row, payload: whole.slice(0, length) };
    const { reason } = bench.receiveFrame(frameOf(cut, packetOf(cut)), 1);
    assert.equal(reason, length < whole.length ? 'INNER_MALFORMED' : 'DECAPSULATED', `${length} bytes`);
  }
});
