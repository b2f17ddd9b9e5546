import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BgpRouter, HONEST, type NeighborKind, renderBirdConfig } from '../../src/bgp/config.ts';
import { follow } from '../../src/bgp/follow.ts';
import { type BirdRoute, parseNetworkCount, parseProtocols, parseRoutes } from '../../src/bgp/routes.ts';

const KINDS: readonly NeighborKind[] = ['provider', 'customer', 'peer', 'core', 'internal'];
const ROUTER: BgpRouter = {
  routerId: '10.1.0.1',
  asn: 4_200_000_001,
  loopback: '10.1.0.1',
  prefixes: ['10.1.0.0/16'],
  sessions: KINDS.map((kind, index) => ({
    name: kind,
    kind,
    localAddress: `172.16.0.${index * 2}`,
    neighborAddress: `172.16.0.${index * 2 + 1}`,
    interface: `if${index}`,
    neighborAsn: kind === 'internal' ? 4_200_000_001 : 4_200_000_010 + index,
  })),
  holdSeconds: 90,
  bfd: false,
};

/** The text of one protocol. */
function protocol(config: string, name: string): string {
  const from = config.indexOf(`protocol bgp ${name} {`);
  assert.notEqual(from, -1);
  return config.slice(from, config.indexOf('\n}', from));
}

test('the same router and state give the same text', () => {
  assert.equal(renderBirdConfig(ROUTER, HONEST), renderBirdConfig(structuredClone(ROUTER), structuredClone(HONEST)));
});

test('local preference is customer, peer, core, provider in falling order', () => {
  const config = renderBirdConfig(ROUTER, HONEST);
  const preferences = ['customer', 'peer', 'core', 'provider'].map((name) =>
    Number(/bgp_local_pref = (\d+)/.exec(protocol(config, name))?.[1]),
  );
  assert.deepEqual(preferences, [400, 300, 200, 100]);
  assert.match(protocol(config, 'internal'), /import all;/);
  assert.match(protocol(config, 'internal'), /next hop self;/);
});

test('only sessions with a peer or a provider hold back what is not a customer route, and a leak opens them', () => {
  const holdingBack = (config: string) =>
    KINDS.filter((kind) => protocol(config, kind).includes('if customer then accept'));
  assert.deepEqual(holdingBack(renderBirdConfig(ROUTER, HONEST)), ['provider', 'peer']);
  assert.deepEqual(holdingBack(renderBirdConfig(ROUTER, { ...HONEST, leaking: true })), []);
});

test('a keepalive goes out every third of the hold time', () => {
  assert.match(renderBirdConfig(ROUTER, HONEST), /hold time 90;[\s\S]*keepalive time 30;/);
});

test('BFD covers every interface when asked for', () => {
  const config = renderBirdConfig({ ...ROUTER, bfd: true }, HONEST);
  assert.equal(config.match(/interface "if\d" \{ interval 100 ms; multiplier 3; \};/g)?.length, KINDS.length);
  assert.doesNotMatch(renderBirdConfig(ROUTER, HONEST), /protocol bfd/);
});

test('what cannot stand in a configuration is refused with the value', () => {
  const session = ROUTER.sessions[0];
  assert.ok(session);
  assert.throws(() => renderBirdConfig({ ...ROUTER, holdSeconds: 2 }, HONEST), /hold time 2 s/);
  assert.throws(() => renderBirdConfig({ ...ROUTER, asn: 2 ** 32 }, HONEST), /AS number 4294967296/);
  assert.throws(
    () => renderBirdConfig({ ...ROUTER, sessions: [{ ...session, name: 'a b' }] }, HONEST),
    /session name "a b"/,
  );
  assert.throws(
    () => renderBirdConfig({ ...ROUTER, sessions: [{ ...session, name: 'hijack0' }] }, HONEST),
    /"hijack0" is taken/,
  );
});

test('a printed table becomes routes with next hop, AS path and which is best', () => {
  const routes = parseRoutes([
    'Table master4:',
    '10.3.0.0/16          unicast [to_v 16:21:33.123] * (100) [AS4200000003i]',
    '\tvia 172.16.0.9 on to-v',
    '\tType: BGP univ',
    '\tBGP.as_path: 4200000003',
    '                     unicast [to_c2 16:21:33.123] (100) [AS4200000003i]',
    '\tvia 172.16.0.6 on to-c2',
    '\tBGP.as_path: 4200000002 4200000001 4200000003',
    '10.4.0.0/16          unreachable [originated 16:21:32.001] * (200)',
    '\tType: static univ',
  ]);
  assert.deepEqual(routes, [
    { prefix: '10.3.0.0/16', kind: 'unicast', protocol: 'to_v', best: true, via: '172.16.0.9', asPath: [4200000003] },
    {
      prefix: '10.3.0.0/16',
      kind: 'unicast',
      protocol: 'to_c2',
      best: false,
      via: '172.16.0.6',
      asPath: [4200000002, 4200000001, 4200000003],
    },
    { prefix: '10.4.0.0/16', kind: 'unreachable', protocol: 'originated', best: true, via: null, asPath: [] },
  ]);
});

test('protocols and the count of prefixes are read from their tables', () => {
  const [up, down] = parseProtocols([
    'Name       Proto      Table      State  Since         Info',
    'to_v       BGP        ---        up     16:21:33.123  Established   ',
    'to_c2      BGP        ---        start  16:21:30.000  Active        Socket: Connection refused',
  ]);
  assert.deepEqual(up, { name: 'to_v', kind: 'BGP', state: 'up', since: '16:21:33.123', info: 'Established' });
  assert.equal(down?.info, 'Active        Socket: Connection refused');
  assert.equal(
    parseNetworkCount([
      '7 of 7 routes for 5 networks in table master4',
      'Total: 7 of 7 routes for 5 networks in 1 tables',
    ]),
    5,
  );
  assert.equal(parseNetworkCount(['nonsense']), null);
});

test('a journey ends at the origin, at a hijacker, without a route, in a loop or outside', async () => {
  const route = (via: string | null, protocol = 'x'): BirdRoute => ({
    prefix: '10.0.0.0/8',
    via,
    kind: '',
    protocol,
    asPath: [],
    best: true,
  });
  const tables: Record<string, BirdRoute | null> = {
    a: route('1.0.0.2'),
    b: route(null, 'originated'),
    c: route('1.0.0.5'),
    d: route(null, 'hijack0'),
    e: route('1.0.0.3'),
    f: route('9.9.9.9'),
    g: null,
  };
  const owners = new Map(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => [`1.0.0.${index + 1}`, name]));
  const from = (name: string) => follow(name, '10.0.0.1', async (router) => tables[router] ?? null, owners);
  assert.deepEqual(await from('a'), { routers: ['a', 'b'], end: 'originated' });
  assert.deepEqual(await from('d'), { routers: ['d'], end: 'hijacked' });
  assert.deepEqual(await from('g'), { routers: ['g'], end: 'none' });
  assert.deepEqual(await from('c'), { routers: ['c', 'e', 'c'], end: 'loop' });
  assert.deepEqual(await from('f'), { routers: ['f'], end: 'outside' });
});
