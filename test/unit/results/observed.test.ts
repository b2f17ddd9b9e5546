import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containsMarker, MARKER } from '../../../src/measure/marker.ts';
import type { ObservedPacket } from '../../../src/results/bundle.ts';
import { type Observer, observe } from '../../../src/results/observed.ts';
import {
  encodePacket,
  PATH_EMPTY,
  PROTOCOL_BFD,
  PROTOCOL_END_TO_END,
  PROTOCOL_EXPERIMENT,
} from '../../../src/scion/header.ts';
import { ipHost } from '../../../src/scion/host.ts';
import { isdAsToBigint, parseIsdAs } from '../../../src/scion/isd-as.ts';

const OBSERVER: Observer = {
  link: 'wire',
  startNs: 5_000_000_000n,
  prefixes: ['10.1.0.0/16', '10.2.0.0/16'],
  containsMarker,
};
const TCP = 6;
const UDP = 17;
const OWN_MAC = '020000000002';

function ethernet(payload: Uint8Array, { type = '0800', destination = OWN_MAC } = {}): Buffer {
  return Buffer.concat([Buffer.from(`${destination}020000000001${type}`, 'hex'), payload]);
}

function ipv4(src: string, dst: string, protocol: number, payload: Uint8Array, fragment = 0): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[9] = protocol;
  header.set(src.split('.').map(Number), 12);
  header.set(dst.split('.').map(Number), 16);
  return Buffer.concat([header, payload]);
}

