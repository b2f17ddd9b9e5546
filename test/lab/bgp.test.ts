import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HONEST } from '../../src/bgp/config.ts';
import { BirdError } from '../../src/bgp/control.ts';
import { awaitConvergence } from '../../src/bgp/convergence.ts';
import { run } from '../../src/process/process.ts';
import { awaitThat, Internet } from './bgp-internet.ts';

/**
 *   c1 === c2        core
 *   |     / \        customers below
 *   v   x    s
 *    \ / \  /        x peers with v and with s
 */
const NUMBERS = { c1: 1, c2: 2, v: 3, x: 4, s: 5 };
type Name = keyof typeof NUMBERS;
const internet = new Internet<Name>(NUMBERS, [
  { a: 'c1', b: 'c2', kinds: ['core', 'core'] },
  { a: 'c1', b: 'v', kinds: ['customer', 'provider'] },
  { a: 'c2', b: 's', kinds: ['customer', 'provider'] },
  { a: 'c2', b: 'x', kinds: ['customer', 'provider'] },
  { a: 'x', b: 'v', kinds: ['peer', 'peer'] },
  { a: 'x', b: 's', kinds: ['peer', 'peer'] },
]);
const { netns, prefix, host, asn, controls } = internet;

before(() => internet.up());
after(() => internet.down());

function addressOf(name: Name, neighbor: Name): string {
  const session = internet.router(name).sessions.find((found) => found.name === `to_${neighbor}`);
  assert.ok(session);
  return session.localAddress;
}

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

test('five routers learn all five prefixes over core, provider and peer sessions', async (t) => {
  const ms = await awaitConvergence(controls, internet.names.map(prefix), 15_000);
  t.diagnostic(`converged ${ms.toFixed(0)} ms after the last start`);
  assert.match(internet.control('c1').version, /^2\./);
  assert.deepEqual(await internet.journey('s', host('v')), { routers: ['s', 'c2', 'c1', 'v'], end: 'originated' });
  assert.equal(await internet.control('s').routeCount(), 5);
  await run(['ping', '-q', '-c', '1', '-W', '1', '-I', host('s'), host('v')], { netns: netns('s') });
});

test('a router prefers the route over a peer to the one over a provider', async () => {
  const known = async () => (await internet.control('x').routesTo(prefix('v'))).map((route) => route.protocol).sort();
  // BGP has converged when there is a route to every prefix: another may still be on its way.
  await awaitThat('x knows two ways to v', async () => (await known()).length === 2);
  assert.deepEqual(await known(), ['to_c2', 'to_v']);
  const best = await internet.control('x').routeTo(prefix('v'));
  assert.equal(best?.protocol, 'to_v');
});

