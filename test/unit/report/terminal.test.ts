import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { WriteStream } from 'node:tty';
import {
  formatBitRate,
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatRatio,
} from '../../../src/report/numbers.ts';
import { terminalSummary } from '../../../src/report/terminal.ts';
import { type Bundle, readBundle } from '../../../src/results/bundle-reader.ts';
import { makeSyntheticBundle } from '../../fixtures/report/make-bundle.ts';

let folder: string;
let bundle: Bundle;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cilion-terminal-'));
  bundle = await readBundle(await makeSyntheticBundle({ resultsFolder: folder, repeat: 2 }));
});
after(() => rm(folder, { recursive: true }));

const print = (shown: Bundle, isTTY = false): string => {
  const stream = Object.assign(new PassThrough(), { isTTY, getColorDepth: WriteStream.prototype.getColorDepth });
  return terminalSummary(shown, { reportPath: 'results/r/report.html', stream });
};

test('the table has a row for each transport and phase, its numbers flush right', () => {
  const lines = print(bundle).split('\n');
  const start = lines.findIndex((line) => line.includes('goodput'));
  const rows = lines.slice(start + 1, start + 10);
  assert.deepEqual(
    rows.map((row) => /(before|during|after)/.exec(row)?.[1]),
    [1, 2, 3].flatMap(() => ['before', 'during', 'after']),
  );
  const goodput = lines[start]!.indexOf('goodput') + 'goodput'.length;
  for (const row of rows) assert.match(row.slice(0, goodput), /[kM]bit\/s$/);
});

test('each verdict is a tick or a cross with its numbers, and the last line is where the report is', () => {
  const text = print(bundle);
  assert.equal(text.match(/^✓ /gm)?.length, 5);
  assert.match(
    text,
    /^✗ Plain IP is back within 100 ms of the withdrawal\n {2}.* \d+ ms, \d+ ms \(wanted less than 100 ms\)$/m,
  );
  assert.match(text, /Report: results\/r\/report\.html\n$/);
});

test('colour goes to terminals only, and not where NO_COLOR is set', () => {
  const saved = process.env;
  try {
    // Nothing else: Node takes CI, TEAMCITY_VERSION and more for what a terminal can show.
    process.env = { TERM: 'xterm-256color' };
    assert.doesNotMatch(print(bundle, false), /\u001b/);
    assert.match(print(bundle, true), /\u001b\[32m✓/);
    process.env['NO_COLOR'] = '1';
    assert.doesNotMatch(print(bundle, true), /\u001b/);
  } finally {
    process.env = saved;
  }
});

test('text from files cannot steer the terminal', () => {
  const title = 'a\u001b[2Jb\u0007\nc';
  const hostile = { ...bundle, manifest: { ...bundle.manifest, scenario: { ...bundle.manifest.scenario, title } } };
  assert.equal(print(hostile).split('\n')[0], 'ab  c');
});

test('an invalid run says so first', () => {
  const invalid = { ...bundle, manifest: { ...bundle.manifest, invalid: ['irtt died'] } };
  assert.match(print(invalid), /^INVALID RUN: irtt died\n/);
});

test('numbers have one unit and three significant digits', () => {
  assert.deepEqual([0, 946_000, 94_120_000, 1.5e9].map(formatBitRate), [
    '0 bit/s',
    '946 kbit/s',
    '94.1 Mbit/s',
    '1.50 Gbit/s',
  ]);
  assert.deepEqual([0, 512, 308_000, 12e6].map(formatBytes), ['0 B', '512 B', '301 KiB', '11.4 MiB']);
  assert.deepEqual([0, 0.34, 41.94, 157.2, 1240].map(formatMilliseconds), [
    '0 ms',
    '340 µs',
    '41.9 ms',
    '157 ms',
    '1.24 s',
  ]);
  assert.deepEqual([999, 12_345, 1_234_567].map(formatCount), ['999', '12\u202f345', '1\u202f234\u202f567']);
});

test('what is rounded up to the next unit is written in it', () => {
  assert.equal(formatBitRate(999_960), '1.00 Mbit/s');
  assert.equal(formatBytes(1024 * 1024 - 1), '1.00 MiB');
  assert.equal(formatMilliseconds(999.7), '1.00 s');
  assert.equal(formatMilliseconds(0.9999), '1.00 ms');
});

test('a share that is neither nothing nor all never reads as 0 % or 100 %', () => {
  assert.deepEqual([0, 0.0001, 0.9861, 0.99999, 1].map(formatRatio), ['0 %', '< 0.1 %', '98.6 %', '> 99.9 %', '100 %']);
});
