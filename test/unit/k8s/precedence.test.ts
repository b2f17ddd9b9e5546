import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DecidedPods, podClasses } from '../../../src/k8s/policy/pod-classes.ts';
import { candidates, decisive } from '../../../src/k8s/policy/precedence.ts';
import type { Labels } from '../../../src/k8s/policy/selector.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { policy } from './policy.ts';

const B = parseIsdAs('2-ff00:0:241');
const C = parseIsdAs('2-ff00:0:242');
const pod = { namespace: 'default', labels: { app: 'billing', tier: 'front' } };

const all = policy('all', { podSelector: {} });
const billing = policy('billing', { podSelector: { matchLabels: { app: 'billing' } } });
const front = policy('front', { podSelector: { matchLabels: { app: 'billing', tier: 'front' } } });
const towardsB = policy('towards-b', { podSelector: {}, pathConstraints: { destinationAS: B } });
const urgent = policy('urgent', { podSelector: {}, priority: 1 });
const other = policy('other', { podSelector: { matchLabels: { app: 'video' } }, priority: 1000 });

const names = (...policies: Parameters<typeof candidates>[2][number][]) =>
  candidates(pod, B, policies).map(({ name }) => name);

test('priority decides first, then the named destination, then the number of labels, then the name', () => {
  assert.deepEqual(names(all, billing, front, towardsB, urgent, other), [
    'urgent',
    'towards-b',
    'front',
    'billing',
    'all',
  ]);
  const twin = policy('another', { podSelector: { matchLabels: { app: 'billing' } } });
  assert.deepEqual(names(billing, twin), ['another', 'billing']);
  assert.equal(decisive(pod, B, [all, urgent])?.name, 'urgent');
});

test('one policy decides, whole: what it leaves open no other one closes', () => {
  const fence = policy('fence', { podSelector: {}, pathConstraints: { requireISDs: [1] } });
  const fast = policy('fast', { podSelector: {}, priority: 1 });
  assert.equal(decisive(pod, B, [fence, fast])?.constraints.requireISDs, undefined);
});

test('a policy for one destination says nothing of another', () => {
  assert.equal(decisive(pod, C, [towardsB]), undefined);
  assert.equal(decisive(pod, C, [towardsB, all])?.name, 'all');
});

test('a policy selects pods of its own namespace only', () => {
  assert.equal(decisive({ ...pod, namespace: 'shop' }, B, [all]), undefined);
});

test('the order in which policies are read does not matter', () => {
  const policies = [all, billing, front, towardsB, urgent, other];
  fc.assert(
    fc.property(fc.shuffledSubarray(policies, { minLength: policies.length }), (shuffled) => {
      assert.deepEqual(names(...shuffled), names(...policies));
    }),
  );
});

test('pods for which the same policies decide are one class, and those without a policy are in none', () => {
  const pods = [
    { ...pod, id: 1 },
    { namespace: 'default', labels: { app: 'billing' }, id: 2 },
    { ...pod, id: 3 },
    { namespace: 'default', labels: { app: 'web' }, id: 4 },
  ];
  const classes = podClasses(pods, [B, C], [front, billing]);
  assert.deepEqual(
    classes.map(({ key, pods: members }) => [key, members.map(({ id }) => id)]),
    [
      ['default/front default/front', [1, 3]],
      ['default/billing default/billing', [2]],
    ],
  );
  assert.deepEqual(
    podClasses(pods, [B, C], [towardsB]).map(({ key, decisive: map }) => [key, [...map.keys()]]),
    [['default/towards-b -', [B]]],
  );
});

test('pods are alike by the labels that policies ask for, also where a label is missing or named as objects’ own are', () => {
  const odd = policy('odd', {
    podSelector: {
      matchExpressions: [
        { key: 'constructor', operator: 'DoesNotExist' },
        { key: 'app', operator: 'Exists' },
      ],
    },
  });
  const labelled = (id: number, labels: Labels, namespace = 'default') => ({ id, namespace, labels });
  const pods = [
    labelled(1, { app: 'web', hash: '1' }),
    labelled(2, { app: 'web', hash: '2' }),
    labelled(3, { app: 'web', constructor: '' }),
    labelled(4, { app: 'web' }, 'shop'),
    labelled(5, {}),
  ];
  assert.deepEqual(
    podClasses(pods, [B], [odd]).map(({ pods: members }) => members.map(({ id }) => id)),
    [[1, 2]],
  );
});

test('classes with a memory of those before are the same as without one, whatever has changed', () => {
  const before = new DecidedPods();
  const web = { namespace: 'default', labels: { app: 'web' } };
  const everything = [all, billing, front, towardsB, urgent, other];
  fc.assert(
    fc.property(
      fc.shuffledSubarray([pod, web]),
      fc.shuffledSubarray([B, C], { minLength: 1 }),
      fc.subarray(everything),
      (pods, destinations, policies) => {
        const plain = podClasses(pods, destinations, policies);
        assert.deepEqual(podClasses(pods, destinations, policies, before), plain);
        assert.deepEqual(podClasses(pods, destinations, policies, before), plain);
      },
    ),
  );
});
