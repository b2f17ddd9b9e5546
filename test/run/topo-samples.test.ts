/** The sample topologies of the reference implementation, taken from its module as they are. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildAll } from '../../src/dataplane/build.ts';
import { run } from '../../src/process/process.ts';
import type { Manifest, Summary } from '../../src/results/bundle.ts';
import { loadTopology } from '../../src/topology/load.ts';
import { allPaths, meetings, NOW, OPTIONS } from '../golden/meetings.ts';
import { RouterBench, sentBy } from '../golden/router-bench.ts';
import { buildNetwork } from '../model/walk.ts';
import { cilion } from './cilion.ts';

const MODULE = 'github.com/scionproto/scion';

interface Sample {
  /** In the module. */
  readonly file: string;
  /** Two ASes without customers, as far apart as the sample has them. */
  readonly leaves: readonly [string, string];
}

const SAMPLES: readonly Sample[] = [
  { file: 'topology/tiny.topo', leaves: ['1-ff00:0:111', '1-ff00:0:112'] },
  { file: 'topology/tiny4.topo', leaves: ['1-ff00:0:111', '1-ff00:0:112'] },
  { file: 'topology/default.topo', leaves: ['1-ff00:0:133', '2-ff00:0:222'] },
  { file: 'topology/default-no-peers.topo', leaves: ['1-ff00:0:133', '2-ff00:0:222'] },
  { file: 'topology/wide.topo', leaves: ['1-ff00:0:121', '5-ff00:0:531'] },
  { file: 'topology/testdata/peering-test.topo', leaves: ['1-ff00:0:114', '2-ff00:0:213'] },
];

/** Paths that are tried between two ASes: in the larger samples, some pairs have dozens. */
const BEST = 3;
const MANIFESTS = ['shop-clients.yaml', 'shop.yaml'];

const scratch = mkdtempSync(join(tmpdir(), 'cilion-topo-'));
/** The module's. */
let folder = '';

before(async () => {
  const go = (...args: string[]) => run(['go', '-C', 'testbed/scion', ...args]);
  await go('mod', 'download', MODULE);
  folder = (await go('list', '-m', '-f', '{{.Dir}}', MODULE)).stdout.trim();
  for (const { file } of SAMPLES) copyFileSync(join(folder, file), join(scratch, basename(file)));
  for (const file of MANIFESTS) copyFileSync(join('scenarios/manifests', file), join(scratch, file));
});
after(() => rmSync(scratch, { recursive: true }));

for (const sample of SAMPLES) {
  test(`the reference's ${sample.file} runs unchanged: nothing is lost over plain IP and CilION`, async (t) => {
    const name = basename(sample.file, '.topo');
    const scenario = join(scratch, `${name}.yaml`);
    writeFileSync(scenario, scenarioOf(name, sample.leaves));
    const results = join(scratch, name);
    const { code, stdout, stderr } = await cilion(['run', scenario, '--results', results]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    const [bundle = ''] = readdirSync(results);
    const manifest = json<Manifest>(results, bundle, 'manifest.json');
    assert.deepEqual(manifest.invalid, []);
    assert.ok(
      manifest.inputs.some(({ copy }) => same(join(results, bundle, copy), join(folder, sample.file))),
      'the file in the bundle is the one of the module',
    );
    for (const { pass, drops } of json<Summary>(results, bundle, 'summary.json').passes) {
      assert.deepEqual(drops, {}, `drops of ${pass}`);
    }
    t.diagnostic(`stages: ${JSON.stringify(manifest.stageSeconds)}`);
  });
}

test('between any two ASes of any sample there is a path, and on the best ones border_router takes packets to their end', async (t) => {
  await buildAll();
  const bench = new RouterBench();
  for (const { file } of SAMPLES) {
    const { topology } = await loadTopology(join(scratch, basename(file)));
    const network = buildNetwork(topology, OPTIONS.seed);
    const pairs = Map.groupBy(allPaths(topology), ({ src, dst }) => `${src} ${dst}`);
    assert.equal(pairs.size, topology.ases.length * (topology.ases.length - 1), file);
    const met = [...pairs.values()].flatMap((paths) => paths.slice(0, BEST).flatMap((path) => meetings(network, path)));
    for (const [router, here] of Map.groupBy(met, ({ router: one }) => one)) {
      bench.configure(router, NOW);
      for (const { path, ingress, packet } of here) {
        const run = bench.receive(packet, ingress);
        const { egress } = path.hops.find((hop) => hop.ia === router.ia)!;
        const where = `${file}: ${path.src} to ${path.dst}, in ${router.ia} from ${ingress}`;
        assert.equal(run.reason, egress === 0 ? 'LOCAL_DELIVERY' : 'FORWARDED', where);
        if (egress !== 0) sentBy(run.frame, egress);
      }
    }
    t.diagnostic(`${basename(file)}: ${new Set(met.map(({ path }) => path)).size} paths, ${met.length} packets`);
  }
});

function scenarioOf(name: string, [a, b]: readonly [string, string]): string {
  return `name: ${name}
title: Between two leaves of ${name}
question: Does anything get lost?
topology: ${name}.topo
duration: 1s
clusters:
  - {name: a, as: '${a}', manifests: [shop-clients.yaml]}
  - {name: b, as: '${b}', manifests: [shop.yaml]}
transports: [ip, cilion]
workloads:
  - {name: ping, kind: udp, from: a/client-1, to: b/web-1, interval: 20ms}
  - {name: page, kind: http, from: a/client-2, to: b/web-2, interval: 100ms, response: 16KiB}
assertions:
${['ip', 'cilion']
  .flatMap((transport) => [
    `  - {name: '${transport} loses no probe', transport: ${transport}, metric: udp.lost, workload: ping, equals: 0}`,
    `  - {name: '${transport} loads every page', transport: ${transport}, metric: http.failures, workload: page, equals: 0}`,
  ])
  .join('\n')}
`;
}

function json<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

function same(copy: string, original: string): boolean {
  return existsSync(copy) && readFileSync(copy).equals(readFileSync(original));
}
