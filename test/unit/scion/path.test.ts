import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/scion/format-error.ts';
import { expTimeFor, type HopField, hopExpiry } from '../../../src/scion/hop-field.ts';
import {
  decodePath,
  decodePathMeta,
  encodePath,
  hopFieldOffset,
  infoFieldOffset,
  MAX_PATH_LENGTH,
  pathLength,
  reversePath,
  type ScionPath,
  segmentOf,
} from '../../../src/scion/path.ts';
import { formats, fromHex, type PathVector, toHex } from './vectors.ts';

const vectors = formats.packets.flatMap(({ path }) => (path === undefined ? [] : [path]));

function pathOf(vector: PathVector): ScionPath {
  const { currInf, currHf, segmentLengths, infos } = vector;
  const hops = vector.hops.map((hop) => ({ ...hop, mac: fromHex(hop.mac) }));
  return { currInf, currHf, segmentLengths, infos, hops };
}

function pathWith(segmentLengths: readonly number[]): ScionPath {
  const hop: HopField = {
    ingressAlert: false,
    egressAlert: false,
    expTime: 63,
    consIngress: 1,
    consEgress: 2,
    mac: new Uint8Array(6),
  };
  const count = segmentLengths.reduce((sum, length) => sum + length, 0);
  const infos = segmentLengths.map(() => ({ peer: false, consDir: true, segId: 7, timestamp: 8 }));
  return { currInf: 0, currHf: 0, segmentLengths, infos, hops: Array.from({ length: count }, () => hop) };
}

test('paths have the bytes of the reference implementation, in both directions', () => {
  assert.equal(vectors.length, 7);
  for (const vector of vectors) {
    assert.equal(toHex(encodePath(pathOf(vector))), vector.raw);
    assert.deepEqual(decodePath(fromHex(vector.raw)), pathOf(vector));
    assert.equal(pathLength(pathOf(vector)), vector.raw.length / 2);
  }
});

test('a reversed path is that of the reference implementation, and twice reversed it is the first', () => {
  for (const vector of vectors) {
    const reversed = reversePath(pathOf(vector));
    assert.equal(toHex(encodePath(reversed)), vector.reversed);
    assert.deepEqual(reversePath(reversed), pathOf(vector));
  }
});

test('the largest path has 64 hop fields in three segments and 796 bytes', () => {
  assert.equal(MAX_PATH_LENGTH, 796);
  assert.equal(encodePath(pathWith([20, 24, 20])).length, 796);
  assert.throws(() => encodePath(pathWith([21, 24, 20])), /65 hop fields, more than 64/);
  assert.throws(() => encodePath(pathWith([64])), /segment of 64 hop fields/);
});

test('gaps, missing segments and pointers outside the path are refused', () => {
  assert.throws(() => decodePathMeta(fromHex('00000000')), /no segment/);
  assert.throws(() => decodePathMeta(fromHex('00000002')), /empty segment/);
  assert.throws(() => decodePathMeta(fromHex('00002002')), /empty segment/);
  assert.throws(() => decodePathMeta(fromHex('0003ffff')), /189 hop fields, more than 64/);
  assert.throws(() => decodePathMeta(fromHex('000020')), FormatError);
  assert.throws(() => decodePath(fromHex('00002000')), /path needs 36 bytes and has 4/);
  assert.throws(() => encodePath({ ...pathWith([2]), currHf: 2 }), /CurrHF 2 in a path of 2 hop fields/);
  assert.throws(() => encodePath({ ...pathWith([2]), currInf: 1 }), /CurrINF 1 in a path of 1 segments/);
  assert.throws(() => encodePath({ ...pathWith([2]), hops: [] }), /0 hop fields for segment lengths 2/);
});

test('a field that is too large is refused, not cut', () => {
  const path = pathWith([2]);
  const [info] = path.infos;
  const [hop] = path.hops;
  assert.throws(() => encodePath({ ...path, infos: [{ ...info!, segId: 65536 }] }), /SegID 65536/);
  assert.throws(() => encodePath({ ...path, hops: [{ ...hop!, expTime: 256 }, hop!] }), /ExpTime 256/);
  assert.throws(() => encodePath({ ...path, hops: [{ ...hop!, consEgress: -1 }, hop!] }), /ConsEgress -1/);
  assert.throws(() => encodePath({ ...path, hops: [{ ...hop!, mac: new Uint8Array(5) }, hop!] }), /MAC has 5 bytes/);
});

test('info and hop fields stand where the offsets say', () => {
  const path = pathOf(vectors.at(-1)!);
  assert.equal(infoFieldOffset(2), 20);
  assert.equal(hopFieldOffset(path, 0), 28);
  assert.equal(hopFieldOffset(path, 63), 784);
});

test('a hop field belongs to the segment whose lengths reach it', () => {
  const path = pathWith([2, 3, 1]);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((hop) => segmentOf(path, hop)),
    [0, 0, 1, 1, 1, 2, 2],
  );
});

test('ExpTime counts units of 337.5 s from 337.5 s to 24 h', () => {
  assert.equal(hopExpiry({ timestamp: 1000 }, { expTime: 0 }), 1337.5);
  assert.equal(hopExpiry({ timestamp: 1000 }, { expTime: 255 }), 87_400);
  assert.equal(expTimeFor(21_600), 63);
  assert.equal(expTimeFor(21_599), 62);
  assert.equal(expTimeFor(337.5), 0);
  assert.equal(expTimeFor(86_400), 255);
  assert.throws(() => expTimeFor(337), FormatError);
  assert.throws(() => expTimeFor(86_738), FormatError);
});
