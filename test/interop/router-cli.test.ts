/** `cilion router` as its operator meets it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../src/dataplane/build.ts';
import { native } from '../../src/native.ts';
import { run } from '../../src/process/process.ts';
import { deriveForwardingKey } from '../../src/scion/mac.ts';
import { scionTools } from '../../src/scion/reference/tools.ts';
import type { SocketAddress } from '../../src/scion/topology-json.ts';
import {
  HOSTS,
  INTERNAL,
  localEnd,
  MASTER_KEY,
  ownLinks,
  remoteEnd,
  TEST_ASES,
  wiresOf,
  writeFolder,
} from './differential/autonomous-systems.ts';
import { type BasePacket, certainPackets } from './differential/base-packets.ts';
import { type RouterNamespaces, type Wire, withRouterNamespaces } from './router-namespaces.ts';
import { CilionRouter, startReferenceRouter, until } from './running-router.ts';

const AS = TEST_ASES[0]!;
const DEVICES = wiresOf(AS).map(({ device }) => device);
const ADDRESSES = [INTERNAL.brA, ...ownLinks(AS).map(localEnd)];
const CHILD = AS.links.find(({ ifid }) => ifid === 13)!;
const DELIVER = fileURLToPath(new URL('./deliver.ts', import.meta.url));
const KEY = deriveForwardingKey(Buffer.from(MASTER_KEY));

before(async () => {
  await buildAll();
  await scionTools();
});

interface SetUp extends RouterNamespaces {
  readonly folder: string;
}

async function withFolder(
  body: (setUp: SetUp) => Promise<void>,
  { wires = wiresOf(AS), bfd = false }: { wires?: readonly Wire[]; bfd?: boolean } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cilion-router-'));
  try {
    writeFolder(AS, folder, { bfd });
    await withRouterNamespaces('cli', wires, (namespaces) => body({ ...namespaces, folder }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const programs = (netns: string) =>
  DEVICES.map((device) => native().xdpProgramId(native().ifindex(device, netns), netns));

/** What a host sends out over the link to the child, from the namespace around the router. */
function fromHost(): BasePacket {
  return certainPackets(AS, KEY, Math.floor(Date.now() / 1000))[ownLinks(AS).indexOf(CHILD)]!;
}

async function deliver(netns: string, { origin, bytes }: BasePacket, at: SocketAddress): Promise<Buffer> {
  const text = ({ address, port }: SocketAddress) => `${address}:${port}`;
  const ends = [origin.from, origin.to, at].map(text);
  const argv = [process.execPath, DELIVER, ...ends, Buffer.from(bytes).toString('hex')];
  const { stdout } = await run(argv, { netns });
  return Buffer.from(stdout, 'hex');
}

test('the router forwards from its first moment, counts what it did, and leaves nothing behind when it ends', async () => {
  await withFolder(async ({ router, around, folder }) => {
    const fast = await CilionRouter.start(router, folder, 'none');
    assert.ok(programs(router).every((id) => id !== 0));
    const packet = fromHost();
    const arrived = await deliver(around, packet, remoteEnd(CHILD));
    assert.equal(arrived.length, packet.bytes.length);
    const counters = await fast.counters();
    assert.ok(counters['FORWARDED']! >= 1, JSON.stringify(counters));
    assert.equal(await fast.end(), 0);
    assert.ok(programs(router).every((id) => id === 0));
    assert.match(fast.lines.join('\n'), /packets .* FORWARDED: forwarded to the next AS/);
  });
});

test('a router that is killed leaves no program on any device', async () => {
  await withFolder(async ({ router, folder }) => {
    const fast = await CilionRouter.start(router, folder, 'none');
    assert.equal(await fast.end('SIGKILL'), 'SIGKILL');
    // The kernel detaches when it closes the dead process's descriptors, perhaps a moment later.
    await until(() => (programs(router).every((id) => id === 0) ? true : undefined), 'no program is attached');
  });
});

