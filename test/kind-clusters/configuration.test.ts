import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CilionError } from '../../src/errors.ts';
import { pathsFromJson, pathsToJson } from '../../src/k8s/agent/agent-config.ts';
import { requirePrograms } from '../../src/k8s/clusters/docker-daemon.ts';
import { containerNames, kindConfig, plannedPods, podNetwork } from '../../src/k8s/clusters/kind-config.ts';
import { appliedObjects } from '../../src/k8s/clusters/kind-pods.ts';
import { accessFrom } from '../../src/k8s/clusters/kubeconfig.ts';
import { computedControlPlane } from '../../src/scion/control-plane.ts';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import { scenario } from './kind-lab.ts';

test('nodes of the plan are called as kind calls their containers', () => {
  assert.deepEqual(containerNames('a', 1), ['a-control-plane']);
  assert.deepEqual(containerNames('a', 3), ['a-control-plane', 'a-worker', 'a-worker2']);
});

test('kind makes a control plane and workers without a network of its own, in the prefix of the AS', () => {
  const nodes = [{ name: 'a1' }, { name: 'a2' }] as never;
  const config = JSON.parse(kindConfig({ nodes, prefix: '10.1.0.0/16' })) as {
    networking: object;
    nodes: { role: string }[];
  };
  assert.deepEqual(
    config.nodes.map(({ role }) => role),
    ['control-plane', 'worker'],
  );
  assert.deepEqual(config.networking, {
    disableDefaultCNI: true,
    podSubnet: '10.1.0.0/16',
    serviceSubnet: '100.64.0.0/16',
    kubeProxyMode: 'iptables',
  });
});

test("pods of the plan get its addresses, others the node's next ones, and nothing hides them", () => {
  const pods = [
    { name: 'web', address: '10.1.2.2' },
    { name: 'cache', address: '10.1.2.3' },
  ] as never;
  const rangeOf = (planned: never) => {
    const { plugins } = JSON.parse(podNetwork({ podCidr: '10.1.2.0/24' }, planned)) as {
      plugins: { ipMasq?: boolean; ipam?: { ranges: unknown } }[];
    };
    assert.equal(plugins[0]?.ipMasq, false);
    return plugins[0]?.ipam?.ranges;
  };
  assert.deepEqual(rangeOf(pods), [[{ subnet: '10.1.2.0/24', rangeStart: '10.1.2.4' }]]);
  assert.deepEqual(rangeOf([] as never), [[{ subnet: '10.1.2.0/24', rangeStart: '10.1.2.2' }]]);
  const files = plannedPods(pods);
  assert.deepEqual([...files.keys()], ['/etc/cni/planned-pods/default_web', '/etc/cni/planned-pods/default_cache']);
  assert.match(files.get('/etc/cni/planned-pods/default_web')!, /"address":"10\.1\.2\.2\/32"/);
});

test("a manifest's policies go to the API server as they are, a service without ports as one without address", () => {
  const text = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
---
apiVersion: cilion.io/v1alpha1
kind: ScionPathPolicy
metadata: {name: fast}
spec: {podSelector: {matchLabels: {app: web}}, pathConstraints: {avoidTransitASes: [1-ff00:0:111]}}
`;
  assert.deepEqual(appliedObjects([{ path: 'web.yaml', text }]), [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, clusterIP: 'None' },
    },
    {
      apiVersion: 'cilion.io/v1alpha1',
      kind: 'ScionPathPolicy',
      metadata: { name: 'fast' },
      spec: {
        podSelector: { matchLabels: { app: 'web' } },
        pathConstraints: { avoidTransitASes: ['1-ff00:0:111'] },
      },
    },
  ]);
});

test("access from the host is kind's, with the address in place of the name", () => {
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  const text = JSON.stringify({
    clusters: [
      {
        name: 'kind-a',
        cluster: { server: 'https://a-control-plane:6443', 'certificate-authority-data': encoded('CA') },
      },
    ],
    users: [{ name: 'u', user: { 'client-certificate-data': encoded('CERT'), 'client-key-data': encoded('KEY') } }],
  });
  const { access, text: file } = accessFrom(text, '198.18.7.2');
  assert.deepEqual(access, {
    server: 'https://198.18.7.2:6443',
    ca: 'CA',
    certificate: { cert: 'CERT', key: 'KEY' },
  });
  assert.match(file, /server: https:\/\/198\.18\.7\.2:6443/);
  assert.doesNotMatch(file, /a-control-plane:6443/);
});

test('a kubeconfig without certificates is refused', () => {
  const text = JSON.stringify({ clusters: [{ cluster: {} }], users: [{ user: {} }] });
  assert.throws(() => accessFrom(text, '198.18.7.2'), /no certificates/);
});

test('paths are the same after they have been written and read', () => {
  const { topology } = scenario();
  const control = computedControlPlane(topology, 1, { timestamp: 1_700_000_000, expirySeconds: 3600 });
  const [src, dst] = [parseIsdAs('1-ff00:0:111'), parseIsdAs('1-ff00:0:112')];
  const paths = control.paths(src, dst);
  const [read = []] = pathsFromJson(pathsToJson(new Map([[dst, paths]]))).values();
  assert.ok(paths.length > 1);
  assert.deepEqual(
    read.map((path) => ({ ...path, raw: [...path.raw] })),
    paths.map((path) => ({ ...path, raw: [...path.raw] })),
  );
});

test('a machine without dockerd is told what it lacks, as a fault of the call', async () => {
  const { PATH } = process.env;
  process.env['PATH'] = '/nowhere';
  try {
    await assert.rejects(requirePrograms(), (error) => {
      assert.ok(error instanceof CilionError);
      assert.equal(error.exitCode, 2);
      assert.match(error.message, /^kind clusters need docker, dockerd, containerd, runc, unshare$/);
      return true;
    });
  } finally {
    process.env['PATH'] = PATH;
  }
});
