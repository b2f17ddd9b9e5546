import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadManifests } from '../../src/k8s/manifests.ts';
import { problemsOf } from './input/problems-of.ts';

const load = (text: string, nodes = ['n1', 'n2']) => loadManifests([{ path: 'm.yaml', text }], nodes);
const problems = (text: string) => problemsOf(() => load(text));

const POD = `apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: x}}
spec:
  containers:
    - {name: c, image: nginx, command: [nginx], args: ["-g"], ports: [{containerPort: 80}]}
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec: {containers: [{name: c, image: nginx}]}
`;

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
`;

test('pods, the pods of deployments and services are read from any number of documents', () => {
  const labels = { app: 'web', tier: 'front' };
  assert.deepEqual(load([POD, DEPLOYMENT, SERVICE, '# nothing\n'].join('---\n')), {
    pods: [
      { name: 'p', labels: { app: 'x' }, node: 'n1' },
      { name: 'web-1', labels, node: 'n2' },
      { name: 'web-2', labels, node: 'n1' },
      { name: 'web-3', labels, node: 'n2' },
    ],
    services: [{ name: 'web', selector: { app: 'web' } }],
    policies: [],
  });
});

test('pods are dealt to nodes in the order of their names, wherever they stand', () => {
  const pods = ['c', 'a', 'b'].map((name) => POD.replace('name: p', `name: ${name}`)).join('---\n');
  assert.deepEqual(
    load(pods).pods.map(({ name, node }) => [name, node]),
    [
      ['a', 'n1'],
      ['b', 'n2'],
      ['c', 'n1'],
    ],
  );
});

test('nodeName and the hostname selector place a pod, and a node that is not there is an error', async () => {
  assert.equal(load(`${POD}  nodeName: n2\n`).pods[0]?.node, 'n2');
  assert.equal(load(`${POD}  nodeSelector: {kubernetes.io/hostname: n2}\n`).pods[0]?.node, 'n2');
  assert.deepEqual(await problems(`${POD}  nodeName: n3\n`), [
    'm.yaml:7:13: spec.nodeName: the cluster has no node n3 (did you mean "n1"?)',
  ]);
  assert.match(
    (await problems(`${POD}  nodeSelector: {disk: ssd}\n`)).join('\n'),
    /nodeSelector\.disk: nodes have no such label/,
  );
});

test('fields that would change what a pod does are errors that name the field, none is ignored', async () => {
  const honoured = /cannot be honoured/;
  for (const [text, field] of [
    [`${POD}  volumes: []\n`, 'spec.volumes'],
    [`${POD}  hostNetwork: true\n`, 'spec.hostNetwork'],
    [`${POD}  restartPolicy: Never\n`, 'spec.restartPolicy'],
    [POD.replace('image: nginx,', 'image: nginx, env: [],'), 'spec.containers[0].env'],
    [POD.replace('image: nginx,', 'image: nginx, resources: {},'), 'spec.containers[0].resources'],
    [POD.replace('image: nginx,', 'image: nginx, readinessProbe: {},'), 'spec.containers[0].readinessProbe'],
    [DEPLOYMENT.replace('replicas: 3', 'strategy: {}'), 'spec.strategy'],
    [SERVICE.replace('ports:', 'externalIPs: [], ports:'), 'spec.externalIPs'],
  ] as const) {
    const found = await problems(text);
    assert.ok(
      found.some((line) => line.includes(`${field}: `) && honoured.test(line)),
      `${field}\n${found.join('\n')}`,
    );
  }
});

test('other kinds, other namespaces, other service types and doubled names are refused', async () => {
  assert.match(
    (await problems('apiVersion: v1\nkind: ConfigMap\n'))[0] ?? '',
    /kind: is "ConfigMap" \(expected one of Pod, Deployment, Service, ScionPathPolicy\)/,
  );
  assert.match(
    (await problems(SERVICE.replace('default', 'shop')))[0] ?? '',
    /metadata\.namespace: is "shop" \(expected "default"\)/,
  );
  assert.match(
    (await problems(SERVICE.replace('{selector', '{type: NodePort, selector')))[0] ?? '',
    /spec\.type: is "NodePort"/,
  );
  assert.match(
    (await problems(`${POD}---\n${POD}`))[0] ?? '',
    /^m\.yaml:10:18: metadata\.name: there is a pod p already/,
  );
  assert.match(
    (await problems(`${DEPLOYMENT}---\n${POD.replace('name: p', 'name: web-2')}`))[0] ?? '',
    /pod web-2 already/,
  );
});

test('a deployment whose selector misses its own template is refused, as Kubernetes refuses it', async () => {
  const found = await problems(DEPLOYMENT.replace('matchLabels: {app: web}', 'matchLabels: {app: wbe}'));
  assert.match(found[0] ?? '', /spec\.selector\.matchLabels\.app: does not select the pods of the template/);
});

test('problems of several files are reported together', async () => {
  const files = ['a.yaml', 'b.yaml'].map((path) => ({ path, text: 'kind: Job\n' }));
  const found = await problemsOf(() => loadManifests(files, ['n1']));
  assert.deepEqual(
    found.map((line) => line.slice(0, 6)),
    ['a.yaml', 'b.yaml'],
  );
});