test('a device that has an XDP program already is named, and none of the others is touched', async () => {
  await withFolder(async ({ router, folder }) => {
    const first = await CilionRouter.start(router, folder, 'none');
    const before = programs(router);
    const second = CilionRouter.spawn(router, ['--config', folder]);
    assert.equal(await second.ended, 3);
    assert.match(second.lines.join('\n'), /the border router cannot be attached to internal/);
    assert.deepEqual(programs(router), before);
    await first.end();
  });
});

test('wrong arguments and files end the command with code 2 before it touches anything', async () => {
  await withFolder(async ({ router, folder }) => {
    const topology = join(folder, 'topology.json');
    const right = readFileSync(topology, 'utf8');
    const ends = async (args: readonly string[], pattern: RegExp) => {
      const refused = CilionRouter.spawn(router, args);
      assert.equal(await refused.ended, 2);
      assert.match(refused.lines.join('\n'), pattern);
    };
    await ends([], /--config is missing/);
    await ends(['--config', folder, '--slow-path', 'other'], /--slow-path: there is no "other"/);
    await ends(['--config', join(folder, 'nowhere')], /nowhere\/topology\.json: there is no such file/);
    writeFileSync(topology, right.replace('172.31.13.0:', '172.31.99.0:'));
    await ends(
      ['--config', folder],
      /topology\.json:\d+:\d+: border_routers\.brA\.interfaces\["13"\]\.underlay\.local: no device has 172\.31\.99\.0/,
    );
    writeFileSync(topology, right.replace('"CHILD"', '"COUSIN"'));
    await ends(['--config', folder], /interfaces\["13"\]\.link_to: "COUSIN"/);
    assert.ok(programs(router).every((id) => id === 0));
  });
});

test('a neighbour is found without being told where it is, and followed when its MAC address changes', async () => {
  const wires = wiresOf(AS).map((wire) => ({ ...wire, neighbours: new Map<string, string>() }));
  await withFolder(
    async ({ router, around, folder }) => {
      const fast = await CilionRouter.start(router, folder, 'none');
      await deliver(around, fromHost(), remoteEnd(CHILD));
      // It says so itself when its address changes (gratuitous ARP).
      await run(['sysctl', '-qw', 'net.ipv4.conf.far-link13.arp_notify=1'], { netns: around });
      await run(['ip', 'link', 'set', 'far-link13', 'address', '02:00:00:00:02:99'], { netns: around });
      await deliver(around, fromHost(), remoteEnd(CHILD));
      const counters = await fast.counters();
      assert.ok(counters['FORWARDED']! >= 2, JSON.stringify(counters));
      await fast.end();
    },
    { wires },
  );
});

test('what arrives for a host’s own port is delivered by XDP, where the kernel may forward on that network', async () => {
  await withFolder(async ({ router, around, folder }) => {
    await run(['sysctl', '-qw', 'net.ipv4.conf.internal.forwarding=1'], { netns: router });
    const fast = await CilionRouter.start(router, folder, 'none');
    const packet = certainPackets(AS, KEY, Math.floor(Date.now() / 1000)).at(-1)!;
    await deliver(around, packet, { address: HOSTS[1], port: 31_009 });
    assert.ok((await fast.counters())['TO_SIBLING']! >= 1);
    await fast.end();
  });
});

