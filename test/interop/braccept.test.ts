/** The reference's acceptance suite for routers, unmodified, against `cilion router`. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { buildAll } from '../../src/dataplane/build.ts';
import { native } from '../../src/native.ts';
import { type ScionTools, scionTools } from '../../src/scion/reference/tools.ts';
import { ROUTER_ADDRESSES, ROUTER_DEVICES, type RouterMulti, withRouterMulti } from './router-multi.ts';
import { CilionRouter, startReferenceRouter } from './running-router.ts';

/** braccept gives each case 350 ms, which a busy machine may miss; a router that is wrong fails every time. */
const ATTEMPTS = 3;
const REPORT = fileURLToPath(new URL('../../build/braccept.txt', import.meta.url));

/** What is plain forwarding, or delivery to a host's own port: the fast path must need nobody for these. */
const PLAIN = [
  'ParentToChild',
  'ParentToInternalHost',
  'ParentToInternalHostMultiSegment',
  'ChildToParent',
  'ChildToChildXover',
  'ChildToInternalHost',
  'ChildToInternalHostShortcut',
  'ChildToInternalParent',
  'InternalHostToChild',
  'InternalParentToChild',
  'JumboPacket',
  'ChildToChildPeeringOut',
  'ChildToChildPeeringTransit',
];

/** Cases that send what a router must discard in silence; told apart by hand, for braccept does not say. */
const DISCARDED = [
  'InvalidSrcInternalParentToChild',
  'NoSCMPReplyForSCMPError',
  'MalformedPathSingletonSegment',
  'MalformedPathCurrHFNotInCurrINF',
];

let tools: ScionTools;
before(async () => {
  await buildAll();
  tools = await scionTools();
});

interface Results {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly log: string;
}

async function braccept({ around, artifacts }: RouterMulti, args: readonly string[] = []): Promise<Results> {
  const argv = [
    `--net=${around}`,
    '--',
    tools.bin('braccept'),
    '--artifacts',
    artifacts,
    '-log.console',
    'info',
    ...args,
  ];
  // It leaves a folder where temporary ones go.
  const { all, exitCode } = await execa('nsenter', argv, { all: true, reject: false, env: { TMPDIR: artifacts } });
  const passed = [...all.matchAll(/^\S+ \S+\tINFO\t.*braccept\/main\.go:\d+\t(\w+)\t\{"result"/gm)].map(
    ([, name]) => name!,
  );
  const failed = [...all.matchAll(/^\S+ \S+\tERROR\t.*braccept\/main\.go:\d+\t(\w+)$/gm)].map(([, name]) => name!);
  assert.equal(exitCode, failed.length, all);
  return { passed, failed, log: all };
}

function assertAttachedEverywhere(netns: string): void {
  for (const device of ROUTER_DEVICES) {
    const ifindex = native().ifindex(device, netns);
    assert.notEqual(native().xdpProgramId(ifindex, netns), 0, `the fast path is attached to ${device}`);
  }
}

/** With XDP in front of the reference router, on all of its devices. */
async function conforms(bfd: boolean, cases: number): Promise<Record<string, number>> {
  let counters: Record<string, number> = {};
  await withRouterMulti('bra', bfd, async (setUp) => {
    await setForwarding(setUp);
    const slow = await startReferenceRouter(
      setUp.router,
      join(setUp.config, 'router.toml'),
      ROUTER_ADDRESSES,
      join(setUp.artifacts, 'router.log'),
    );
    const fast = await CilionRouter.start(setUp.router, setUp.config, 'reference');
    try {
      let results: Results | undefined;
      for (let attempt = 0; attempt < ATTEMPTS && results?.failed.length !== 0; attempt++) {
        results = await braccept(setUp, bfd ? ['--bfd'] : []);
      }
      assert.deepEqual(results?.failed, [], results?.log);
      assert.equal(new Set(results.passed).size, cases);
      assertAttachedEverywhere(setUp.router);
      counters = await fast.counters();
    } finally {
      await fast.end();
      await slow.stop();
    }
  });
  return counters;
}

/** The kernel tells XDP the way to a host only where it would forward itself. */
async function setForwarding({ router }: RouterMulti): Promise<void> {
  await execa('nsenter', [`--net=${router}`, '--', 'sysctl', '-qw', 'net.ipv4.conf.veth_int.forwarding=1']);
}

test('XDP with the reference router behind it passes all 53 cases of braccept', async () => {
  const counters = await conforms(false, 53);
  assert.ok(counters['FORWARDED']! >= 8, JSON.stringify(counters));
  assert.ok(counters['BAD_MAC']! >= 2, JSON.stringify(counters));
});

test('XDP with the reference router behind it passes both BFD cases of braccept', async () => {
  const counters = await conforms(true, 2);
  assert.ok(counters['BFD']! >= 2, JSON.stringify(counters));
});

test('what braccept calls plain forwarding, the fast path does alone', async (t) => {
  await withRouterMulti('bra', false, async (setUp) => {
    await setForwarding(setUp);
    const fast = await CilionRouter.start(setUp.router, setUp.config, 'none');
    try {
      const { passed, failed } = await braccept(setUp);
      assertAttachedEverywhere(setUp.router);
      const rows = [
        ...passed.map((name) => [name, DISCARDED.includes(name) ? 'discarded, as wanted' : 'fast path alone'] as const),
        ...failed.map((name) => [name, 'needs the slow path'] as const),
      ];
      assert.equal(new Set(rows.map(([name]) => name)).size, 53);
      report(rows, (line) => t.diagnostic(line));
      const alone = rows.filter(([, how]) => how === 'fast path alone').map(([name]) => name);
      assert.deepEqual(alone.toSorted(), PLAIN.toSorted());
    } finally {
      await fast.end();
    }
  });
});

function report(rows: readonly (readonly [string, string])[], print: (line: string) => void): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = [...Map.groupBy(rows, ([, how]) => how)].flatMap(([how, group]) => [
    `${how}: ${group.length} of ${rows.length}`,
    ...group.map(([name]) => `  ${name.padEnd(width)}  ${how}`),
  ]);
  mkdirSync(join(REPORT, '..'), { recursive: true });
  writeFileSync(REPORT, `braccept against the XDP border router without a slow path\n${lines.join('\n')}\n`);
  for (const line of lines) print(line);
  print(`written to ${REPORT}`);
}
