/** The border router's side towards its own AS, and what it makes of BFD. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { structCodec, u32 } from '../../src/dataplane/layout.ts';
import { layouts } from '../../src/dataplane/layouts.gen.ts';
import { BorderRouterDataplane } from '../../src/dataplane/router.ts';
import type { LinkSettings } from '../../src/dataplane/router-maps.ts';
import { native } from '../../src/native.ts';
import { encodePacket, PATH_ONE_HOP, PATH_SCION, PROTOCOL_BFD } from '../../src/scion/header.ts';
import { type Host, ipHost, serviceHost } from '../../src/scion/host.ts';
import { isdAsToBigint, parseIsdAs } from '../../src/scion/isd-as.ts';
import { type Crafted, craftPath } from './crafted-path.ts';
import { openFrame, wrapFrame } from './frame.ts';
import { CountedReason, LOOPBACK, XDP_DROP, XDP_PASS, XDP_REDIRECT } from './router-bench.ts';

await buildAll();

const KEY = Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1);
const [HERE, THERE, ELSEWHERE] = [parseIsdAs('1-ff00:0:1'), parseIsdAs('1-ff00:0:2'), parseIsdAs('1-ff00:0:3')];
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
const INTERNAL = { address: '10.9.0.1', port: 30_001, mac: MACS[0] };
const HOST = { address: '10.9.0.51', port: 31_000, mac: MACS[1] };
const NOW = Math.floor(Date.now() / 1000);

/** Links 1 and 2, towards a child and a parent, share the device with the AS's own network. */
const link = (ifid: number, role: LinkSettings['role']): LinkSettings => ({
  ifid,
  role,
  ifindex: 1000,
  own: { address: '192.0.2.1', port: 50_000 + ifid, mac: MACS[0] },
  remote: { address: `192.0.2.1${ifid}`, port: 40_000, mac: MACS[1] },
  mtu: 1500,
  bfdSession: ifid,
});
const CHILD = link(1, 'child');
const PARENT = link(2, 'parent');

class SharedDevice {
  readonly router: BorderRouterDataplane;
  readonly #counted: CountedReason;

  constructor(jumbo = false) {
    this.router = BorderRouterDataplane.load({
      ifindexLimit: 1001,
      asCount: 1,
      linkCount: 3,
      neighbourCount: 2,
      jumbo,
    });
    this.#counted = new CountedReason(this.router.map('counters'));
    this.setSlowPath(true);
    for (const each of [CHILD, PARENT]) {
      this.router.configureLink(0, each);
      this.router.setNeighbour(0, { ...each, bfdSession: each.ifid });
      this.router.beginBfdSession(each.ifid, 1e9);
    }
    this.router.configureDevice(LOOPBACK, 0, 0);
    this.router.map('tx_ports').update(u32(1000), u32(LOOPBACK));
  }

  setSlowPath(slowPath: boolean): void {
    const internal = { ...INTERNAL, ifindex: 1000, hostPorts: undefined };
    this.router.configureAs(0, { ia: HERE, forwardingKey: KEY, linkBase: 0, linkLimit: 3, slowPath, internal });
  }

