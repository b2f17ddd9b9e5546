import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Path } from '../../src/scion/end-to-end-path.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { QUIET } from '../../src/scion/reference/control-plane.ts';
import { bestByInterfaces, hasAll } from '../../src/scion/reference/learn-paths.ts';
import { loadTopology } from '../../src/topology/load.ts';
import type { IsdAs, Topology } from '../../src/topology/model.ts';
import { peering } from '../unit/scion/topologies.ts';
import { type ReferenceLab, withIssuers, withReferenceLab } from './reference-lab.ts';

/** On two idle cores it takes 5 s (first path) and 12 s (all of them). */
const PATIENCE_MS = 240_000;
const PAIRS = 24;

const file = async (name: string): Promise<Topology> => (await loadTopology(`scenarios/topologies/${name}`)).topology;

await compare('tiny.yaml', await file('tiny.yaml'));
await compare('tiny4.topo', await file('tiny4.topo'));
await compare('a topology with peering links between three core ASes', withIssuers(peering));
// Six core ASes that meet in many ways: control services pass on the best twenty beacons of each origin, not all.
await compare('two-isd.yaml', await file('two-isd.yaml'), async () => {}, assertBestPaths);
await compare('default16.topo', await file('default16.topo'), async (t, { control, begun }) => {
  await control.awaitPaths(parseIsdAs('1-ff00:0:133'), parseIsdAs('2-ff00:0:222'), PATIENCE_MS);
  t.diagnostic(`16 ASes: first leaf-to-leaf path after ${Math.round(performance.now() - begun)} ms`);
});

async function compare(
  name: string,
  topology: Topology,
  before: (t: TestContext, lab: ReferenceLab) => Promise<void> = async () => {},
  assertPaths: typeof assertSamePaths = assertSamePaths,
): Promise<void> {
  await test(`${name}: computed and reference control plane give the same paths`, { timeout: 600_000 }, async (t) => {
    await withReferenceLab(topology, [], async (reference) => {
      await before(t, reference);
      const pairs = somePairs(topology);
      await Promise.all(pairs.map(([src, dst]) => assertPaths(reference, src, dst)));
      const { control, begun } = reference;
      t.diagnostic(`${pairs.length} pairs alike after ${Math.round(performance.now() - begun)} ms`);
      const rss = control.memory().reduce((sum, service) => sum + service.rss, 0);
      t.diagnostic(`${control.memory().length} services, ${Math.round(rss / 2 ** 20)} MiB resident`);
      await control.pace(QUIET);
      await Promise.all(pairs.map(([src, dst]) => assertPaths(reference, src, dst)));
      assert.deepEqual(control.crashes, []);
    });
  });
}

/** All ordered pairs, or so many of them, spread evenly. */
function somePairs(topology: Topology): readonly (readonly [IsdAs, IsdAs])[] {
  const ias = topology.ases.map((as) => as.ia);
  const all = ias.flatMap((src) => ias.filter((dst) => dst !== src).map((dst) => [src, dst] as const));
  // Coprime to the number of ASes, so that the sources differ too.
  const step = Math.max(1, Math.floor(all.length / PAIRS) | 1);
  return all.filter((_, index) => index % step === 0);
}

/** Beacons need their time, so the daemon is asked until it knows as many paths, and then all must be alike. */
async function assertSamePaths({ lab, control }: ReferenceLab, src: IsdAs, dst: IsdAs): Promise<void> {
  const expected = lab.control.paths(src, dst);
  const paths = await control.awaitPaths(src, dst, PATIENCE_MS, ({ length }) => length >= expected.length);
  assert.deepEqual(facts(paths), facts(expected), `${src} → ${dst}`);
}

/** The best path over each pair of interfaces is known, and every path that is known is one of the topology's. */
async function assertBestPaths({ lab, control }: ReferenceLab, src: IsdAs, dst: IsdAs): Promise<void> {
  const all = lab.control.paths(src, dst);
  const best = bestByInterfaces(all);
  const paths = await control.awaitPaths(src, dst, PATIENCE_MS, (known) => hasAll(known, best));
  const known = new Set(paths.map(({ fingerprint }) => fingerprint));
  assert.deepEqual(facts(paths), facts(all.filter(({ fingerprint }) => known.has(fingerprint))), `${src} → ${dst}`);
}

/** All but what depends on the moment: SegIDs, MACs, timestamps and expiry. */
function facts(paths: readonly Path[]): unknown[] {
  return paths
    .map(({ fingerprint, interfaces, hops, segments, mtu, latencyNs, raw }) => {
      return { fingerprint, interfaces, hops, segments, mtu, latencyNs, bytes: raw.length };
    })
    .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}
