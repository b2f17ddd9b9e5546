import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathsFromJson, pathsToJson } from '../../src/k8s/agent/agent-config.ts';
import { containerNames, kindConfig, podNetwork } from '../../src/k8s/clusters/kind-config.ts';
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

test("a node's pods get addresses of the block that the plan has for it, and nothing hides them", () => {
  const { plugins } = JSON.parse(podNetwork({ podCidr: '10.1.2.0/24' })) as {
    plugins: { type: string; ipMasq?: boolean; ipam?: { ranges: unknown } }[];
  };
  assert.equal(plugins[0]?.ipMasq, false);
  assert.deepEqual(plugins[0]?.ipam?.ranges, [[{ subnet: '10.1.2.0/24' }]]);
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
