import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { sendOn } from '../model/frame-outcome.ts';
import { type RouterConfig, routePacket } from '../model/router.ts';
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
    bench.configure(config, NOW);
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
  const arrived = routePacket(packetOf(row), 1, configOf(row), NOW);
  assert.ok(arrived.verdict === 'deliver');
  return sendOn(frame, arrived.packet, { own: NODE, remote: { ...SIBLING, port: HOST_PORT } });
}
