import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CilionError } from '../../../src/errors.ts';
import { type ChangedCluster, changedBy } from '../../../src/k8s/changes.ts';
import { loadManifests } from '../../../src/k8s/manifests.ts';
import { problemsOf } from '../input/problems-of.ts';
import { ASES } from './paths.ts';

const pod = (name: string, app: string, spec = '') => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${app}}}
spec: {${spec}containers: [{name: c, image: web}]}
`;

const deployment = (replicas: number, app = 'web', name = 'web') => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${app}}}
  template:
    metadata: {labels: {app: ${app}}}
    spec: {containers: [{name: c, image: web}]}
`;

const policy = (name: string, app: string, constraints = 'requireISDs: [1]') => `apiVersion: cilion.io/v1alpha1
kind: ScionPathPolicy
metadata: {name: ${name}}
spec: {podSelector: {matchLabels: {app: ${app}}}, pathConstraints: {${constraints}}}
`;

const nodes = ['n1', 'n2'];
const manifests = [pod('client', 'shop'), deployment(2), policy('old', 'web')].join('---\n');
/** As a plan that was written and read again has it. */
const cluster = JSON.parse(
  JSON.stringify({ name: 'a', nodes, ...loadManifests([{ path: 'm.yaml', text: manifests }], nodes, ASES) }),
) as ChangedCluster;

const fileOf = (documents: readonly string[]) => ({ path: 'new.yaml', text: documents.join('---\n') });
const apply = (documents: readonly string[], deleted: readonly string[] = []) =>
  changedBy(cluster, { files: documents.length === 0 ? [] : [fileOf(documents)], deleted }, ASES);
const problems = (...documents: string[]) => problemsOf(() => apply(documents));
const outcomes = (...args: Parameters<typeof apply>) =>
  apply(...args).changes.map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`);

test('policies replace those of their name or join the others, and what is not named stays', () => {
  const { objects } = apply([policy('old', 'web', 'requireISDs: [1, 2]'), policy('new', 'shop')]);
  assert.deepEqual(
    objects.policies.map(({ name, constraints }) => [name, constraints.requireISDs]),
    [
      ['old', [1, 2]],
      ['new', [1]],
    ],
  );
  assert.deepEqual(objects.pods, cluster.pods);
});

test('pods take the labels of the manifests whole, and keep their nodes', () => {
  const { objects } = apply([pod('client', 'admin'), deployment(2, 'cache')]);
  assert.deepEqual(
    objects.pods.map(({ name, node, labels }) => [name, node, labels]),
    [
      ['client', 'n1', { app: 'admin' }],
      ['web-1', 'n2', { app: 'cache' }],
      ['web-2', 'n1', { app: 'cache' }],
    ],
  );
  assert.deepEqual(objects.policies, cluster.policies);
});

test('for each object that is named it is said what becomes of it', () => {
  assert.deepEqual(outcomes([pod('client', 'admin'), policy('old', 'web'), policy('new', 'admin')]), [
    'Pod client configured',
    'ScionPathPolicy old unchanged',
    'ScionPathPolicy new created',
  ]);
  assert.deepEqual(outcomes([manifests]), [
    'Pod client unchanged',
    'Pod web-1 unchanged',
    'Pod web-2 unchanged',
    'ScionPathPolicy old unchanged',
  ]);
  assert.deepEqual(outcomes([policy('old', 'web', 'minMTU: 1400')]), ['ScionPathPolicy old configured']);
});

test('a policy is deleted by its name, also without any manifest', () => {
  assert.deepEqual(outcomes([], ['old']), ['ScionPathPolicy old deleted']);
  assert.deepEqual(apply([], ['old']).objects, { pods: cluster.pods, policies: [] });
});

test('a policy that is not there, or named twice, cannot be deleted', () => {
  const refused = (deleted: string[], ...documents: string[]) => {
    const { message, hint } = thrownBy(() => apply(documents, deleted));
    return [message, hint];
  };
  assert.deepEqual(refused(['odl']), ['cluster a has no path policy "odl"', 'did you mean "old"?']);
  const twice = 'path policy old is to be deleted, and is named a second time';
  assert.deepEqual(refused(['old', 'old']), [twice, undefined]);
  assert.deepEqual(refused(['old'], policy('old', 'web')), [twice, undefined]);
});

function thrownBy(body: () => unknown): CilionError {
  try {
    body();
  } catch (error) {
    assert.ok(error instanceof CilionError && error.exitCode === 2);
    return error;
  }
  assert.fail('nothing was refused');
}

test('pods can neither be made nor ended nor moved', async () => {
  assert.deepEqual(await problems(pod('clent', 'shop')), [
    'new.yaml:3:18: metadata.name: cluster a has no pod clent: pods are made when the lab is built (did you mean "client"?)',
  ]);
  assert.deepEqual(await problems(deployment(3)), [
    'new.yaml:5:13: spec.replicas: cluster a has no pod web-3: pods are made when the lab is built (did you mean "web-1"?)',
  ]);
  assert.deepEqual(await problems(deployment(1)), [
    'new.yaml:5:13: spec.replicas: pod web-2 would have to end: pods stay as long as the lab (expected as many as when the lab was built)',
  ]);
  assert.deepEqual(await problems(pod('client', 'shop', 'nodeName: n2, ')), [
    'new.yaml:4:18: spec.nodeName: pod client is on node n1, and stays there (expected n1)',
  ]);
});

test('policies are judged by the labels that pods are to have', async () => {
  assert.deepEqual(outcomes([pod('client', 'admin'), policy('new', 'admin')]).at(-1), 'ScionPathPolicy new created');
  assert.deepEqual(await problems(policy('new', 'admin')), [
    'new.yaml:4:21: spec.podSelector: policy new selects no pod (expected labels of a pod)',
  ]);
  // One that has been in force may be left without pods.
  assert.deepEqual(outcomes([deployment(2, 'cache')]), ['Pod web-1 configured', 'Pod web-2 configured']);
});

test('every problem of all files is told, and what a policy names must be in the topology', async () => {
  const found = await problems(policy('one', 'web', 'requireISDs: [9]'), policy('one', 'web'), 'kind: Secret\n');
  assert.match(found.join('\n'), /^new\.yaml:11:7: kind: is "Secret"/);
  const of = await problems(policy('one', 'web', 'requireISDs: [9]'), policy('one', 'web'));
  assert.deepEqual(of, [
    'new.yaml:4:80: spec.pathConstraints.requireISDs[0]: there is no ISD 9 (expected one of 1, 2)',
    'new.yaml:8:18: metadata.name: there is a path policy one already',
  ]);
});
