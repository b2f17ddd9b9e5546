/** A bundle from somebody else shows nothing of this machine, and writes over nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readBenchFigures } from '../../../src/bench/bench-files.ts';
import { CilionError } from '../../../src/errors.ts';
import { run } from '../../../src/process/process.ts';
import { makeReport } from '../../../src/report/make-report.ts';
import type { Manifest } from '../../../src/results/bundle.ts';
import { makeSyntheticBundle } from '../../fixtures/report/make-bundle.ts';

const SECRET = '{"secret": "of this machine"}\n';

let folder: string;
let outside: string;
let bundles = 0;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cilion-foreign-'));
  outside = join(folder, 'outside');
  writeFileSync(outside, SECRET);
});
after(() => rmSync(folder, { recursive: true }));

const newBundle = (): Promise<string> =>
  makeSyntheticBundle({ resultsFolder: join(folder, String(bundles++)), repeat: 1 });

/** Sets a link to `target` in a part's place. */
function link(bundle: string, part: string, target = outside): void {
  rmSync(join(bundle, part), { recursive: true, force: true });
  symlinkSync(target, join(bundle, part));
}

function isRefusal(part: string, what = 'a symbolic link'): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CilionError, String(error));
    assert.equal(error.exitCode, 2);
    assert.ok(error.message.includes(`/${part} is ${what}`), error.message);
    return true;
  };
}

test('a part that is a link is not read', async () => {
  for (const part of ['manifest.json', 'topology.json', 'events.ndjson', 'samples/ip-1/bulk.ndjson']) {
    const bundle = await newBundle();
    link(bundle, part);
    await assert.rejects(makeReport(bundle), isRefusal(part));
    assert.ok(!existsSync(join(bundle, 'report.html')), part);
  }
});

test('nor is one in a folder that is a link, nor what is no file', async () => {
  const bundle = await newBundle();
  renameSync(join(bundle, 'samples'), join(folder, 'samples'));
  link(bundle, 'samples', join(folder, 'samples'));
  await assert.rejects(makeReport(bundle), isRefusal('samples'));
  const other = await newBundle();
  rmSync(join(other, 'summary.json'));
  await run(['mkfifo', join(other, 'summary.json')]);
  await assert.rejects(makeReport(other), isRefusal('summary.json', 'no file'));
});

test('a report, or a picture, is not written through a link, and nothing is written at all', async () => {
  const elsewhere = mkdtempSync(join(folder, 'elsewhere-'));
  const places: [string, string][] = [
    ['report.html', outside],
    ['charts', elsewhere],
    ['charts/observer-dark.png', outside],
    ['report.html', join(folder, 'nothing-there')],
  ];
  for (const [part, target] of places) {
    const bundle = await newBundle();
    if (part.startsWith('charts/')) mkdirSync(join(bundle, 'charts'));
    link(bundle, part, target);
    await assert.rejects(makeReport(bundle), isRefusal(part));
    const written = readdirSync(bundle, { recursive: true }).map(String);
    assert.deepEqual(
      written.filter((name) => /\.png$|\.html$/.test(name)),
      part === 'charts' ? [] : [part],
    );
  }
  assert.equal(readFileSync(outside, 'utf8'), SECRET);
  assert.ok(!existsSync(join(folder, 'nothing-there')));
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('a link where a report is written first is not followed', async () => {
  const bundle = await newBundle();
  link(bundle, 'report.html.partial');
  await makeReport(bundle);
  assert.match(readFileSync(join(bundle, 'report.html'), 'utf8'), /^<!doctype html>/);
  assert.equal(readFileSync(outside, 'utf8'), SECRET);
});

test('no name in a manifest leads a picture out of the bundle', async () => {
  const bundle = await newBundle();
  const file = join(bundle, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  const workloads = manifest.workloads.map((workload) => ({ ...workload, kind: '../../tcp' }));
  writeFileSync(file, JSON.stringify({ ...manifest, workloads }));
  await assert.rejects(makeReport(bundle), { exitCode: 2 });
  assert.deepEqual(
    readdirSync(join(bundle, '..')).filter((name) => name.startsWith('tcp')),
    [],
  );
});

test('the bundle of a bench is read no further than its own files', async () => {
  const bundle = mkdtempSync(join(folder, 'bench-'));
  link(bundle, 'manifest.json');
  assert.throws(() => readBenchFigures(bundle), isRefusal('manifest.json'));
  rmSync(join(bundle, 'manifest.json'));
  writeFileSync(join(bundle, 'manifest.json'), '{"schema": 1, "bench": "router"}');
  link(bundle, 'summary.json');
  assert.throws(() => readBenchFigures(bundle), isRefusal('summary.json'));
});

test('a bundle may be reached by a link, and its report be made again', async () => {
  const bundle = await newBundle();
  symlinkSync(bundle, join(folder, 'latest'));
  await makeReport(join(folder, 'latest'));
  await makeReport(join(folder, 'latest'));
  assert.deepEqual(
    readdirSync(bundle).filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('the command line says what is wrong, and ends with 2', async () => {
  const bundle = await newBundle();
  link(bundle, 'report.html');
  const main = new URL('../../../src/cli/main.ts', import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [main, 'report', bundle], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^cilion: .*\/report\.html is a symbolic link: a bundle has only files and folders of its own$/m,
  );
  assert.equal(readFileSync(outside, 'utf8'), SECRET);
});
