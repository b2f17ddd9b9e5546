import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { LabError } from '../../src/errors.ts';
import { run } from '../../src/process/process.ts';
import { DaemonError } from '../../src/scion/daemon/client.ts';
import { PathSource } from '../../src/scion/daemon/path-source.ts';
import type { Path } from '../../src/scion/end-to-end-path.ts';
import { hopExpiry } from '../../src/scion/hop-field.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { hopMac } from '../../src/scion/mac.ts';
import { decodePath } from '../../src/scion/path.ts';
import { METRICS_PORTS } from '../../src/scion/reference/configuration.ts';
import { describeCrash } from '../../src/scion/reference/control-plane.ts';
import { FollowedPaths } from '../../src/scion/reference/followed-paths.ts';
import { linksUp } from '../../src/scion/reference/links-up.ts';
import type { Crash } from '../../src/scion/reference/service.ts';
import { scionTools } from '../../src/scion/reference/tools.ts';
import { forwardingKeys } from '../../src/scion/segments.ts';
import { UNDERLAY_OVERHEAD } from '../../src/topology/schema.ts';
import { type ReferenceLab, twoWays, withReferenceLab } from './reference-lab.ts';

/** For whatever takes a second or two on an idle machine. */
const PATIENCE_MS = 90_000;
const SRC = parseIsdAs('1-ff00:0:111');
const DST = parseIsdAs('1-ff00:0:112');
const CORE = parseIsdAs('1-ff00:0:110');
const BROKEN = 'cs1-ff00_0_111-1';
/** An AS whose daemon is not started. */
const LONELY = parseIsdAs('1-ff00:0:120');

test('the reference tools are built once, say their version, and are found from then on', async () => {
  const tools = await scionTools();
  assert.match(tools.version, /^v\d+\.\d+\.\d+$/);
  assert.ok(existsSync(`${tools.moduleDir}/doc/protocols/scion-header.rst`));
  for (const name of ['braccept', 'brload', 'control', 'daemon', 'dispatcher', 'gateway', 'router', 'scion'] as const) {
    assert.ok(existsSync(tools.bin(name)), name);
  }
});

