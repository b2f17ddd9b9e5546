/**
 * The XDP router and the reference router, given the same packets. `CILION_DIFFERENTIAL_PACKETS` sets how many (a million
 * takes three and a half minutes), `CILION_DIFFERENTIAL_SEED` which.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../src/dataplane/build.ts';
import { run } from '../../src/process/process.ts';
import { scionTools } from '../../src/scion/reference/tools.ts';
import { INTERNAL, localEnd, ownLinks, TEST_ASES, wiresOf, writeFolder } from './differential/autonomous-systems.ts';
import type { Report } from './differential/compare.ts';
import { withRouterNamespaces } from './router-namespaces.ts';
import { startReferenceRouter } from './running-router.ts';

const COMPARE = fileURLToPath(new URL('./differential/compare.ts', import.meta.url));
const PACKETS = Number(process.env['CILION_DIFFERENTIAL_PACKETS'] ?? 100_000);
const SEED = Number(process.env['CILION_DIFFERENTIAL_SEED'] ?? 20_261_124);

before(async () => {
  await buildAll();
  await scionTools();
});

async function differences(index: number, packets: number): Promise<Report> {
  const as = TEST_ASES[index]!;
  const folder = mkdtempSync(join(tmpdir(), 'cilion-differential-'));
  let report: Report | undefined;
  try {
    writeFolder(as, folder);
    await withRouterNamespaces('dif', wiresOf(as), async ({ router, around }) => {
      // The kernel tells XDP the way to a host only where it would forward itself.
      await run(['sysctl', '-qw', 'net.ipv4.conf.internal.forwarding=1'], { netns: router });
      const addresses = [INTERNAL.brA, ...ownLinks(as).map(localEnd)];
      const reference = await startReferenceRouter(router, join(folder, 'router.toml'), addresses, join(folder, 'log'));
      try {
        const argv = [process.execPath, COMPARE, String(index), folder, router, String(packets), String(SEED)];
        const { stdout } = await run(argv, { netns: around });
        report = JSON.parse(stdout) as Report;
      } finally {
        await reference.stop();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  assert.ok(report !== undefined);
  return report;
}

for (const [index, { core }] of TEST_ASES.entries()) {
  const packets = Math.ceil(PACKETS / TEST_ASES.length);
  test(`at a ${core ? 'core' : 'non-core'} AS, XDP does to ${packets} packets what the reference router does`, async (t) => {
    const { kinds, accepted, unexplained, vanished, ...report } = await differences(index, packets);
    for (const [kind, count] of Object.entries(kinds)) t.diagnostic(`${count} ${kind}`);
    for (const [reason, count] of Object.entries(accepted)) t.diagnostic(`${count} accepted: ${reason}`);
    t.diagnostic(`${vanished} differences were gone when the packet was sent again; seed ${SEED}`);
    assert.deepEqual(unexplained, []);
    assert.equal(report.packets, packets);
    assert.ok(kinds['send FORWARDED']! > packets / 50, 'many packets are forwarded');
    assert.ok(vanished <= packets / 100, 'the harness loses few packets');
  });
}
