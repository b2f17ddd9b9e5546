import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { buildPacket } from '../model/packets.ts';
import { type Neighbour, type RouterConfig, routePacket } from '../model/router.ts';
import { type Crafted, craftPath } from './crafted-path.ts';
import { wrapFrame } from './frame.ts';
import {
  benchLink,
  LOOPBACK as LOOPBACK_DEVICE,
  RouterBench,
  sentBy,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
} from './router-bench.ts';

await buildAll();
const bench = new RouterBench();

const TIMESTAMP = 1_700_000_000;
const NOW = TIMESTAMP + 60;
const KEY = Uint8Array.from({ length: 16 }, (_, i) => 7 * i + 1);
const [HERE, SRC, DST] = ['1-ff00:0:110', '1-ff00:0:111', '1-ff00:0:112'].map(parseIsdAs) as [
  RouterConfig['ia'],
  RouterConfig['ia'],
  RouterConfig['ia'],
];
const KINDS: readonly Neighbour[] = ['core', 'parent', 'child', 'peer'];

/** Interface 1 towards `from`, interface 2 towards `to`. */
function routerBetween(from: Neighbour, to: Neighbour, up = true): RouterConfig {
  const interfaces = new Map([
    [1, { neighbour: from, up: true }],
    [2, { neighbour: to, up }],
  ]);
  return { ia: HERE, forwardingKey: KEY, interfaces };
}

const ROUTER = routerBetween('child', 'parent');

function packetOn(crafted: Omit<Crafted, 'timestamp'>, payload = new Uint8Array(8)): Uint8Array {
  return buildPacket({ src: SRC, dst: DST, raw: craftPath({ ...crafted, timestamp: TIMESTAMP }, KEY), payload });
}

/** In the middle of one segment. */
const straight = (consDir: boolean): Omit<Crafted, 'timestamp'> => ({
  segments: [
    {
      consDir,
      hops: [
        [0, 9],
        [1, 2],
        [8, 0],
      ],
    },
  ],
  currHf: 1,
});

/** At the last hop field of a segment, with this AS's other one first in the next. */
const crossing = (first: boolean, second: boolean): Omit<Crafted, 'timestamp'> => ({
  segments: [
    {
      consDir: first,
      hops: [
        [0, 9],
        [1, 0],
      ],
    },
    {
      consDir: second,
      hops: [
        [0, 2],
        [8, 0],
      ],
    },
  ],
  currHf: 1,
});

/** Against construction direction into a peering link (the last hop field of the first segment), or out of one. */
const intoPeering: Omit<Crafted, 'timestamp'> = {
  segments: [
    {
      consDir: false,
      peer: true,
      hops: [
        [0, 9],
        [1, 2],
      ],
    },
    {
      consDir: true,
      peer: true,
      hops: [
        [7, 6],
        [5, 0],
      ],
    },
  ],
  currHf: 1,
};
const outOfPeering: Omit<Crafted, 'timestamp'> = {
  segments: [
    {
      consDir: false,
      peer: true,
      hops: [
        [0, 9],
        [7, 6],
      ],
    },
    {
      consDir: true,
      peer: true,
      hops: [
        [1, 2],
        [5, 0],
      ],
    },
  ],
  currHf: 2,
};

const ALLOWED_STRAIGHT = ['core core', 'child parent', 'parent child', 'child peer', 'peer child'];
const ALLOWED_CROSSING = ['core child', 'child core', 'child child'];

for (const consDir of [true, false]) {
  test(`within a segment ${consDir ? 'in' : 'against'} construction direction only the pairs that someone pays for pass`, () => {
    for (const from of KINDS) {
      for (const to of KINDS) {
        const router = routerBetween(from, to);
        bench.configure(router, NOW);
        const packet = packetOn(straight(consDir));
        const run = bench.receive(packet, 1);
        const allowed = ALLOWED_STRAIGHT.includes(`${from} ${to}`);
        assert.equal(run.reason, allowed ? 'FORWARDED' : 'INVALID_PATH', `${from} ${to}`);
        assert.equal(run.action, allowed ? XDP_REDIRECT : XDP_DROP);
        const expected = routePacket(packet, 1, router, NOW);
        if (expected.verdict === 'forward') assert.deepEqual(sentBy(run.frame, 2), expected.packet);
      }
    }
  });
}

test('segments are changed only between core and child links or between two children, in every pair of directions', () => {
  for (const from of KINDS) {
    for (const to of KINDS) {
      const router = routerBetween(from, to);
      bench.configure(router, NOW);
      for (const [first, second] of [
        [true, true],
        [true, false],
        [false, true],
        [false, false],
      ] as const) {
        const packet = packetOn(crossing(first, second));
        const run = bench.receive(packet, 1);
        const allowed = ALLOWED_CROSSING.includes(`${from} ${to}`);
        assert.equal(run.reason, allowed ? 'FORWARDED' : 'INVALID_SEGMENT_CHANGE', `${from} ${to}`);
        const expected = routePacket(packet, 1, router, NOW);
        if (expected.verdict === 'forward') assert.deepEqual(sentBy(run.frame, 2), expected.packet);
      }
    }
  }
});