test('an AS of two nodes and two providers, all on the reference', { timeout: 300_000 }, async (t) => {
  const { topology, clusters } = twoWays();
  const crashes: Crash[] = [];
  const pids: number[] = [];
  let crashed: () => void = () => {};
  await withReferenceLab(
    topology,
    clusters,
    async (reference) => {
      const { control, plan, begun } = reference;
      const first = await control.awaitPaths(SRC, DST, PATIENCE_MS);
      t.diagnostic(`first path after ${Math.round(performance.now() - begun)} ms`);
      const client = await control.daemon(SRC);
      const both = await eventually(
        () => client.paths(SRC, DST, true),
        (paths) => paths.length === 2,
      );

      await t.test('the daemon says what the plan says: AS, MTU, and which node has which interface', async () => {
        assert.deepEqual(await client.as(), { ia: SRC, core: false, mtu: 1472 - UNDERLAY_OVERHEAD });
        const nodes = plan.clusters.find(({ ia }) => ia === SRC)!.nodes;
        const expected = new Map(nodes.map((node) => [node.interfaces[0]!, `${node.address}:30042`]));
        assert.deepEqual(new Map([...(await client.interfaces())].sort()), expected);
      });

      await t.test('each router’s links are known to work, and nobody’s are where no router is', async () => {
        const { signal } = new AbortController();
        for (const { namespace, address } of plan.clusters.flatMap(({ nodes }) => nodes)) {
          assert.equal(
            await linksUp(reference.lab.netns(namespace), METRICS_PORTS.router, PATIENCE_MS, signal),
            true,
            address,
          );
        }
        assert.equal(await linksUp('/proc/self/ns/net', METRICS_PORTS.router, 300, signal), false);
      });

      await t.test('hop fields are made with the keys that the seed gives', () => {
        for (const path of [...first, ...both]) {
          const { infos, hops } = decodePath(path.raw);
          const mac = hopMac(reference.lab.control.forwardingKey(SRC), infos[0]!, hops[0]!);
          assert.deepEqual(hops[0]!.mac, mac);
          assert.equal(
            path.expiry,
            Math.floor(Math.min(...hops.map((hop, i) => hopExpiry(infos[i < 2 ? 0 : 1]!, hop)))),
          );
        }
      });

      for (const path of both) {
        const way = `interface ${path.interfaces[0]!.ifid}`;
        await t.test(`scion ping gets its answers from a host of the second node by ${way}`, () =>
          pings(reference, path),
        );
      }

      await t.test('a control service that is killed is reported and started again, and paths remain', async () => {
        const service = 'cs1-ff00_0_111-1';
        const pid = control.pid(service);
        const noticed = new Promise<void>((resolve) => {
          crashed = resolve;
        });
        process.kill(pid, 'SIGKILL');
        await noticed;
        assert.deepEqual(
          crashes.map(({ service: name, ia, exit }) => ({ name, ia, signal: exit.signal })),
          [{ name: service, ia: SRC, signal: 'SIGKILL' }],
        );
        assert.ok(crashes[0]!.lastLines.length > 0);
        assert.match(
          describeCrash(crashes[0]!),
          /^cs1-ff00_0_111-1 of 1-ff00:0:111 ended with signal SIGKILL; started/,
        );
        const after = await eventually(
          async () => control.pid(service),
          (now) => now !== pid,
        );
        assert.notEqual(after, pid);
        await control.ready();
        await eventually(
          () => client.paths(SRC, DST, true).catch(() => []),
          (paths) => paths.length === 2,
        );
      });

      await t.test('followed paths stand in for the computed control plane', async () => {
        const keys = forwardingKeys(topology, plan.seed);
        const pairs = [[SRC, DST] as const, [DST, SRC] as const];
        const computed = reference.lab.control;
        const followed = await FollowedPaths.follow(control, keys, pairs, {
          deadlineMs: PATIENCE_MS,
          isEnough: (src, dst, { length }) => length === computed.paths(src, dst).length,
        });
        assert.deepEqual(followed.forwardingKey(SRC), computed.forwardingKey(SRC));
        for (const [src, dst] of pairs) {
          assert.deepEqual(
            followed.paths(src, dst).map(({ fingerprint }) => fingerprint),
            computed.paths(src, dst).map(({ fingerprint }) => fingerprint),
          );
        }
        assert.throws(() => followed.paths(CORE, DST), /nobody follows the paths of 1-ff00:0:110/);
        followed.close();
      });

      await t.test(
        'a daemon told that an interface is down leaves it out, and the path source hears of it',
        async () => {
          const changed: string[] = [];
          const source = new PathSource(client, SRC, { onChange: (dst) => changed.push(dst) });
          assert.equal((await source.follow(DST)).length, 2);
          await source.interfaceDown(CORE, 1);
          assert.deepEqual(
            source.paths(DST).map((path) => path.interfaces[0]!.ifid),
            [2],
          );
          assert.deepEqual(changed, [DST]);
          source.close();
        },
      );

      await t.test('a call to a daemon that is not there fails as unavailable', async () => {
        const nobody = await control.daemon(LONELY);
        await assert.rejects(nobody.as(), (error) => error instanceof DaemonError && error.kind === 'unavailable');
      });

      await t.test('every service tells its memory', () => {
        const total = control.memory().reduce((sum, { rss }) => sum + rss, 0);
        t.diagnostic(`${control.memory().length} services, ${Math.round(total / 2 ** 20)} MiB resident`);
        for (const { service, rss } of control.memory()) assert.ok(rss > 2 ** 20, `${service} ${rss}`);
      });

      await t.test('each service has a log of its own', () => {
        assert.match(readFileSync(control.logFile('br1-ff00_0_111-2'), 'utf8'), /Service started/);
      });
      pids.push(...control.memory().map(({ service }) => control.pid(service)));
    },
    {
      runs: ({ kind, ia }) => kind !== 'daemon' || ia !== LONELY,
      onCrash: (crash) => {
        crashes.push(crash);
        crashed();
      },
    },
  );
  for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}`), `process ${pid} outlived its lab`);
});

async function pings({ lab, plan, control }: ReferenceLab, path: Path): Promise<void> {
  const node = plan.clusters.find(({ ia }) => ia === SRC)!.nodes[1]!;
  const target = plan.clusters.find(({ ia }) => ia === DST)!.nodes[0]!;
  const sequence = path.hops.map(({ ia, ingress, egress }) => `${ia}#${[ingress, egress].filter(Boolean).join(',')}`);
  const options = ['--sciond', control.daemonAddress(SRC), '--local', node.address, '--sequence', sequence.join(' ')];
  const counted = ['--count', '3', '--interval', '50ms', '--timeout', '20s', '--format', 'json'];
  const ping = [control.tools.bin('scion'), 'ping', `${DST},${target.address}`, ...options, ...counted];
  const { stdout } = await run(ping, { netns: lab.netns(node.namespace), timeoutMs: PATIENCE_MS });
  const { replies, statistics } = JSON.parse(stdout) as { replies: unknown[]; statistics: { received: number } };
  assert.equal(statistics.received, 3, stdout);
  assert.equal(replies.length, 3);
}

/** Asks again until the answer is good; what other processes know can only be asked for. */
async function eventually<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (isGood(answer)) return answer;
    assert.ok(performance.now() < deadline, `still ${JSON.stringify(answer)} after ${PATIENCE_MS} ms`);
    await setTimeout(100);
  }
}

test('a control plane whose services cannot start is refused with the reason, and nothing of it is left', async () => {
  const { topology, clusters } = twoWays();
  const never = { intervals: { beaconsMs: Number.NaN, queryMs: 500 }, runs: ({ id }: { id: string }) => id === BROKEN };
  await assert.rejects(
    withReferenceLab(topology, clusters, async () => assert.fail('it started'), never),
    (error) =>
      error instanceof LabError && /^cs1-ff00_0_111-1 of 1-ff00:0:111 .*; given up\n.*NaNms/s.test(error.message),
  );
});
