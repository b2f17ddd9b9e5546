import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CilionError, LabError } from '../../../src/errors.ts';
import { readBundle } from '../../../src/results/bundle-reader.ts';
import { BundleWriter } from '../../../src/results/bundle-writer.ts';
import { makeSyntheticBundle } from '../../fixtures/report/make-bundle.ts';

let folder: string;
let bundles = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cilion-bundle-'));
});
after(() => rm(folder, { recursive: true }));

const newBundle = (): Promise<string> =>
  makeSyntheticBundle({ resultsFolder: join(folder, String(bundles++)), repeat: 1, seed: 3 });

const newWriter = (shortId: string): Promise<BundleWriter> =>
  BundleWriter.create({ resultsFolder: folder, scenario: 'x', shortId, startedAt: new Date(2026, 0, 2, 3, 4, 5) });

async function refusal(bundle: string): Promise<string> {
  let message = '';
  await assert.rejects(readBundle(bundle), (error) => {
    assert.ok(error instanceof CilionError);
    assert.equal(error.exitCode, 2);
    message = error.message.replace(`${bundle}/`, '');
    return true;
  });
  return message;
}

test('what is written is what is read', async () => {
  const bundle = await readBundle(await newBundle());
  assert.deepEqual(
    bundle.manifest.passes.map((pass) => pass.id),
    ['ip-1', 'vxlan-1', 'cilion-1'],
  );
  const [ip] = bundle.passes;
  assert.deepEqual(
    ip!.workloads.map(({ name, samples }) => [name, samples.length]),
    [
      ['bulk', 299],
      ['probe', 1488],
      ['web', 144],
    ],
  );
  assert.deepEqual(
    ip!.events.map((event) => event.event),
    ['bgp.hijack', 'link.shape', 'bgp.withdraw'],
  );
  assert.ok(ip!.observed!.length > 0);
  assert.deepEqual(bundle.passes[2]!.observed, []);
  assert.equal(bundle.verdicts.verdicts.length, 6);
});

test('the same seed gives the same bundle, byte for byte', async () => {
  const [one, two] = [await newBundle(), await newBundle()];
  const files = (await readdir(one, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.ok(files.length > 10);
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    assert.deepEqual(await readFile(path), await readFile(path.replace(one, two)), path);
  }
});

test('a bundle is named after time, scenario and id, and never written over', async () => {
  const writer = await newWriter('a1b2');
  assert.equal(basename(writer.folder), '20260102-030405-x-a1b2');
  await assert.rejects(newWriter('a1b2'), LabError);
  await assert.rejects(newWriter('../../outside'), LabError);
});

test('lines appended at the same time stay whole and in order', async () => {
  const writer = await newWriter('order');
  const rows = Array.from({ length: 200 }, (_, seq) => ({ t: seq, seq, rtt: null }));
  await Promise.all(rows.map((row) => writer.appendSamples('ip-1', 'probe', [row])));
  const text = await readFile(join(writer.folder, 'samples/ip-1/probe.ndjson'), 'utf8');
  assert.equal(text, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});

test('two inputs of the same name are both kept, each byte for byte', async () => {
  const writer = await newWriter('inputs');
  const one = await writer.writeInput('a/topology.yaml', 'one: ü\n');
  const two = await writer.writeInput('b/topology.yaml', 'two\n');
  assert.notEqual(one.copy, two.copy);
  assert.equal(await readFile(join(writer.folder, one.copy), 'utf8'), 'one: ü\n');
  assert.equal(two.sha256, createHash('sha256').update('two\n').digest('hex'));
});

test('a link keeps its name in its capture, without the letters that URLs give a meaning', async () => {
  const writer = await newWriter('capture');
  const file = await writer.captureFile('ip-1', '1-ff00:0:110#1--1-ff00:0:111#41');
  assert.equal(file, join(writer.folder, 'captures/ip-1/1-ff00_0_110.1--1-ff00_0_111.41.pcap'));
  await writeFile(file, '');
});

test('no name leads out of the bundle, and none takes the place of another file', async () => {
  const writer = await newWriter('names');
  assert.throws(() => writer.appendSamples('ip-1', '../manifest', []), CilionError);
  assert.throws(() => writer.appendSamples('ip-1', 'observed', []), CilionError);
});

test('a part that is missing is named', async () => {
  const bundle = await newBundle();
  await rm(join(bundle, 'samples/vxlan-1/probe.ndjson'));
  assert.equal(await refusal(bundle), 'samples/vxlan-1/probe.ndjson is missing');
  await rm(join(bundle, 'manifest.json'));
  assert.equal(await refusal(bundle), 'manifest.json is missing');
});

test('a bundle of another schema is refused by its number', async () => {
  const bundle = await newBundle();
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify({ schema: 99 }));
  assert.equal(await refusal(bundle), 'manifest.json: schema 99, not 1');
});

test('a damaged line is named by file and number', async () => {
  const bundle = await newBundle();
  await appendFile(join(bundle, 'events.ndjson'), '{"pass":"ip-1","ev');
  assert.equal(await refusal(bundle), 'events.ndjson:10 is damaged: it is not JSON');
});

test('a manifest that lacks fields is refused with their names', async () => {
  const bundle = await newBundle();
  const { seed: _, ...manifest } = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as {
    seed: number;
  };
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify(manifest));
  assert.equal(await refusal(bundle), 'manifest.json is damaged: it lacks seed');
});

test('without an observer there are no observed packets, rather than none seen', async () => {
  const bundle = await newBundle();
  await rm(join(bundle, 'samples/ip-1/observed.ndjson'));
  assert.equal((await readBundle(bundle)).passes[0]!.observed, null);
});