  receive(frame: Uint8Array): { action: number; reason: string; frame: Uint8Array } {
    const { retval, data } = this.router.program.run({ data: frame });
    return { action: retval, reason: this.#counted.next(), frame: data };
  }

  /** The neighbour at a link says over BFD what its own session's state is; three messages a second are promised. */
  hearBfd({ own, remote, ifid }: LinkSettings, state: number): string {
    const bfd = new Uint8Array(24);
    const view = new DataView(bfd.buffer);
    bfd.set([1 << 5, state << 6, 3, 24]);
    view.setUint32(12, 333_333);
    const address = { ia: isdAsToBigint(THERE), host: ipHost(remote.address) };
    const header = { trafficClass: 0, flowId: 1, nextHeader: PROTOCOL_BFD, pathType: PATH_ONE_HOP };
    const packet = encodePacket({ ...header, dst: address, src: address, path: new Uint8Array(32) }, bfd);
    const { action, reason } = this.receive(wrapFrame(remote, own, packet));
    assert.equal(action, XDP_PASS, `BFD at interface ${ifid} is for the slow path`);
    return reason;
  }
}

const shared = new SharedDevice();
after(() => shared.router.close());

interface Packet {
  readonly crafted: Omit<Crafted, 'timestamp'>;
  readonly src?: typeof HERE;
  readonly srcHost?: Host;
  readonly payload?: Uint8Array;
}

function packet({
  crafted,
  src = ELSEWHERE,
  srcHost = ipHost('10.1.2.3'),
  payload = new Uint8Array(8),
}: Packet): Uint8Array {
  return encodePacket(
    {
      trafficClass: 0,
      flowId: 1,
      nextHeader: 253,
      pathType: PATH_SCION,
      dst: { ia: isdAsToBigint(THERE), host: ipHost('10.1.2.4') },
      src: { ia: isdAsToBigint(src), host: srcHost },
      path: craftPath({ ...crafted, timestamp: NOW - 60 }, KEY),
    },
    payload,
  );
}

const hops = (...pairs: (readonly [number, number])[]) => pairs;
const UPWARDS: Packet = {
  crafted: { segments: [{ consDir: false, hops: hops([0, 9], [1, 2], [8, 0]) }], currHf: 1 },
};
const fromChild = (bytes: Uint8Array) => wrapFrame(CHILD.remote, CHILD.own, bytes);
const fromHost = (change: Partial<Packet> = {}) =>
  wrapFrame(
    HOST,
    INTERNAL,
    packet({
      crafted: { segments: [{ consDir: true, hops: hops([0, 2], [8, 0]) }], currHf: 0, fromInside: true },
      src: HERE,
      ...change,
    }),
  );
const INIT = 2;
const UP = 3;
const DOWN = 1;

test('on a shared device the addresses of a frame say which link it came by', () => {
  shared.hearBfd(PARENT, UP);
  const run = shared.receive(fromChild(packet(UPWARDS)));
  assert.deepEqual([run.action, run.reason], [XDP_REDIRECT, 'FORWARDED']);
  const { from, to } = openFrame(run.frame);
  assert.deepEqual([from, to], [PARENT.own, PARENT.remote]);
  // The same packet as if it came from above.
  const wrong = shared.receive(wrapFrame(PARENT.remote, PARENT.own, packet(UPWARDS)));
  assert.deepEqual([wrong.action, wrong.reason], [XDP_PASS, 'WRONG_INGRESS']);
});

test('a frame from nobody that the router knows is left to the kernel, and counted nowhere', () => {
  const stranger = { ...CHILD.remote, address: '192.0.2.99' };
  const run = shared.receive(wrapFrame(stranger, CHILD.own, packet(UPWARDS)));
  assert.deepEqual([run.action, run.reason], [XDP_PASS, 'NONE']);
});

test('a host’s packet goes out, but only if it begins here', () => {
  shared.hearBfd(PARENT, UP);
  assert.equal(shared.receive(fromHost()).reason, 'FORWARDED');
  assert.equal(shared.receive(fromHost({ src: ELSEWHERE })).reason, 'SOURCE_IA');
  assert.equal(shared.receive(fromHost(UPWARDS)).reason, 'TRANSIT_SOURCE');
});

test('a link is up while its neighbour says over BFD that it hears this router, and no longer than that holds', () => {
  const fresh = new SharedDevice();
  const forwards = () => fresh.receive(fromChild(packet(UPWARDS))).reason;
  assert.equal(forwards(), 'EGRESS_DOWN', 'nothing was heard yet');
  for (const [state, outcome] of [
    [DOWN, 'EGRESS_DOWN'],
    [INIT, 'FORWARDED'],
    [UP, 'FORWARDED'],
    [DOWN, 'EGRESS_DOWN'],
    [UP, 'FORWARDED'],
  ] as const) {
    assert.equal(fresh.hearBfd(PARENT, state), 'BFD');
    assert.equal(forwards(), outcome);
  }
  // Three times the second that this router asks for, not the third of one that the neighbour offers.
  const codec = structCodec(layouts.cilion_bfd_session);
  const sessions = fresh.router.bfdSessions;
  const session = codec.decode(sessions.lookup(u32(PARENT.ifid))!);
  assert.equal(session.detection_ns, 3_000_000_000n);
  const longAgo = { ...session, heard_ns: native().monotonicNs() - 3_100_000_000n };
  sessions.update(u32(PARENT.ifid), codec.encode(longAgo));
  assert.equal(forwards(), 'EGRESS_DOWN', 'it fell silent');
  fresh.setSlowPath(false);
  assert.equal(forwards(), 'FORWARDED', 'without a slow path nobody speaks BFD');
  fresh.router.close();
});

test('what a service of the AS seems to send is forwarded, and else dropped before it reaches a slow path', () => {
  shared.hearBfd(PARENT, UP);
  const srcHost = serviceHost(2);
  assert.equal(shared.receive(fromHost({ srcHost })).reason, 'FORWARDED');
  shared.hearBfd(PARENT, DOWN);
  const refused = shared.receive(fromHost({ srcHost }));
  assert.deepEqual([refused.action, refused.reason], [XDP_DROP, 'SERVICE_SOURCE']);
  const fromOutside = shared.receive(fromChild(packet({ ...UPWARDS, srcHost })));
  assert.deepEqual([fromOutside.action, fromOutside.reason], [XDP_PASS, 'EGRESS_DOWN']);
});

test('frames of several buffers are forwarded whole, and their length is that of all buffers', () => {
  const jumbo = new SharedDevice(true);
  jumbo.router.configureLink(0, { ...PARENT, mtu: 9000, bfdSession: 0 });
  const payload = Uint8Array.from({ length: 8000 }, (_, index) => index);
  const bytes = packet({ ...UPWARDS, payload });
  const run = jumbo.receive(fromChild(bytes));
  assert.deepEqual([run.action, run.reason], [XDP_REDIRECT, 'FORWARDED']);
  assert.deepEqual(openFrame(run.frame).packet.subarray(-8000), payload);
  const cut = bytes.slice(0, -1);
  assert.equal(jumbo.receive(fromChild(cut)).reason, 'PACKET_SIZE');
  jumbo.router.close();
});
