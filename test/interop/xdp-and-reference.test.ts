import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../../src/emulator/lab.ts';
import { run } from '../../src/process/process.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { DAEMON_PORT } from '../../src/scion/ports.ts';
import type { IsdAs } from '../../src/topology/model.ts';
import { buildTopology } from '../unit/scion/topologies.ts';
import { idleScenario, oneNode, withCilionLab, withIssuers } from './reference-lab.ts';

const LEFT = parseIsdAs('1-ff00:0:111');
const RIGHT = parseIsdAs('1-ff00:0:112');
const CORES = ['1-ff00:0:110', '1-ff00:0:120', '1-ff00:0:130'].map(parseIsdAs);
const PATIENCE_MS = 90_000;

/** Cluster a, three core ASes in a row, cluster b. */
const topology = withIssuers(
  buildTopology('row', CORES, [
    ['core', `${CORES[0]}#2`, `${CORES[1]}#1`],
    ['core', `${CORES[1]}#2`, `${CORES[2]}#1`],
    ['child', `${CORES[0]}#3`, `${LEFT}#1`],
    ['child', `${CORES[2]}#3`, `${RIGHT}#1`],
  ]),
);

interface Hop {
  readonly isd_as: string;
  readonly ip?: string;
  readonly round_trip_times: readonly (number | string)[];
}

/** Runs SCION's own tools in a lab whose cluster nodes, and all transit ASes but these, forward in XDP. */
async function inLab(
  referenceRouters: readonly IsdAs[],
  body: (lab: Lab, scion: (place: string, ...args: string[]) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const idle = idleScenario(topology, [oneNode('a', LEFT, [1]), oneNode('b', RIGHT, [1])]);
  await withCilionLab({ ...idle, referenceRouters }, async (lab) => {
    const daemon = `${lab.plan.clusters[0]!.nodes[0]!.address}:${DAEMON_PORT}`;
    await body(lab, async (place, ...args) => {
      const argv = [lab.reference!.tools.bin('scion'), ...args, '--sciond', daemon, '--format', 'json'];
      const { stdout } = await run(argv, { netns: lab.netns(place), timeoutMs: PATIENCE_MS });
      return JSON.parse(stdout);
    });
  });
}

async function pings(lab: Lab, scion: (place: string, ...args: string[]) => Promise<unknown>, place: string) {
  const [, right] = lab.plan.clusters;
  const options = ['--count', '3', '--interval', '50ms', '--timeout', '20s'];
  const answer = await scion(place, 'ping', `${RIGHT},${right!.nodes[0]!.address}`, ...options);
  assert.equal((answer as { statistics: { received: number } }).statistics.received, 3, JSON.stringify(answer));
}

test('SCION’s own tools work across border routers in XDP, from a node and from a pod', {
  timeout: 300_000,
}, async (t) => {
  await inLab([], async (lab, scion) => {
    const [left, right] = lab.plan.clusters;
    const node = left!.nodes[0]!.namespace;
    const places = [node, left!.pods[0]!.namespace];

    for (const place of places) {
      await t.test(`scion showpaths in ${place} finds the path and has it answer`, async () => {
        const answer = (await scion(place, 'showpaths', RIGHT)) as {
          paths: { status: string; hops: { isd_as: string; interface: number }[] }[];
        };
        assert.deepEqual(
          answer.paths.map(({ status }) => status),
          ['alive'],
        );
        const ases = new Set(answer.paths[0]!.hops.map(({ isd_as }) => isd_as));
        assert.deepEqual([...ases], [LEFT, ...CORES, RIGHT]);
      });
      await t.test(`scion ping in ${place} gets its answers`, () => pings(lab, scion, place));
    }

    await t.test('scion traceroute hears of every interface on the way', async () => {
      const target = `${RIGHT},${right!.nodes[0]!.address}`;
      const { hops } = (await scion(node, 'traceroute', target, '--timeout', '20s')) as { hops: Hop[] };
      const timedOut = hops.filter(({ round_trip_times: times }) => times.some((time) => !(Number(time) > 0)));
      assert.deepEqual(timedOut, []);
      assert.deepEqual([...new Set(hops.map(({ isd_as }) => isd_as))], [LEFT, ...CORES, RIGHT]);
    });
  });
});

for (const [title, reference] of [
  ['one AS with the reference router alone amid border routers in XDP', [CORES[1]!]],
  ['one AS with a border router in XDP amid reference routers', [CORES[0]!, CORES[2]!]],
] as const) {
  test(`${title}: pods reach each other, and scion ping gets its answers`, { timeout: 300_000 }, async () => {
    await inLab(reference, (lab, scion) => pings(lab, scion, lab.plan.clusters[0]!.nodes[0]!.namespace));
  });
}
