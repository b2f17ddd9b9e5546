import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadManifests } from '../../../src/k8s/manifests.ts';
import { problemsOf } from '../input/problems-of.ts';
import { ASES } from './paths.ts';

const POD = `apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: web}}
spec: {containers: [{name: c, image: web}]}
---
`;
const policy = (spec: string, name = 'q') =>
  `apiVersion: cilion.io/v1alpha1\nkind: ScionPathPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const load = (text: string) => loadManifests([{ path: 'm.yaml', text: `${POD}${text}` }], ['n1'], ASES);
const problems = (text: string) => problemsOf(() => load(text));

test('a policy beside its pods is read with its defaults', () => {
  const [read] = load(policy('{podSelector: {matchLabels: {app: web}}}')).policies;
  assert.equal(read?.name, 'q');
  assert.deepEqual(
    [read?.namespace, read?.priority, read?.strategy.kind, read?.onUnsatisfied],
    ['default', 0, 'LowestLatency', 'Block'],
  );
});

test('a policy is plain data: it goes into the plan as JSON and comes back the same', () => {
  const constraints = 'requireISDs: [1], avoidTransitASes: [ff00:0:111], hopSequence: "0* 1-ff00:0:110#1,2 0*"';
  const { policies } = load(policy(`{podSelector: {}, pathConstraints: {${constraints}}}`));
  assert.deepEqual(JSON.parse(JSON.stringify(policies)).length, 1);
  assert.deepEqual(
    JSON.parse(JSON.stringify(policies))[0].constraints.hopSequence,
    policies[0]?.constraints.hopSequence,
  );
});

test('a policy that selects no pod is a mistyped one', async () => {
  assert.deepEqual(await problems(policy('{podSelector: {matchLabels: {app: wbe}}}')), [
    'm.yaml:9:21: spec.podSelector: policy q selects no pod (expected labels of a pod)',
  ]);
});

test('what a policy names must be in the topology', async () => {
  const of = async (constraints: string) =>
    (await problems(policy(`{podSelector: {}, pathConstraints: {${constraints}}}`)))[0] ?? '';
  assert.match(await of('requireISDs: [1, 3]'), /requireISDs\[1\]: there is no ISD 3 \(expected one of 1, 2\)/);
  assert.match(await of('avoidTransitASes: [ff00:0:bad1]'), /avoidTransitASes\[0\]: there is no AS ff00:0:bad1/);
  assert.match(
    await of('allowTransitASes: [1-ff00:0:119]'),
    /allowTransitASes\[0\]: there is no AS 1-ff00:0:119 \(did you mean "1-ff00:0:1\d\d"\?\)/,
  );
  assert.match(await of('destinationAS: 1-ff00:0:999'), /destinationAS: there is no AS 1-ff00:0:999/);
});

test('two policies of one name, another namespace and kinds that a lab makes itself are refused', async () => {
  const twice = `${policy('{podSelector: {}}')}---\n${policy('{podSelector: {}}')}`;
  assert.match((await problems(twice))[0] ?? '', /metadata\.name: there is a path policy q already/);
  const elsewhere = policy('{podSelector: {}}').replace('{name: q}', '{name: q, namespace: shop}');
  assert.match((await problems(elsewhere))[0] ?? '', /metadata\.namespace: is "shop" \(expected "default"\)/);
  for (const kind of ['ScionLink', 'ScionClusterPeer']) {
    const text = policy('{podSelector: {}}').replace('ScionPathPolicy', kind);
    assert.match(
      (await problems(text))[0] ?? '',
      new RegExp(`kind: is "${kind}", which cannot be honoured: a lab makes`),
    );
  }
});