test('a link that BFD has down is left to the slow path, which tells the sender; without a slow path it is used all the same', async () => {
  await withFolder(
    async ({ router, around, folder }) => {
      const toml = join(folder, 'router.toml');
      const slow = await startReferenceRouter(router, toml, ADDRESSES, join(folder, 'log'));
      const fast = await CilionRouter.start(router, folder, 'reference');
      try {
        await fast.says(/interface 13: BFD with 172\.31\.13\.1:40013 is down/);
        const packet = fromHost();
        const answer = await deliver(around, packet, packet.origin.from);
        // SCMP type 5, external interface down (scmp.rst), with the interface in the last of 16 bytes.
        const scmp = answer.subarray(answer[5]! * 4);
        assert.deepEqual([answer[4], scmp[0], scmp[1], scmp[19]], [202, 5, 0, CHILD.ifid]);
        assert.ok((await fast.counters())['EGRESS_DOWN']! >= 1);
        await slow.stop();
        await fast.says(/nobody listens on .*172\.31\.13\.0:50013.*: what XDP does not finish is dropped/);
        await deliver(around, packet, remoteEnd(CHILD));
        assert.ok((await fast.counters())['FORWARDED']! >= 1);
      } finally {
        await fast.end();
        await slow.stop();
      }
    },
    { bfd: true },
  );
});

test('while the neighbour’s router speaks BFD the fast path uses the link, and stops when it falls silent', async () => {
  await withFolder(
    async ({ router, around, folder }) => {
      const slow = await startReferenceRouter(router, join(folder, 'router.toml'), ADDRESSES, join(folder, 'log'));
      const fast = await CilionRouter.start(router, folder, 'reference');
      const far = join(folder, 'neighbour');
      writeNeighbour(far);
      const neighbour = await startReferenceRouter(
        around,
        join(far, 'router.toml'),
        [remoteEnd(CHILD)],
        join(far, 'log'),
      );
      try {
        await fast.says(/interface 13: BFD with 172\.31\.13\.1:40013 is up/);
        // Its socket is taken: that the packet left is seen in the counters.
        const forwarded = sendUntil(around, fast, 'FORWARDED');
        assert.ok(await forwarded);
        const since = fast.lines.length;
        await neighbour.stop();
        await fast.says(/interface 13: BFD with 172\.31\.13\.1:40013 is down/, since);
        assert.ok(await sendUntil(around, fast, 'EGRESS_DOWN'));
      } finally {
        await neighbour.stop();
        await fast.end();
        await slow.stop();
      }
    },
    { bfd: true },
  );
});

/** Sends from the host over the link to the child until one packet more is counted under the reason. */
async function sendUntil(around: string, fast: CilionRouter, reason: string): Promise<boolean> {
  const { origin, bytes } = fromHost();
  const { address, port } = origin.to;
  const script = `require('dgram').createSocket('udp4').bind(${origin.from.port}, '${origin.from.address}', function () {
    this.send(Buffer.from('${Buffer.from(bytes).toString('hex')}', 'hex'), ${port}, '${address}', () => this.close());
  });`;
  const before = (await fast.counters())[reason] ?? 0;
  return until(async () => {
    await run([process.execPath, '-e', script], { netns: around });
    return ((await fast.counters())[reason] ?? 0) > before ? true : undefined;
  }, `a packet is counted as ${reason}`);
}

/** The router of the child AS at the other end of the link. */
function writeNeighbour(folder: string): void {
  mkdirSync(join(folder, 'keys'), { recursive: true });
  const text = ({ address, port }: SocketAddress) => `${address}:${port}`;
  const topology = {
    isd_as: '2-ff00:0:13',
    mtu: 1400,
    dispatched_ports: '31000-32767',
    attributes: [],
    border_routers: {
      far: {
        internal_addr: `${HOSTS[0]}:30042`,
        interfaces: {
          1: {
            underlay: { local: text(remoteEnd(CHILD)), remote: text(localEnd(CHILD)) },
            isd_as: AS.ia,
            link_to: 'PARENT',
            mtu: 1400,
          },
        },
      },
    },
  };
  writeFileSync(join(folder, 'topology.json'), JSON.stringify(topology));
  writeFileSync(
    join(folder, 'router.toml'),
    `[general]\nid = "far"\nconfig_dir = "${folder}"\n[log.console]\nlevel = "error"\n`,
  );
  for (const name of ['master0.key', 'master1.key']) {
    writeFileSync(join(folder, 'keys', name), Buffer.from('another key').toString('base64'));
  }
}
