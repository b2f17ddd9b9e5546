import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/scion/format-error.ts';
import { decodePacket, encodeHeader, encodePacket, type ScionHeader } from '../../../src/scion/header.ts';
import { formatHost, ipHost, isMappedIpv4, serviceHost } from '../../../src/scion/host.ts';
import { formats, fromHex, toHex } from './vectors.ts';

function headerOf(vector: (typeof formats.packets)[number]): ScionHeader {
  const { trafficClass, flowId, nextHeader, payloadLength, pathType } = vector;
  const dst = vector.dst === undefined ? serviceHost(vector.dstService!) : ipHost(vector.dst);
  return {
    trafficClass,
    flowId,
    nextHeader,
    payloadLength,
    pathType,
    dst: { ia: BigInt(`0x${vector.dstIa}`), host: dst },
    src: { ia: BigInt(`0x${vector.srcIa}`), host: ipHost(vector.src) },
    path: fromHex(vector.path?.raw ?? ''),
  };
}

const SIMPLE = headerOf(formats.packets[1]!);

test('packets have the bytes of the reference implementation, in both directions', () => {
  for (const vector of formats.packets) {
    const header = headerOf(vector);
    const payload = fromHex(vector.payload);
    assert.equal(toHex(encodePacket(header, payload)), vector.packet);
    const packet = decodePacket(fromHex(vector.packet));
    assert.deepEqual(packet.header, header);
    assert.deepEqual(packet.payload, payload);
    assert.equal(packet.version, 0);
    assert.equal(packet.headerLength, vector.packet.length / 2 - payload.length);
  }
});

test('every truncation of a header is refused', () => {
  const bytes = encodeHeader(SIMPLE);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodePacket(bytes.subarray(0, length)), FormatError);
  }
});

test('a HdrLen that ends inside the address header is refused', () => {
  const bytes = encodeHeader(SIMPLE);
  bytes[5] = 8;
  assert.throws(() => decodePacket(bytes), /HdrLen of 32 bytes ends inside the address header/);
});

test('values that do not fit are refused', () => {
  assert.throws(() => encodeHeader({ ...SIMPLE, flowId: 1 << 20 }), /FlowID 1048576/);
  assert.throws(() => encodeHeader({ ...SIMPLE, payloadLength: 65536 }), /PayloadLen 65536/);
  assert.throws(() => encodeHeader({ ...SIMPLE, path: new Uint8Array(6) }), /no multiple of 4/);
  assert.throws(() => encodeHeader({ ...SIMPLE, path: new Uint8Array(1000) }), /more than 1020/);
  assert.throws(() => encodePacket(SIMPLE, new Uint8Array(65536)), /payload of 65536 bytes/);
  assert.throws(
    () => encodeHeader({ ...SIMPLE, dst: { ...SIMPLE.dst, host: { type: 3, bytes: new Uint8Array(4) } } }),
    /its type says 16/,
  );
});

test('host addresses are read from text and written in canonical text', () => {
  for (const [text, hex, canonical] of [
    ['10.1.2.3', '0a010203', '10.1.2.3'],
    ['fd00::1', 'fd000000000000000000000000000001', 'fd00::1'],
    ['::', '00000000000000000000000000000000', '::'],
    ['2001:DB8:0:0:1::', '20010db8000000000001000000000000', '2001:db8:0:0:1::'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
    ['::ffff:10.1.2.3', '0a010203', '10.1.2.3'],
  ] as const) {
    assert.equal(toHex(ipHost(text).bytes), hex);
    assert.equal(formatHost(ipHost(text)), canonical);
  }
  assert.throws(() => ipHost('10.1.2'), FormatError);
  assert.throws(() => ipHost('fe80::1%eth0'), FormatError);
  assert.equal(formatHost(serviceHost(0x8002)), 'service 0x8002');
  assert.equal(formatHost({ type: 4 + 1, bytes: fromHex('0102030405060708') }), 'type 5 0x0102030405060708');
  assert.ok(isMappedIpv4({ type: 3, bytes: fromHex('00000000000000000000ffff0a010203') }));
  assert.ok(!isMappedIpv4(ipHost('fd00::1')));
});
