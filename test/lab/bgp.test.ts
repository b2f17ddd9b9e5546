import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BgpRouter, type BgpState, HONEST, type NeighborKind, renderBirdConfig } from '../../src/bgp/config.ts';
import { BirdControl, BirdError, birdCommand } from '../../src/bgp/control.ts';
import { awaitConvergence } from '../../src/bgp/convergence.ts';
import { follow, type Journey } from '../../src/bgp/follow.ts';
import { type Running, run, start } from '../../src/process/process.ts';

/**
 *   c1 === c2        core
 *   |     / \        customers below
 *   v   x    s
 *    \ / \  /        x peers with v and with s
 */
const NUMBER = { c1: 1, c2: 2, v: 3, x: 4, s: 5 } as const;
type Name = keyof typeof NUMBER;
const NAMES = Object.keys(NUMBER) as Name[];
/** What b is to a, and a to b. */
const LINKS: readonly [Name, Name, NeighborKind, NeighborKind][] = [
  ['c1', 'c2', 'core', 'core'],
  ['c1', 'v', 'customer', 'provider'],
  ['c2', 's', 'customer', 'provider'],
  ['c2', 'x', 'customer', 'provider'],
  ['x', 'v', 'peer', 'peer'],
  ['x', 's', 'peer', 'peer'],
];

const namespace = (name: Name) => `ctbgp${process.pid}-${name}`;
const netns = (name: Name) => `/run/netns/${namespace(name)}`;
const prefix = (name: Name) => `10.${NUMBER[name]}.0.0/16`;
const host = (name: Name) => `10.${NUMBER[name]}.0.1`;
const asn = (name: Name) => 4_200_000_000 + NUMBER[name];

const owners = new Map<string, string>();
const controls = new Map<string, BirdControl>();
const birds: Running[] = [];
let directory = '';

function routerOf(name: Name): BgpRouter {
  const sessions = LINKS.flatMap(([a, b, bToA, aToB], index) => {
    if (a !== name && b !== name) return [];
    const [other, kind, near, far] = a === name ? ([b, bToA, 0, 1] as const) : ([a, aToB, 1, 0] as const);
    return {
      name: `to_${other}`,
      kind,
      localAddress: `172.16.0.${index * 2 + near}`,
      neighborAddress: `172.16.0.${index * 2 + far}`,
      interface: `to-${other}`,
      neighborAsn: asn(other),
    };
  });
  const loopback = host(name);
  return {
    routerId: loopback,
    asn: asn(name),
    loopback,
    prefixes: [prefix(name)],
    sessions,
    holdSeconds: 9,
    bfd: true,
  };
}

function addressOf(name: Name, neighbor: Name): string {
  const session = routerOf(name).sessions.find((found) => found.name === `to_${neighbor}`);
  assert.ok(session);
  return session.localAddress;
}

function controlOf(name: string): BirdControl {
  const control = controls.get(name);
  assert.ok(control);
  return control;
}

async function become(name: Name, state: Partial<BgpState>): Promise<void> {
  const file = join(directory, `${name}.conf`);
  await writeFile(file, renderBirdConfig(routerOf(name), { ...HONEST, ...state }));
  await controlOf(name).configure(file);
}

const journey = (from: Name, address: string): Promise<Journey> =>
  follow(from, address, (router, to) => controlOf(router).routeTo(to), owners);

/** Resolves to the milliseconds until `holds`; the poll is what is measured, so it has no pause. */
async function awaitThat(what: string, holds: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  while (!(await holds())) assert.ok(performance.now() - started < 10_000, `not within 10 s: ${what}`);
  return performance.now() - started;
}

const awaitJourney = (from: Name, address: string, routers: readonly Name[]) =>
  awaitThat(
    `${from} → ${routers.join(' → ')}`,
    async () => (await journey(from, address)).routers.join() === routers.join(),
  );