test('a route from a peer is exported neither to another peer nor to a provider', async () => {
  assert.deepEqual(
    (await internet.control('s').routesTo(prefix('v'))).map((route) => route.protocol),
    ['to_c2'],
  );
  assert.deepEqual(
    (await internet.control('c2').routesTo(prefix('v'))).map((route) => route.protocol),
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
    (await internet.control('x').protocols()).filter((found) => found.kind === 'BGP').map((found) => found.since);
  const since = await sessions();
  await internet.become('x', { hijacks: [{ prefixes: [prefix('v')] }] });
  t.diagnostic(`diverted after ${(await internet.awaitJourney('s', host('v'), ['s', 'x'])).toFixed(1)} ms`);
  assert.equal((await internet.journey('s', host('v'))).end, 'hijacked');
  assert.deepEqual((await internet.journey('c1', host('v'))).routers, ['c1', 'v'], 'c1 has the victim as a customer');
  await awaitThat('the kernel of s has followed', async () =>
    (await run(['ip', 'route', 'get', host('v')], { netns: netns('s') })).stdout.includes('dev to-x'),
  );
  assert.ok((await arrivals('x', 'to-s', 's', host('v'), 20)) >= 20);
  await internet.become('x', HONEST);
  t.diagnostic(
    `recovered after ${(await internet.awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v'])).toFixed(1)} ms`,
  );
  // BIRD works out the time of day anew at each question, and may round it the other way; a session that was reset is younger.
  for (const [index, now] of (await sessions()).entries()) {
    assert.ok(Math.abs(timeOfDay(now) - timeOfDay(since[index]!)) < 5, `no session was reset: ${since[index]}, ${now}`);
  }
});

/** `00:45:00.599`, in milliseconds. */
function timeOfDay(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

test('a more specific hijack draws in every AS but the victim', async () => {
  await internet.become('x', { hijacks: [{ prefixes: ['10.3.0.0/17', '10.3.128.0/17'] }] });
  await internet.awaitJourney('c1', host('v'), ['c1', 'c2', 'x']);
  await internet.awaitJourney('s', host('v'), ['s', 'x']);
  await internet.become('x', HONEST);
  await internet.awaitJourney('c1', host('v'), ['c1', 'v']);
  assert.equal(await internet.control('c1').routeTo('10.3.0.0/17'), null);
});

test('a forged origin puts the victim at the end of the AS path, and the victim itself refuses the route', async () => {
  await internet.become('x', { hijacks: [{ prefixes: [prefix('v')], forgedOriginAsn: asn('v') }] });
  await internet.awaitJourney('s', host('v'), ['s', 'x']);
  assert.deepEqual((await internet.control('s').routeTo(host('v')))?.asPath, [asn('x'), asn('v')]);
  assert.deepEqual(
    (await internet.control('v').routesTo(prefix('v'))).map((route) => route.protocol),
    ['originated'],
  );
  await internet.become('x', HONEST);
  await internet.awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v']);
});

test('a leak carries traffic through the leaking AS and on to its destination', async () => {
  await internet.become('x', { leaking: true });
  await internet.awaitJourney('s', host('v'), ['s', 'x', 'v']);
  await internet.awaitJourney('c2', host('v'), ['c2', 'x', 'v']);
  await internet.become('x', HONEST);
  await internet.awaitJourney('c2', host('v'), ['c2', 'c1', 'v']);
  await internet.awaitJourney('s', host('v'), ['s', 'c2', 'c1', 'v']);
});

test('an honest AS that withdraws its prefix vanishes everywhere else and comes back', async () => {
  await internet.become('v', { withdrawn: true });
  await awaitThat(
    'nobody has a route',
    async () =>
      (await internet.journey('s', host('v'))).end === 'none' &&
      (await internet.journey('x', host('v'))).end === 'none',
  );
  await internet.become('v', HONEST);
  await awaitConvergence(controls, [prefix('v')], 5000);
});

test('a wire without carrier ends its session at once, far below the hold time', async (t) => {
  await run(['ip', 'link', 'set', 'to-v', 'down'], { netns: netns('x') });
  t.diagnostic(
    `x left the peering after ${(await internet.awaitJourney('x', host('v'), ['x', 'c2', 'c1', 'v'])).toFixed(1)} ms`,
  );
  await run(['ip', 'link', 'set', 'to-v', 'up'], { netns: netns('x') });
  t.diagnostic(`it came back after ${(await internet.awaitJourney('x', host('v'), ['x', 'v'])).toFixed(0)} ms`);
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
  const ms = await internet.awaitJourney('x', host('v'), ['x', 'c2', 'c1', 'v']);
  t.diagnostic(`x left the peering after ${ms.toFixed(0)} ms`);
  assert.ok(ms < 1500);
});

test('a configuration that does not parse is an error with the place, and changes nothing', async () => {
  const file = join(internet.directory, 'wrong.conf');
  await writeFile(file, 'router id nonsense;');
  await assert.rejects(
    internet.control('s').configure(file),
    (error) => error instanceof BirdError && error.message.includes('wrong.conf:1'),
  );
  assert.ok(await internet.control('s').routeTo(prefix('s')));
});
