import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../src/process/process.ts';
import type { Manifest, Summary, Verdicts } from '../../src/results/bundle.ts';
import { photographHost } from '../lab/host-photo.ts';
import { cilion, runScenario, startCilion } from './cilion.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cilion-run-'));
after(() => rmSync(scratch, { recursive: true }));

function bundlesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function json<T>(folder: string, file: string): T {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
}

test('the smallest scenario runs to its end, holds, and leaves a bundle that is whole', async (t) => {
  const results = join(scratch, 'tiny');
  const before = await photographHost();
  const { code, stdout, stderr } = await runScenario('scenarios/tiny.yaml', results);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.deepEqual(await photographHost(), before);
  const [folder = ''] = bundlesIn(results);
  const manifest = json<Manifest>(folder, 'manifest.json');
  assert.deepEqual(manifest.invalid, []);
  assert.deepEqual(
    manifest.passes.map(({ id }) => id),
    ['ip-1', 'cilion-1'],
  );
  for (const { copy } of manifest.inputs) assert.ok(existsSync(join(folder, copy)), copy);
  for (const part of ['events.ndjson', 'summary.json', 'topology.json', 'report.html', 'samples/ip-1/wires.ndjson']) {
    assert.ok(existsSync(join(folder, part)), part);
  }
  assert.ok(json<Verdicts>(folder, 'verdicts.json').holds);
  t.diagnostic(`stages: ${JSON.stringify(manifest.stageSeconds)}`);
});

test('the captures of a run open in Wireshark and show SCION’s packets on the wire', async () => {
  const [folder = ''] = bundlesIn(join(scratch, 'tiny'));
  const captures = join(folder, 'captures/cilion-1');
  const [file = ''] = readdirSync(captures).filter((name) => name.endsWith('.pcap'));
  const { stdout } = await run([
    'tshark',
    '-r',
    join(captures, file),
    '-Y',
    'udp',
    '-T',
    'fields',
    '-e',
    'ip.dst',
    '-c',
    '20',
  ]);
  assert.match(stdout, /^172\./m);
});

test('the report is made again from the bundle alone', async () => {
  const [folder = ''] = bundlesIn(join(scratch, 'tiny'));
  rmSync(join(folder, 'report.html'));
  rmSync(join(folder, 'charts'), { recursive: true });
  const { code, stdout } = await cilion(['report', folder]);
  assert.equal(code, 0);
  assert.match(stdout, /report\.html/);
  assert.ok(existsSync(join(folder, 'report.html')));
});

test('Ctrl-C in the middle of a pass ends the run in order: no lab, no bundle', async () => {
  const results = join(scratch, 'interrupted');
  const before = await photographHost();
  const running = startCilion(['run', 'scenarios/tiny.yaml', '--results', results, '--transport', 'cilion']);
  await running.printed(/measure the wires/);
  setTimeout(() => process.kill(running.pid, 'SIGINT'), 2500);
  const { code, stderr } = await running.ended;
  assert.equal(code, 3, stderr);
  assert.match(stderr, /ended by SIGINT/);
  assert.deepEqual(await photographHost(), before);
  assert.deepEqual(bundlesIn(results), []);
});

const SHIPPED = readdirSync('scenarios').filter((name) => name.endsWith('.yaml') && name !== 'tiny.yaml');

interface Short {
  readonly file: string;
  readonly title: string;
  readonly options: readonly string[];
}

const SHORT: readonly Short[] = [
  ...SHIPPED.map((file) => ({ file, title: `scenarios/${file} shows what it claims`, options: [] })),
  {
    file: 'bgp-hijack.yaml',
    title: 'scenarios/bgp-hijack.yaml comes to the same verdicts on computed paths',
    options: ['--control-plane', 'computed'],
  },
];

for (const { file, title, options } of SHORT) {
  test(`${title}, in one pass of each transport`, async (t) => {
    const results = join(scratch, `${file}${options.join('')}`);
    const { code, stdout, stderr } = await runScenario(`scenarios/${file}`, results, ['--repeat', '1', ...options]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    const [folder = ''] = bundlesIn(results);
    const { stageSeconds, passes, durationSeconds } = json<Manifest>(folder, 'manifest.json');
    const total = Object.values(stageSeconds).reduce((sum, seconds) => sum + seconds, 0);
    t.diagnostic(`${(total - passes.length * durationSeconds).toFixed(1)} s outside the timelines`);
  });
}

test('the gateway and WireGuard carry the workloads of a scenario that does not name them', async () => {
  const results = join(scratch, 'others');
  const options = ['--control-plane', 'reference', '--transport', 'wireguard,sig'];
  const { code, stdout, stderr } = await runScenario('scenarios/tiny.yaml', results, options);
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  const [folder = ''] = bundlesIn(results);
  const { mechanisms } = json<Manifest>(folder, 'manifest.json');
  assert.match(mechanisms['wireguard'] ?? '', /^(wireguard-go .*, in user space|WireGuard of the kernel)$/);
  assert.match(mechanisms['sig'] ?? '', /^scionproto gateway v\d/);
  assert.ok(readdirSync(join(folder, 'logs')).includes('sig-a.log'));
  for (const { pass, phases } of json<Summary>(folder, 'summary.json').passes) {
    const [answered, goodput] = [phases.before['shop']?.['http.successRatio'], phases.before['bulk']?.['tcp.goodput']];
    assert.ok((answered ?? 0) > 0.9, `${pass}: ${answered} of the requests were answered`);
    assert.ok((goodput ?? 0) > 1e6, `${pass}: ${goodput} bit/s`);
  }
});