test('a peering link is crossed without touching the SegID, and only between it and a child', () => {
  for (const [path, from, to] of [
    [intoPeering, 'child', 'peer'],
    [outOfPeering, 'peer', 'child'],
  ] as const) {
    const router = routerBetween(from, to);
    bench.configure(router, NOW);
    const packet = packetOn(path);
    const run = bench.receive(packet, 1);
    assert.equal(run.reason, 'FORWARDED');
    const sent = sentBy(run.frame, 2);
    // Nothing but the path's position (meta header, at 36) has changed.
    assert.deepEqual(sent.subarray(40), Uint8Array.from(packet.subarray(40)));
    assert.deepEqual(routePacket(packet, 1, router, NOW), {
      verdict: 'forward',
      reason: 'FORWARDED',
      egress: 2,
      packet: sent,
    });
    bench.configure(routerBetween(to, to), NOW);
    assert.equal(bench.receive(packet, 1).reason, 'INVALID_PATH');
  }
});

test('at a segment change the second hop field is checked as the first one is', () => {
  bench.configure(routerBetween('child', 'child'), NOW);
  const packet = packetOn(crossing(false, true));
  const secondMac = packet.length - 8 - 2 * 12 + 6;
  packet[secondMac]! ^= 1;
  assert.equal(bench.receive(packet, 1).reason, 'BAD_MAC');
  const short = packetOn({ ...crossing(false, true), expTime: 0 });
  bench.setNow(TIMESTAMP + 338);
  assert.equal(bench.receive(short, 1).reason, 'EXPIRED_HOP');
  bench.setNow(TIMESTAMP + 337);
  assert.equal(bench.receive(short, 1).reason, 'FORWARDED');
});

test('a path of 64 hop fields is followed to its end', () => {
  const hops = Array.from({ length: 62 }, () => [1, 2] as const);
  const segments = [
    { consDir: true, hops },
    {
      consDir: true,
      hops: [
        [0, 2],
        [8, 0],
      ] as const,
    },
  ];
  for (const currHf of [1, 30, 60]) {
    const router = routerBetween('core', 'core');
    bench.configure(router, NOW);
    const packet = packetOn({ segments, currHf });
    const run = bench.receive(packet, 1);
    assert.equal(run.reason, 'FORWARDED');
    const expected = routePacket(packet, 1, router, NOW);
    assert.ok(expected.verdict === 'forward');
    assert.deepEqual(sentBy(run.frame, 2), expected.packet);
  }
  bench.configure(routerBetween('core', 'child'), NOW);
  assert.equal(bench.receive(packetOn({ segments, currHf: 61 }), 1).reason, 'FORWARDED');
});

test('router alerts are for the slow path, at the ingress before the packet is looked at any further', () => {
  for (const consDir of [true, false]) {
    bench.configure(ROUTER, NOW);
    const [atIngress, atEgress] = consDir
      ? (['ingressAlert', 'egressAlert'] as const)
      : (['egressAlert', 'ingressAlert'] as const);
    assert.equal(bench.receive(packetOn({ ...straight(consDir), [atIngress]: true }), 1).reason, 'INGRESS_ALERT');
    assert.equal(bench.receive(packetOn({ ...straight(consDir), [atEgress]: true }), 1).reason, 'EGRESS_ALERT');
  }
});

test('a link that is down or has a smaller MTU takes no packet', () => {
  bench.configure(routerBetween('child', 'parent', false), NOW);
  assert.equal(bench.receive(packetOn(straight(true)), 1).reason, 'EGRESS_DOWN');
  bench.router.setLinkUp(0, 2, true);
  const header = packetOn(straight(true), new Uint8Array(0)).length;
  const fits = new Uint8Array(1500 - 28 - header);
  assert.equal(bench.receive(packetOn(straight(true), fits), 1).reason, 'FORWARDED');
  assert.equal(bench.receive(packetOn(straight(true), new Uint8Array(fits.length + 1)), 1).reason, 'TOO_BIG');
});

test('source and destination AS must fit: no packet comes from outside in this AS’s name', () => {
  bench.configure(ROUTER, NOW);
  const raw = craftPath({ ...straight(true), timestamp: TIMESTAMP }, KEY);
  assert.equal(bench.receive(buildPacket({ src: HERE, dst: DST, raw }), 1).reason, 'SOURCE_IA');
  assert.equal(bench.receive(buildPacket({ src: SRC, dst: HERE, raw }), 1).reason, 'DESTINATION_IA');
});

