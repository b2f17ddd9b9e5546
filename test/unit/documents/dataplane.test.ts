import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { outcomeOf, REASON_TEXTS, REASONS } from '../../../src/dataplane/counters.ts';
import { innerMtu, pathHeader } from '../../../src/dataplane/path-header.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { encodePath, type ScionPath } from '../../../src/scion/path.ts';

const root = new URL('../../../', import.meta.url);
const page = await readFile(new URL('docs/dataplane.md', root), 'utf8');

/** The rows of the tables below a heading, up to the next one. */
function rowsBelow(heading: string): string[][] {
  const section = page.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section !== undefined, `docs/dataplane.md has no heading "${heading}"`);
  return [...section.matchAll(/^\|(.+)\|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));
}

for (const [heading, outcome] of [
  ['Done', 'done'],
  ['Dropped', 'drop'],
  ['For the slow path', 'slow'],
] as const) {
  test(`docs/dataplane.md tells the cause of every reason of bpf/reasons.h that ends as "${outcome}"`, () => {
    const [, , ...rows] = rowsBelow(heading);
    assert.deepEqual(
      rows.map(([reason, what]) => [reason, what]),
      REASONS.filter((reason) => outcomeOf(reason) === outcome).map((reason) => [
        `\`${reason}\``,
        REASON_TEXTS[reason],
      ]),
    );
    for (const [reason, , cause] of rows) assert.ok(outcome === 'done' || cause !== '', `${reason}: no cause`);
  });
}

test('docs/dataplane.md names every check’s reason as it is called', () => {
  const named = rowsBelow('The checks of a border router').flatMap((row) => [...(row[2] ?? '').matchAll(/`(\w+)`/g)]);
  assert.ok(named.length > 15);
  for (const [, reason = ''] of named) assert.ok(reason in REASON_TEXTS, reason);
});

test('docs/dataplane.md lists the maps of the dataplane with their types and values', async () => {
  // The lab's own: wires and captures.
  const headers = globSync('bpf/*.h', { cwd: root }).filter((file) => !/wire|capture/.test(file));
  const sources = await Promise.all(headers.map((file) => readFile(new URL(file, root), 'utf8')));
  const maps = [...sources.join('\n').matchAll(/^struct \{\n(.*?)^\} (\w+) SEC\("\.maps"\);/gms)];
  const [, , ...rows] = rowsBelow('Maps');
  assert.deepEqual(
    rows.map(([name, type]) => `${name} ${type}`).sort(),
    maps.map(([, body = '', name]) => `\`${name}\` ${/BPF_MAP_TYPE_(\w+)/.exec(body)?.[1]}`).sort(),
  );
  for (const [, body = '', name] of maps) {
    const value = /__type\(value, struct (\w+)\)/.exec(body)?.[1];
    const row = rows.find(([first]) => first === `\`${name}\``);
    assert.ok(value === undefined || row?.[2]?.includes(value), `${name} holds ${value}`);
  }
});

test('docs/dataplane.md lists the programs by the names and hooks that they have', async () => {
  const [, , ...rows] = rowsBelow('Programs and hooks');
  for (const [name = '', source = '', hook = ''] of rows) {
    const text = await readFile(new URL(source.replaceAll('`', ''), root), 'utf8');
    const found = new RegExp(`SEC\\((\\S+)\\)\\s*int ${name.replaceAll('`', '')}\\(`).exec(text)?.[1];
    const section = found?.startsWith('"') ? found : new RegExp(`^#define ${found} (".+")$`, 'm').exec(text)?.[1];
    assert.equal(section, hook.startsWith('XDP') ? '"xdp"' : '"tc"', name);
  }
});

/** The header of a path of so many segments and hop fields, as a node puts it before a pod's packet. */
function header(segments: number, hops: number): Uint8Array {
  const shorter = Math.floor(hops / segments);
  const segmentLengths = Array.from({ length: segments }, (_, index) =>
    index === 0 ? hops - shorter * (segments - 1) : shorter,
  );
  const path: ScionPath = {
    currInf: 0,
    currHf: 0,
    segmentLengths,
    infos: segmentLengths.map(() => ({ consDir: true, peer: false, segId: 0, timestamp: 0 })),
    hops: Array.from({ length: hops }, () => ({
      ingressAlert: false,
      egressAlert: false,
      expTime: 63,
      consIngress: 1,
      consEgress: 2,
      mac: new Uint8Array(6),
    })),
  };
  return pathHeader({
    srcIa: parseIsdAs('1-ff00:0:111'),
    dstIa: parseIsdAs('1-ff00:0:112'),
    srcHost: '10.1.0.1',
    dstHost: '10.2.0.1',
    raw: encodePath(path),
    own: { address: '172.16.0.1', port: 40_001, mac: '02:00:00:00:00:01' },
    remote: { address: '172.16.0.0', port: 40_002, mac: '02:00:00:00:00:02' },
    ownLink: false,
  });
}

test('the overheads and MTUs in docs/dataplane.md are those of the headers that a node writes', () => {
  const [, , ...rows] = rowsBelow('MTU and overhead');
  assert.ok(rows.length >= 5);
  for (const [path, ...numbers] of rows) {
    const [s = 0, h = 0, pathLength, overhead, inner, mss] = numbers.map(Number);
    const bytes = header(s, h);
    const expected = [bytes.length - 42 - 36, bytes.length - 14, innerMtu(1500, bytes), innerMtu(1500, bytes) - 40];
    assert.deepEqual([pathLength, overhead, inner, mss], expected, path);
    assert.equal(overhead, 28 + 36 + 4 + 8 * s + 12 * h, path);
  }
});

test('the fields that docs/dataplane.md draws stand at the offsets that it says', () => {
  const bytes = header(2, 4);
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint16(12), 0x0800, 'Ethernet type');
  assert.equal(view.getUint16(36), 40_002, 'UDP destination');
  assert.equal(view.getUint8(46), 253, 'next header');
  assert.equal(view.getUint8(47) * 4, bytes.length - 42, 'words of 4 bytes');
  assert.equal(view.getUint8(50), 1, 'path type');
  assert.equal(view.getBigUint64(54), 0x0001ff0000000112n, 'destination ISD-AS');
  assert.equal(view.getBigUint64(62), 0x0001ff0000000111n, 'source ISD-AS');
  assert.deepEqual([...bytes.subarray(70, 78)], [10, 2, 0, 1, 10, 1, 0, 1], 'hosts');
  assert.equal(view.getUint32(78), (2 << 12) | (2 << 6), 'path meta');
  assert.equal(view.getUint8(82 + 8 * 2 + 1), 63, 'ExpTime of the first hop field');
  assert.equal(bytes.length, 82 + 8 * 2 + 12 * 4);
});
