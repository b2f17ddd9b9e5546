import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { describeCrash } from '../../src/scion/reference/control-plane.ts';
import { type Crash, SupervisedService } from '../../src/scion/reference/service.ts';
import { scionTools } from '../../src/scion/reference/tools.ts';

/** The namespace that the test itself is in: nothing listens in vain anywhere else. */
const OWN_NETNS = '/proc/self/ns/net';

test('a service that cannot start is tried again, later each time, and then given up with what it said', async () => {
  const tools = await scionTools();
  const folder = mkdtempSync(join(tmpdir(), 'cilion-service-'));
  const crashes: Crash[] = [];
  const { promise: givenUp, resolve } = Promise.withResolvers<void>();
  const service = new SupervisedService(
    {
      id: 'br1-ff00_0_110-1',
      kind: 'router',
      ia: parseIsdAs('1-ff00:0:110'),
      namespace: 'as-1-ff00_0_110',
      config: join(folder, 'missing.toml'),
      // Nobody listens on the discard port.
      ready: { address: '127.0.0.1', port: 9 },
    },
    {
      program: tools.bin('router'),
      netns: OWN_NETNS,
      logFile: join(folder, 'log'),
      detached: false,
      onCrash: (crash) => {
        crashes.push(crash);
        if (crash.restartInMs === undefined) resolve();
      },
    },
  );
  await givenUp;
  assert.deepEqual(
    crashes.map(({ restartInMs }) => restartInMs),
    [100, 200, 400, 800, 1600, undefined],
  );
  assert.match(describeCrash(crashes.at(-1)!), /^br1-ff00_0_110-1 of 1-ff00:0:110 ended with exit code 1; given up/);
  assert.ok(crashes.at(-1)!.lastLines.some((line) => line.includes('missing.toml')));
  await service.stop();
  rmSync(folder, { recursive: true });
});
