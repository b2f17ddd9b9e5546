import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_POLICY, desiredState, Memory, type OwnPod } from '../../../src/k8s/agent/desired-state.ts';
import { Numbers } from '../../../src/k8s/agent/numbers.ts';
import type { PathPolicy } from '../../../src/k8s/policy/model.ts';
import { PATHS, transitOf } from './paths.ts';
import { policy } from './policy.ts';
import { view } from './view.ts';

const pod = (host: number, app: string): OwnPod => ({
  namespace: 'default',
  address: `10.1.1.${host}`,
  labels: { app },
});
const state = (policies: PathPolicy[], pods: OwnPod[]) => desiredState(view, () => PATHS, { pods, policies });
const forApp = (app: string, pathConstraints: object, rest: object = {}) =>
  policy(app, { podSelector: { matchLabels: { app } }, pathConstraints, ...rest });

test('without policies every pod takes the default paths, and no pod stands in the map', () => {
  const { sets, pods } = state([], [pod(2, 'web')]);
  assert.deepEqual(
    sets.map(({ policy: name, remote }) => [name, remote]),
    [
      [DEFAULT_POLICY, 0],
      [DEFAULT_POLICY, 1],
    ],
  );
  assert.equal(pods.size, 0);
});

test('a policy’s pods have sets of their own, towards every remote node, with paths that it allows', () => {
  const avoid = forApp('web', { avoidTransitASes: ['1-ff00:0:111'] });
  const { sets, pods, paths } = state([avoid], [pod(2, 'web'), pod(3, 'other')]);
  const [key] = pods.values();
  assert.deepEqual([...pods.keys()], ['10.1.1.2']);
  const own = sets.filter((set) => set.policy === key);
  assert.deepEqual(
    own.map(({ remote }) => remote),
    [0, 1],
  );
  for (const { paths: chosen } of own) {
    assert.ok(chosen.length > 0);
    for (const each of chosen) assert.ok(!transitOf(paths.get(each.key)!.path).includes('1-ff00:0:111'));
  }
});

test('weights, and what happens when nothing is allowed, go into the set', () => {
  const spread = forApp('video', { strategy: 'Disjoint', multipath: { weights: [2, 1] } });
  const nowhere = forApp('keys', { requireISDs: [1] });
  const plain = forApp('news', { requireISDs: [1] }, { onUnsatisfied: 'PlainIP' });
  const { sets, pods } = state([spread, nowhere, plain], [pod(2, 'video'), pod(3, 'keys'), pod(4, 'news')]);
  const setOf = (address: string) => sets.find((set) => set.policy === pods.get(address) && set.remote === 0)!;
  assert.deepEqual(
    [setOf('10.1.1.2').strategy, setOf('10.1.1.2').paths.map(({ weight }) => weight)],
    ['weighted', [2, 1]],
  );
  assert.deepEqual([setOf('10.1.1.3').paths, setOf('10.1.1.3').onNone], [[], 'block']);
  assert.deepEqual([setOf('10.1.1.4').paths, setOf('10.1.1.4').onNone], [[], 'pass']);
});

test('pods of a remote node stay known when no path leads to it: their packets must not leave as plain IP', () => {
  const { remotes, sets } = desiredState(view, () => []);
  assert.deepEqual([...remotes.keys()], ['10.2.1.0/24', '10.2.2.0/24']);
  assert.ok(sets.every(({ paths, onNone }) => paths.length === 0 && onNone === 'block'));
});

test('the MTU towards a remote node is that of the narrowest path of any policy', () => {
  const wide = desiredState(view, () => PATHS);
  const long = PATHS.toSorted((a, b) => b.raw.length - a.raw.length)[0]!;
  const pinned = forApp('web', {
    strategy: 'Pinned',
    pinnedPath: long.interfaces.map(({ ia, ifid }) => `${ia}#${ifid}`),
  });
  const { remotes } = state([pinned], [pod(2, 'web')]);
  assert.ok(remotes.get('10.2.1.0/24')!.innerMtu < wide.remotes.get('10.2.1.0/24')!.innerMtu);
});

test('every set names only paths that are there, and every path is named', () => {
  const constraints = fc.record(
    { maxLatency: fc.integer({ min: 5, max: 60 }).map((ms) => `${ms}ms`), requireISDs: fc.constantFrom([1], [1, 2]) },
    { requiredKeys: [] },
  );
  const apps = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
  fc.assert(
    fc.property(apps, fc.array(constraints, { minLength: 4, maxLength: 4 }), (names, wanted) => {
      const made = state(
        names.map((app, index) => forApp(app, wanted[index]!)),
        names.map((app, index) => pod(index + 2, app)),
      );
      const named = new Set(made.sets.flatMap(({ paths }) => paths.map(({ key }) => key)));
      assert.deepEqual([...named].sort(), [...made.paths.keys()].sort());
      for (const policyKey of made.pods.values()) assert.ok(made.sets.some((set) => set.policy === policyKey));
    }),
    { numRuns: 30 },
  );
});

test('a thousand pods under a hundred policies are decided in little time', () => {
  const policies = Array.from({ length: 100 }, (_, index) => forApp(`app-${index}`, { maxLatency: `${10 + index}ms` }));
  const pods = Array.from({ length: 1000 }, (_, index) => ({
    ...pod(2, `app-${index % 120}`),
    address: `10.1.${index >> 8}.${index & 255}`,
  }));
  const since = performance.now();
  const { pods: decided } = state(policies, pods);
  assert.equal(decided.size, pods.filter(({ labels }) => Number(labels['app']?.slice(4)) < 100).length);
  assert.ok(performance.now() - since < 20_000);
});

test('a state with a memory of those before is the same as one without', () => {
  const memory = new Memory();
  const policies = [forApp('web', { maxLatency: '20ms' }), forApp('video', { strategy: 'Disjoint' })];
  for (const apps of [['web'], ['web', 'video'], ['video'], []]) {
    const pods = apps.map((app, index) => pod(index + 2, app));
    const plain = desiredState(view, () => PATHS, { pods, policies });
    assert.deepEqual(
      desiredState(view, () => PATHS, { pods, policies }, memory),
      plain,
    );
  }
  const fewer = PATHS.slice(0, 3);
  const pods = [pod(2, 'web')];
  assert.deepEqual(
    desiredState(view, () => fewer, { pods, policies }, memory),
    desiredState(view, () => fewer, { pods, policies }),
  );
});

test('numbers are the smallest that are free, and stay as long as they are kept', () => {
  const numbers = new Numbers(['none']);
  assert.deepEqual([numbers.take('a'), numbers.take('b'), numbers.take('c')], [1, 2, 3]);
  numbers.keep((name) => name !== 'b');
  assert.equal(numbers.take('d'), 2);
  assert.equal(numbers.take('e'), 4);
  assert.equal(numbers.of('c'), 3);
  assert.throws(() => numbers.of('b'), RangeError);
});
