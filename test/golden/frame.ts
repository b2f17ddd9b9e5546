/** SCION over UDP over IPv4 over Ethernet, for tests: written and read independently of the code under test. */
import assert from 'node:assert/strict';
import type { UnderlayEnd } from '../../src/dataplane/underlay.ts';

const HEADERS = 42;

export interface OpenedFrame {
  readonly from: UnderlayEnd;
  readonly to: UnderlayEnd;
  readonly packet: Uint8Array;
}

/** A frame as the sender's kernel would make it: with a TTL of 64 and no UDP checksum. */
export function wrapFrame(from: UnderlayEnd, to: UnderlayEnd, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADERS + packet.length);
  const view = new DataView(frame.buffer);
  frame.set(mac(to.mac), 0);
  frame.set(mac(from.mac), 6);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 28 + packet.length);
  view.setUint16(20, 0x4000);
  view.setUint8(22, 64);
  view.setUint8(23, 17);
  frame.set(from.address.split('.').map(Number), 26);
  frame.set(to.address.split('.').map(Number), 30);
  view.setUint16(24, internetChecksum(frame.subarray(14, 34)));
  view.setUint16(34, from.port);
  view.setUint16(36, to.port);
  view.setUint16(38, 8 + packet.length);
  frame.set(packet, HEADERS);
  return frame;
}

/** Takes a frame apart; fails where a receiver's kernel would discard it. */
export function openFrame(frame: Uint8Array): OpenedFrame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  assert.equal(view.getUint16(12), 0x0800, 'IPv4');
  assert.equal(view.getUint8(14), 0x45, 'no options');
  assert.equal(view.getUint16(16), frame.length - 14, 'total length');
  assert.ok(view.getUint8(22) > 0, 'TTL');
  assert.equal(view.getUint8(23), 17, 'UDP');
  assert.equal(internetChecksum(frame.subarray(14, 34)), 0, 'IPv4 checksum');
  assert.equal(view.getUint16(38), frame.length - 34, 'UDP length');
  assert.equal(view.getUint16(40), 0, 'no UDP checksum');
  return {
    from: { address: frame.subarray(26, 30).join('.'), port: view.getUint16(34), mac: macText(frame.subarray(6, 12)) },
    to: { address: frame.subarray(30, 34).join('.'), port: view.getUint16(36), mac: macText(frame.subarray(0, 6)) },
    packet: frame.subarray(HEADERS),
  };
}

/** RFC 1071: of bytes that include a right checksum it is 0. */
export function internetChecksum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes[at]! * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

const macs = new Map<string, Uint8Array>();

function mac(text: string): Uint8Array {
  const known = macs.get(text) ?? Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
  macs.set(text, known);
  return known;
}

function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}
