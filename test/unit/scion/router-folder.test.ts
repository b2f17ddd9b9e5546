import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { InputError } from '../../../src/errors.ts';
import { parseGoDuration } from '../../../src/scion/go-duration.ts';
import { readRouterFolder } from '../../../src/scion/router-folder.ts';
import { parseSocketAddress } from '../../../src/scion/topology-json.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cilion-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Interface {
  underlay: { provider?: string; local?: string; remote?: string };
  isd_as: string;
  link_to: string;
  bfd?: { disable?: boolean; required_min_rx_interval?: string };
}

const link = (n: number, change: Partial<Interface> = {}): Interface => ({
  underlay: { local: `192.0.2.${n}:50000`, remote: `192.0.2.${n + 1}:50000` },
  isd_as: '1-ff00:0:2',
  link_to: 'CHILD',
  ...change,
});

const topology = () => ({
  isd_as: '1-ff00:0:1',
  mtu: 1472,
  dispatched_ports: '31000-32767',
  attributes: [] as string[],
  border_routers: {
    a: {
      internal_addr: '10.0.0.1:30001',
      interfaces: { 1: link(10), 2: link(20, { link_to: 'parent' }) } as Record<string, Interface>,
    },
    b: { internal_addr: '10.0.0.2:30001', interfaces: { 5: link(30, { link_to: 'PEER' }), 6: link(40) } },
  },
});

type TopologyFile = ReturnType<typeof topology>;

const TOML = '[general]\nid = "a"\n';
const KEY = `${Buffer.from('0123456789abcdef').toString('base64')}\n`;

function write(change: (file: TopologyFile) => void = () => {}, toml = TOML, key = KEY): void {
  const file = topology();
  change(file);
  mkdirSync(join(folder, 'keys'));
  writeFileSync(join(folder, 'topology.json'), JSON.stringify(file, null, '\t'));
  writeFileSync(join(folder, 'router.toml'), toml);
  writeFileSync(join(folder, 'keys/master0.key'), key);
}

/** What is told about the folder's files, one line a problem, without the folder's own path. */
async function refusal(): Promise<string[]> {
  try {
    await readRouterFolder(folder);
  } catch (error) {
    assert.ok(error instanceof InputError);
    assert.equal(error.exitCode, 2);
    return error.message.replaceAll(`${folder}/`, '').split('\n');
  }
  assert.fail('the folder was taken');
}

test('a router knows its own links, and those of its siblings by way of these', async () => {
  write();
  const { id, ia, internal, hostPorts, links } = await readRouterFolder(folder);
  assert.deepEqual([id, ia, internal.port, hostPorts], ['a', '1-ff00:0:1', 30_001, [31_000, 32_767]]);
  assert.deepEqual(
    links.map(({ ifid, linkTo, local, remote, sibling }) => [ifid, linkTo, local.address, remote.address, sibling]),
    [
      [1, 'child', '192.0.2.10', '192.0.2.11', false],
      [2, 'parent', '192.0.2.20', '192.0.2.21', false],
      [5, 'peer', '10.0.0.1', '10.0.0.2', true],
      [6, 'child', '10.0.0.1', '10.0.0.2', true],
    ],
  );
});

test('a link says itself whether it speaks BFD, or the router does for all of them', async () => {
  write(({ border_routers: { a } }) => {
    a.interfaces[1] = link(10, { bfd: { disable: false, required_min_rx_interval: '50ms' } });
  }, `${TOML}[router.bfd] # not at all\ndisable = true\nrequired_min_rx_interval = "1s"\n`);
  const { links } = await readRouterFolder(folder);
  assert.deepEqual(
    links.map(({ bfdMinRxNs }) => bfdMinRxNs),
    [50e6, undefined, undefined, undefined],
  );
});

test('BFD is on, five times a second, where nobody says anything', async () => {
  write();
  const { links } = await readRouterFolder(folder);
  assert.ok(links.every(({ bfdMinRxNs }) => bfdMinRxNs === 200e6));
});

test('router.toml overrides the range of hosts’ ports, and what it says of other things is passed over', async () => {
  const toml = `${TOML}${['[metrics]', 'prometheus = "[::1]:9"', 'list = [', ' 1,', ']', '[router]'].join('\n')}
dispatched_port_start = 1024 # from here
dispatched_port_end = 65535\n`;
  write(undefined, toml);
  assert.deepEqual((await readRouterFolder(folder)).hostPorts, [1024, 65_535]);
});

test('underlays other than UDP/IP are told apart, and a sibling’s are none of this router’s business', async () => {
  write(({ border_routers: { a, b } }) => {
    a.interfaces[1] = link(10, { underlay: { provider: 'quic', local: 'x', remote: 'y' } });
    b.interfaces[5] = link(10, { link_to: 'peer', underlay: { provider: 'quic' } });
  });
  const { links, otherUnderlays } = await readRouterFolder(folder);
  assert.deepEqual([...otherUnderlays], [[1, 'underlay quic']]);
  assert.deepEqual(
    links.map(({ ifid }) => ifid),
    [2, 5, 6],
  );
});

test('all files that are missing are named at once', async () => {
  assert.deepEqual(await refusal(), [
    'topology.json: there is no such file',
    'router.toml: there is no such file',
    'keys/master0.key: there is no such file',
  ]);
});

test('a router that topology.json does not have is told with the nearest name', async () => {
  write(undefined, '[general]\nid = "c1"\n');
  const [problem] = await refusal();
  assert.match(problem!, /^router\.toml: general\.id: topology\.json has no border router "c1"/);
});

test('each wrong field is told with file, line and what would be right', async () => {
  write(
    (file) => {
      file.isd_as = '1-ff00:0:x';
      file.dispatched_ports = '5-1';
      file.border_routers.a.internal_addr = 'router.example:30001';
      file.border_routers.a.interfaces = { 0: link(10), 2: link(20, { link_to: 'CORE' }) };
    },
    '[general]\nid = 7\n[router.bfd]\ndisable = maybe\n',
    'not base64!',
  );
  const problems = await refusal();
  for (const expected of [
    /^topology\.json:2:\d+: isd_as: /,
    /^topology\.json:4:\d+: dispatched_ports: "5-1" is no range of ports/,
    /^topology\.json:\d+:\d+: border_routers\.a\.internal_addr: "router\.example:30001" is no address and port/,
    /^topology\.json:\d+:\d+: border_routers\.a\.interfaces\["0"\]: "0" is no interface identifier/,
    /^topology\.json:\d+:\d+: border_routers\.a\.interfaces\["2"\]\.link_to: "CORE" is no link of a non-core AS/,
    /^router\.toml:2: general\.id: is 7/,
    /^router\.toml:4: router\.bfd\.disable: is maybe/,
    /^keys\/master0\.key: is no key/,
  ]) {
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      `${expected} in\n${problems.join('\n')}`,
    );
  }
});

test('durations and addresses are read as the reference reads them', () => {
  assert.deepEqual(['200ms', '1s', '1.5us', '2h', '5', 'x'].map(parseGoDuration), [
    200e6,
    1e9,
    1500,
    7200e9,
    undefined,
    undefined,
  ]);
  assert.deepEqual(parseSocketAddress('[2001:db8::1]:50000'), { address: '2001:db8::1', port: 50_000 });
  for (const wrong of ['192.0.2.1', '192.0.2.1:0', '192.0.2.1:65536', '2001:db8::1:5', 'host:5', ':5']) {
    assert.equal(parseSocketAddress(wrong), undefined, wrong);
  }
});