test('a frame that is not from the far end of the link is dropped, and one for another port is left to the kernel', () => {
  bench.configure(ROUTER, NOW);
  const { own, remote } = benchLink(1);
  const packet = packetOn(straight(true));
  const receive = (from: typeof remote, to: typeof own) => bench.receiveFrame(wrapFrame(from, to, packet), 1);
  assert.equal(receive(remote, own).reason, 'FORWARDED');
  assert.equal(receive({ ...remote, address: '172.21.0.9' }, own).reason, 'UNDERLAY_SOURCE');
  assert.equal(receive({ ...remote, port: 9 }, own).reason, 'UNDERLAY_SOURCE');
  for (const to of [
    { ...own, port: 9 },
    { ...own, address: '172.20.9.9' },
  ]) {
    const run = receive(remote, to);
    assert.deepEqual([run.reason, run.action], ['NONE', XDP_PASS]);
  }
});

test('lengths of frame, IP and UDP must agree, but a frame may be padded', () => {
  bench.configure(ROUTER, NOW);
  const { own, remote } = benchLink(1);
  const frame = wrapFrame(remote, own, packetOn(straight(true)));
  for (const [offset, delta] of [
    [16, 1],
    [16, -1],
    [38, 1],
    [38, -1],
  ] as const) {
    const lie = Uint8Array.from(frame);
    const view = new DataView(lie.buffer);
    view.setUint16(offset, view.getUint16(offset) + delta);
    assert.equal(bench.receiveFrame(lie, 1).reason, 'UNDERLAY_LENGTH');
  }
  const both = Uint8Array.from(frame);
  const view = new DataView(both.buffer);
  view.setUint16(16, view.getUint16(16) + 1);
  view.setUint16(38, view.getUint16(38) + 1);
  assert.equal(bench.receiveFrame(both, 1).reason, 'UNDERLAY_LENGTH');
  assert.equal(bench.receiveFrame(Uint8Array.from([...frame, 0, 0, 0, 0]), 1).reason, 'FORWARDED');
});

test('fragments of the underlay: the first is counted, later ones have no port and go to the kernel', () => {
  bench.configure(ROUTER, NOW);
  const { own, remote } = benchLink(1);
  const frame = wrapFrame(remote, own, packetOn(straight(true)));
  frame[20] = 0x20;
  assert.equal(bench.receiveFrame(frame, 1).reason, 'UNDERLAY_FRAGMENT');
  frame[21] = 0x10;
  const later = bench.receiveFrame(frame, 1);
  assert.deepEqual([later.reason, later.action], ['NONE', XDP_PASS]);
});

test('what is not SCION to the router is left to the kernel, and so is everything on a device that is none of its', () => {
  bench.configure(ROUTER, NOW);
  const { own, remote } = benchLink(1);
  const frame = wrapFrame(remote, own, packetOn(straight(true)));
  for (const [offset, value] of [
    [12, 0x86],
    [23, 6],
    [14, 0x46],
  ] as const) {
    const other = Uint8Array.from(frame);
    other[offset] = value;
    const run = bench.receiveFrame(other, 1);
    assert.deepEqual([run.reason, run.action], ['NONE', XDP_PASS]);
  }
  bench.router.configureDevice(LOOPBACK_DEVICE, 0, 1);
  bench.router.forgetDevice(LOOPBACK_DEVICE);
  assert.equal(bench.router.program.run({ data: frame }).retval, XDP_PASS);
});

test('one-hop and EPIC paths, BFD and unknown versions are for the slow path; unknown path types are dropped', () => {
  bench.configure(ROUTER, NOW, { slowPath: true });
  const change = (offset: number, value: number) => {
    const packet = packetOn(straight(true));
    packet[offset] = value;
    return bench.receive(packet, 1);
  };
  for (const [pathType, reason, action] of [
    [2, 'ONE_HOP_PATH', XDP_PASS],
    [3, 'EPIC_PATH', XDP_PASS],
    [4, 'UNSUPPORTED_PATH', XDP_DROP],
  ] as const) {
    const run = change(8, pathType);
    assert.deepEqual([run.reason, run.action], [reason, action]);
  }
  assert.equal(change(0, 0x10).reason, 'UNKNOWN_VERSION');
  const bfd = packetOn(straight(true)).slice(0, 36 + 24);
  [bfd[4], bfd[5], bfd[8]] = [203, 9, 0];
  assert.deepEqual(bench.receive(bfd, 1).reason, 'BFD');
});

test('a second extension header of one kind, or one in the wrong order, is dropped', () => {
  bench.configure(ROUTER, NOW);
  const raw = craftPath({ ...straight(true), timestamp: TIMESTAMP }, KEY);
  const send = (nextHeader: number, payload: number[]) =>
    bench.receive(buildPacket({ src: SRC, dst: DST, raw, nextHeader, payload: Uint8Array.from(payload) }), 1).reason;
  assert.equal(send(200, [201, 0, 0, 0, 17, 0, 0, 0, 9, 9]), 'FORWARDED');
  assert.equal(send(200, [200, 0, 0, 0, 17, 0, 0, 0]), 'BAD_EXTENSION');
  assert.equal(send(201, [200, 0, 0, 0, 17, 0, 0, 0]), 'BAD_EXTENSION');
  assert.equal(send(201, [17, 2, 0, 0, 0, 0, 0, 0]), 'BAD_EXTENSION');
  assert.equal(send(201, [17]), 'BAD_EXTENSION');
});