function udp(src: number, dst: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(src, 0);
  header.writeUInt16BE(dst, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

function tcp(src: number, dst: number): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(src, 0);
  header.writeUInt16BE(dst, 2);
  return header;
}

function scion(nextHeader: number, payload: Uint8Array): Buffer {
  const address = (ia: string, host: string) => ({ ia: isdAsToBigint(parseIsdAs(ia)), host: ipHost(host) });
  return Buffer.from(
    encodePacket(
      {
        trafficClass: 0,
        flowId: 1,
        nextHeader,
        pathType: PATH_EMPTY,
        src: address('1-ff00:0:121', '10.9.0.1'),
        dst: address('2-64512', 'fd00::7'),
        path: new Uint8Array(),
      },
      payload,
    ),
  );
}

function see(
  bytes: Uint8Array,
  observer: Partial<Observer> = {},
  originalLength = bytes.length,
): Promise<ObservedPacket[]> {
  const frames = [{ timeNs: 15_250_000_000n, originalLength, bytes }];
  return Array.fromAsync(observe(frames, { ...OBSERVER, ...observer }));
}

const inner = ethernet(ipv4('10.1.1.2', '10.2.1.2', UDP, udp(1, 2, Buffer.from(MARKER))));
const vxlan = Buffer.concat([Buffer.from('0800000000002a00', 'hex'), inner]);

test('a packet of a pod counts with its time in the pass, its length on the wire and its addresses', async () => {
  const frame = ethernet(ipv4('10.1.1.2', '198.51.100.1', UDP, udp(1, 2, Buffer.from('x'))));
  assert.deepEqual(await see(frame, {}, 1514), [
    { t: 10.25, link: 'wire', bytes: 1514, src: '10.1.1.2', dst: '198.51.100.1', protocol: 'udp', readable: false },
  ]);
});

test('a packet counts for its destination or its source, and not when neither is a pod or node', async () => {
  const count = async (src: string, dst: string): Promise<number> =>
    (await see(ethernet(ipv4(src, dst, 1, Buffer.alloc(8))))).length;
  assert.equal(await count('192.0.2.1', '10.2.255.255'), 1);
  assert.equal(await count('10.1.0.0', '192.0.2.1'), 1);
  assert.equal(await count('10.3.0.1', '192.0.2.1'), 0);
});

test('readable is what carries a workload’s marker in clear text', async () => {
  assert.equal((await see(inner))[0]!.readable, true);
  const scrambled = Buffer.from(inner).map((byte, i) => (i < 42 ? byte : byte ^ 0x5a));
  assert.equal((await see(scrambled))[0]!.readable, false);
});

test('VXLAN counts for what is inside, and shows the outer addresses', async () => {
  const frame = ethernet(ipv4('192.0.2.1', '192.0.2.2', UDP, udp(40000, 4789, vxlan)));
  const [packet] = await see(frame);
  assert.deepEqual(
    [packet?.protocol, packet?.src, packet?.dst, packet?.readable],
    ['vxlan', '192.0.2.1', '192.0.2.2', true],
  );
  const foreign = await see(frame, { prefixes: ['203.0.113.0/24'] });
  assert.deepEqual(foreign, []);
});

test('SCION counts whatever the underlay’s addresses and ports, and shows ISD-AS and host', async () => {
  const packet = scion(PROTOCOL_EXPERIMENT, Buffer.alloc(40));
  const [seen] = await see(ethernet(ipv4('192.0.2.1', '192.0.2.2', UDP, udp(50001, 50002, packet))));
  assert.deepEqual([seen?.protocol, seen?.src, seen?.dst], ['scion', '1-ff00:0:121,10.9.0.1', '2-64512,fd00::7']);
});

test('a SCION packet that the capture cut short is still told', async () => {
  const frame = ethernet(ipv4('192.0.2.1', '192.0.2.2', UDP, udp(1, 2, scion(PROTOCOL_EXPERIMENT, Buffer.alloc(900)))));
  assert.equal((await see(frame.subarray(0, 128), {}, frame.length))[0]?.protocol, 'scion');
});

test('UDP between strangers that only resembles SCION does not count', async () => {
  const packet = scion(PROTOCOL_EXPERIMENT, Buffer.alloc(40));
  packet.writeUInt16BE(41, 6);
  assert.deepEqual(await see(ethernet(ipv4('192.0.2.1', '192.0.2.2', UDP, udp(1, 2, packet)))), []);
});

test('what routers say to each other never counts', async () => {
  const between = (protocol: number, payload: Uint8Array): Buffer =>
    ethernet(ipv4('10.1.0.1', '10.2.0.1', protocol, payload));
  assert.deepEqual(await see(between(TCP, tcp(40000, 179))), []);
  assert.deepEqual(await see(between(TCP, tcp(179, 40000))), []);
  assert.deepEqual(await see(between(UDP, udp(49152, 3784, Buffer.alloc(24)))), []);
  assert.deepEqual(await see(between(UDP, udp(1, 2, scion(PROTOCOL_BFD, Buffer.alloc(24))))), []);
  assert.deepEqual(await see(ethernet(Buffer.alloc(28), { type: '0806' })), []);
});

test('BFD behind a SCION extension is BFD', async () => {
  const extension = Buffer.from([PROTOCOL_BFD, 1, 0, 0, 0, 0, 0, 0]);
  const packet = scion(PROTOCOL_END_TO_END, Buffer.concat([extension, Buffer.alloc(24)]));
  assert.deepEqual(await see(ethernet(ipv4('10.1.0.1', '10.2.0.1', UDP, udp(1, 2, packet)))), []);
});

test('with the MAC of the observer’s end, only frames to it count', async () => {
  const frame = ethernet(ipv4('10.1.0.1', '10.2.0.1', 1, Buffer.alloc(8)));
  assert.equal((await see(frame, { mac: '02:00:00:00:00:02' })).length, 1);
  assert.equal((await see(frame, { mac: '02:00:00:00:00:01' })).length, 0);
});

test('a later fragment counts by its addresses, and its bytes are not taken for ports', async () => {
  const bgpLookalike = tcp(179, 179);
  assert.equal((await see(ethernet(ipv4('10.1.0.1', '10.2.0.1', TCP, bgpLookalike, 100)))).length, 1);
});

test('frames of any length are read without an error', async () => {
  const frame = ethernet(ipv4('192.0.2.1', '192.0.2.2', UDP, udp(40000, 4789, vxlan)));
  for (let length = 0; length <= frame.length; length++) await see(frame.subarray(0, length), {}, frame.length);
});

test('a prefix that is none is refused', async () => {
  await assert.rejects(see(inner, { prefixes: ['10.0.0.300/8'] }), RangeError);
});