/** Packets that arrive on a device while `count` pings are sent; ping's own failure does not matter. */
async function arrivals(at: Name, device: string, from: Name, to: string, count: number): Promise<number> {
  const packets = async () => {
    const { stdout } = await run(['ip', '-s', '-j', 'link', 'show', device], { netns: netns(at) });
    return (JSON.parse(stdout) as [{ stats64: { rx: { packets: number } } }])[0].stats64.rx.packets;
  };
  const earlier = await packets();
  await run(['ping', '-q', '-i', '0.01', '-W', '0.2', '-c', String(count), '-I', host(from), to], {
    netns: netns(from),
  }).catch(() => {});
  return (await packets()) - earlier;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ctbgp-'));
  for (const name of NAMES) {
    await run(['ip', 'netns', 'add', namespace(name)]);
    await run(
      ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0'],
      { netns: netns(name) },
    );
    await run(['ip', 'link', 'set', 'lo', 'up'], { netns: netns(name) });
    await run(['ip', 'address', 'add', `${host(name)}/32`, 'dev', 'lo'], { netns: netns(name) });
  }
  for (const [index, [a, b]] of LINKS.entries()) {
    await run([
      'ip',
      'link',
      'add',
      `to-${b}`,
      'netns',
      namespace(a),
      'type',
      'veth',
      'peer',
      'name',
      `to-${a}`,
      'netns',
      namespace(b),
    ]);
    for (const [name, other, end] of [
      [a, b, 0],
      [b, a, 1],
    ] as const) {
      const address = `172.16.0.${index * 2 + end}`;
      owners.set(address, name);
      await run(['ip', 'address', 'add', `${address}/31`, 'dev', `to-${other}`], { netns: netns(name) });
      await run(['ip', 'link', 'set', `to-${other}`, 'up'], { netns: netns(name) });
    }
  }
  for (const name of NAMES) {
    const files = {
      config: join(directory, `${name}.conf`),
      socket: join(directory, `${name}.ctl`),
      pid: join(directory, `${name}.pid`),
    };
    await writeFile(files.config, renderBirdConfig(routerOf(name), HONEST));
    birds.push(start(birdCommand(files), { netns: netns(name), stderrFile: join(directory, 'log') }));
    controls.set(name, await BirdControl.open(files.socket));
  }
});

after(async () => {
  for (const control of controls.values()) control.close();
  await Promise.all(birds.map((bird) => bird.stop()));
  for (const name of NAMES) await run(['ip', 'netns', 'delete', namespace(name)]).catch(() => {});
  await rm(directory, { recursive: true, force: true });
});

test('five routers learn all five prefixes over core, provider and peer sessions', async (t) => {
  const ms = await awaitConvergence(controls, NAMES.map(prefix), 15_000);
  t.diagnostic(`converged ${ms.toFixed(0)} ms after the last start`);
  assert.match(controlOf('c1').version, /^2\./);
  assert.deepEqual(await journey('s', host('v')), { routers: ['s', 'c2', 'c1', 'v'], end: 'originated' });
  assert.equal(await controlOf('s').routeCount(), 5);
  await run(['ping', '-q', '-c', '1', '-W', '1', '-I', host('s'), host('v')], { netns: netns('s') });
});

test('a router prefers the route over a peer to the one over a provider', async () => {
  const best = await controlOf('x').routeTo(prefix('v'));
  assert.equal(best?.protocol, 'to_v');
  assert.deepEqual((await controlOf('x').routesTo(prefix('v'))).map((route) => route.protocol).sort(), [
    'to_c2',
    'to_v',
  ]);
});

test('a route from a peer is exported neither to another peer nor to a provider', async () => {
  assert.deepEqual(
    (await controlOf('s').routesTo(prefix('v'))).map((route) => route.protocol),
    ['to_c2'],
  );
  assert.deepEqual(
    (await controlOf('c2').routesTo(prefix('v'))).map((route) => route.protocol),
    ['to_c1'],
  );
});

test('convergence that does not come names the router, the prefix and what its sessions say', async () => {
  await assert.rejects(
    awaitConvergence(controls, ['10.99.0.0/16'], 200),
    /c1 has no route to 10\.99\.0\.0\/16; sessions: to_c2 Established; to_v Established/,
  );
});

