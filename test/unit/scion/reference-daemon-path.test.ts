import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathCombiner } from '../../../src/scion/combine.ts';
import { type DaemonPath, pathFromDaemon } from '../../../src/scion/daemon/path.ts';
import { dueIn } from '../../../src/scion/daemon/path-source.ts';
import type { Path } from '../../../src/scion/end-to-end-path.ts';
import { FormatError } from '../../../src/scion/format-error.ts';
import { isdAsToBigint } from '../../../src/scion/isd-as.ts';
import { computeSegments } from '../../../src/scion/segments.ts';
import { UNDERLAY_OVERHEAD } from '../../../src/topology/schema.ts';
import { peering, sixteen, tiny4 } from './topologies.ts';

const VALID = { seed: 1, timestamp: 1_700_000_000, expirySeconds: 6 * 3600 };

/** As the daemon would describe it. */
function described(path: Path): DaemonPath {
  const links = path.interfaces.length - 1;
  return {
    raw: path.raw,
    interfaces: path.interfaces.map(({ ia, ifid }) => ({ isd_as: String(isdAsToBigint(ia)), id: String(ifid) })),
    mtu: path.mtu - UNDERLAY_OVERHEAD,
    expiration: { seconds: String(path.expiry), nanos: 0 },
    latency: Array.from({ length: links }, (_, i) => {
      return i === 0 ? { seconds: '0', nanos: path.latencyNs } : { seconds: '-1', nanos: 0 };
    }),
  };
}

for (const topology of [tiny4, sixteen, peering]) {
  test(`${topology.name}: what the daemon tells of a path is all that the project knows of one`, () => {
    const combine = pathCombiner(topology, computeSegments(topology, VALID));
    let compared = 0;
    for (const { ia: src, core } of topology.ases) {
      for (const { ia: dst } of topology.ases) {
        for (const path of combine(src, dst)) {
          assert.deepEqual(pathFromDaemon(described(path), core), path);
          compared += 1;
        }
      }
    }
    assert.ok(compared > 0);
  });
}

test('a path whose bytes are not those of its interfaces is refused', () => {
  const combine = pathCombiner(tiny4, computeSegments(tiny4, VALID));
  const [path] = combine(tiny4.ases[1]!.ia, tiny4.ases[2]!.ia);
  const good = described(path!);
  const [first, ...others] = good.interfaces;
  const moved = { ...good, interfaces: [{ ...first!, id: '99' }, ...others] };
  assert.throws(() => pathFromDaemon(moved, false), FormatError);
  assert.throws(() => pathFromDaemon({ ...good, interfaces: others }, false), FormatError);
  assert.throws(() => pathFromDaemon({ ...good, interfaces: good.interfaces.slice(0, 2) }, false), FormatError);
  assert.throws(() => pathFromDaemon({ ...good, raw: good.raw.subarray(0, 20) }, false), FormatError);
});

test('paths are looked up again in time: before they expire, at once when there is none, and never in a rush', () => {
  const now = 1_700_000_000_000;
  const expiring = (seconds: number) => ({ expiry: now / 1000 + seconds }) as Path;
  assert.equal(dueIn([], now), 1000);
  assert.equal(dueIn([expiring(21_600)], now), 120_000);
  assert.equal(dueIn([expiring(21_600), expiring(610)], now), 10_000);
  assert.equal(dueIn([expiring(-5)], now), 1000);
});
