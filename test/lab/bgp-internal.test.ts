import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HONEST } from '../../src/bgp/config.ts';
import { awaitConvergence } from '../../src/bgp/convergence.ts';
import { run } from '../../src/process/process.ts';
import { awaitThat, Internet } from './bgp-internet.ts';

/** A cluster of two nodes, each with a provider of its own: a — n1 ═ n2 — b. */
const internet = new Internet({ a: 1, n1: 9, n2: 9, b: 2 }, [
  { a: 'a', b: 'n1', kinds: ['customer', 'provider'] },
  { a: 'n1', b: 'n2', kinds: ['internal', 'internal'] },
  { a: 'n2', b: 'b', kinds: ['provider', 'customer'] },
]);

before(() => internet.up());
after(() => internet.down());

test('a node reaches by its neighbour node what it has no uplink to, with that node as next hop', async () => {
  await awaitConvergence(
    new Map(['n1', 'n2'].map((name) => [name, internet.control(name)])),
    ['10.1.0.0/16', '10.2.0.0/16'],
    15_000,
  );
  assert.deepEqual((await internet.journey('n2', internet.host('a'))).routers, ['n2', 'n1', 'a']);
  const source = internet.host('n2');
  await run(['ip', 'route', 'add', `${source}/32`, 'dev', 'to-n2'], { netns: internet.netns('n1') });
  await run(['ping', '-q', '-c', '1', '-W', '1', '-I', source, internet.host('a')], { netns: internet.netns('n2') });
});

test('both providers get the prefix of the cluster, and neither gets the other by way of it', async () => {
  for (const provider of ['a', 'b']) {
    const prefixes = (await internet.control(provider).bestRoutes()).map((route) => route.prefix).sort();
    assert.deepEqual(prefixes, [provider === 'a' ? '10.1.0.0/16' : '10.2.0.0/16', '10.9.0.0/16']);
  }
});

test('a cluster that leaks carries one provider to the other through both its nodes', async () => {
  for (const node of ['n1', 'n2'] as const) await internet.become(node, { leaking: true });
  await internet.awaitJourney('a', internet.host('b'), ['a', 'n1', 'n2', 'b']);
  for (const node of ['n1', 'n2'] as const) await internet.become(node, HONEST);
  await awaitThat('the leak has ended', async () => (await internet.journey('a', internet.host('b'))).end === 'none');
});