test('an exact hijack draws in those to whom the attacker is nearer, its packets arrive, and its end gives them back', async (t) => {
  const sessions = async () =>
    (await controlOf('x').protocols()).filter((found) => found.kind === 'BGP').map((found) => found.since);
  const since = await sessions();
  await become('x', { hijacks: [{ prefixes: [prefix('v')] }] });
  t.diagnostic(`diverted after ${(await awaitJourney('s', host('v'), ['s', 'x'])).toFixed(1)} ms`);
  assert.equal((await journey('s', host('v'))).end, 'hijacked');
  assert.deepEqual((await journey('c1', host('v'))).routers, ['c1', 'v'], 'c1 has the victim as a customer');
  await awaitThat('the kernel of s has followed', async () =>
    (await run(['ip', 'route', 'get', host('v')], { netns: netns('s') })).stdout.includes('dev to-x'),
  );
  assert.ok((await arrivals('x', 'to-s', 's', host('v'), 20)) >= 20);
  await become('x', HONEST);
  t.diagnostic(`recovered after ${(await awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v'])).toFixed(1)} ms`);
  assert.deepEqual(await sessions(), since, 'no session was reset');
});

test('a more specific hijack draws in every AS but the victim', async () => {
  await become('x', { hijacks: [{ prefixes: ['10.3.0.0/17', '10.3.128.0/17'] }] });
  await awaitJourney('c1', host('v'), ['c1', 'c2', 'x']);
  await awaitJourney('s', host('v'), ['s', 'x']);
  await become('x', HONEST);
  await awaitJourney('c1', host('v'), ['c1', 'v']);
  assert.equal(await controlOf('c1').routeTo('10.3.0.0/17'), null);
});

test('a forged origin puts the victim at the end of the AS path, and the victim itself refuses the route', async () => {
  await become('x', { hijacks: [{ prefixes: [prefix('v')], forgedOriginAsn: asn('v') }] });
  await awaitJourney('s', host('v'), ['s', 'x']);
  assert.deepEqual((await controlOf('s').routeTo(host('v')))?.asPath, [asn('x'), asn('v')]);
  assert.deepEqual(
    (await controlOf('v').routesTo(prefix('v'))).map((route) => route.protocol),
    ['originated'],
  );
  await become('x', HONEST);
  await awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v']);
});

test('a leak carries traffic through the leaking AS and on to its destination', async () => {
  await become('x', { leaking: true });
  await awaitJourney('s', host('v'), ['s', 'x', 'v']);
  await awaitJourney('c2', host('v'), ['c2', 'x', 'v']);
  await become('x', HONEST);
  await awaitJourney('c2', host('v'), ['c2', 'c1', 'v']);
  await awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v']);
});

test('an honest AS that withdraws its prefix vanishes everywhere else and comes back', async () => {
  await become('v', { withdrawn: true });
  await awaitThat(
    'nobody has a route',
    async () => (await journey('s', host('v'))).end === 'none' && (await journey('x', host('v'))).end === 'none',
  );
  await become('v', HONEST);
  await awaitConvergence(controls, [prefix('v')], 5000);
});

test('a wire without carrier ends its session at once, far below the hold time', async (t) => {
  await run(['ip', 'link', 'set', 'to-v', 'down'], { netns: netns('x') });
  t.diagnostic(
    `x left the peering after ${(await awaitJourney('x', host('v'), ['x', 'c2', 'c1', 'v'])).toFixed(1)} ms`,
  );
  await run(['ip', 'link', 'set', 'to-v', 'up'], { netns: netns('x') });
  t.diagnostic(`it came back after ${(await awaitJourney('x', host('v'), ['x', 'v'])).toFixed(0)} ms`);
});

test('BFD ends a session over a wire that silently loses everything, far below the hold time', async (t) => {
  // Frames to a MAC address that nobody has: the other end's kernel discards them, and carrier stays.
  for (const [name, device, address] of [
    ['x', 'to-v', addressOf('v', 'x')],
    ['v', 'to-x', addressOf('x', 'v')],
  ] as const) {
    await run(['ip', 'neigh', 'replace', address, 'lladdr', '02:00:00:00:00:01', 'dev', device, 'nud', 'permanent'], {
      netns: netns(name),
    });
  }
  const ms = await awaitJourney('x', host('v'), ['x', 'c2', 'c1', 'v']);
  t.diagnostic(`x left the peering after ${ms.toFixed(0)} ms`);
  assert.ok(ms < 1500);
});

test('a configuration that does not parse is an error with the place, and changes nothing', async () => {
  const file = join(directory, 'wrong.conf');
  await writeFile(file, 'router id nonsense;');
  await assert.rejects(
    controlOf('s').configure(file),
    (error) => error instanceof BirdError && error.message.includes('wrong.conf:1'),
  );
  assert.ok(await controlOf('s').routeTo(prefix('s')));
});
