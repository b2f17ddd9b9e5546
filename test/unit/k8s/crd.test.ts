import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { formatProblem, InputError } from '../../../src/errors.ts';
import { peerCidrs, peerIsdAs } from '../../../src/k8s/crd/cluster-peer.ts';
import { definitionFiles, FOLDER } from '../../../src/k8s/crd/generate.ts';
import { loadObjects } from '../../../src/k8s/crd/objects.ts';
import type { OpenApiSchema } from '../../../src/k8s/crd/open-api.ts';

function faults(text: string): string[] {
  try {
    loadObjects('o.yaml', text);
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems.map(formatProblem);
  }
}

const head = (kind: string, name = 'x') => `apiVersion: cilion.io/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;

test('deploy/crds holds what the schemas say today', async () => {
  for (const [file, text] of definitionFiles()) {
    assert.equal(
      await readFile(`${FOLDER}${file}`, 'utf8'),
      text,
      `${file} is stale: run node src/k8s/crd/generate.ts`,
    );
  }
});

/** Every part of the schema, with the path to it. */
function* parts(schema: OpenApiSchema, path = ''): Generator<[string, OpenApiSchema]> {
  yield [path, schema];
  for (const [name, each] of Object.entries(schema.properties ?? {})) yield* parts(each, `${path}.${name}`);
  if (schema.items !== undefined) yield* parts(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* parts(schema.additionalProperties, `${path}.*`);
}

test('the definitions are structural: each part has a type, and texts and lists under a rule have bounds', () => {
  for (const [file, text] of definitionFiles()) {
    const { openAPIV3Schema } = parse(text).spec.versions[0].schema;
    for (const [path, schema] of parts(openAPIV3Schema as OpenApiSchema)) {
      assert.equal(typeof schema.type, 'string', `${file}${path} has no type`);
      if (schema['x-kubernetes-validations'] === undefined) continue;
      for (const [below, inner] of parts(schema, path)) {
        assert.ok(inner.type !== 'array' || inner.maxItems !== undefined, `${file}${below} has no maxItems`);
        const bounded = inner.maxLength !== undefined || inner.enum !== undefined;
        assert.ok(inner.type !== 'string' || bounded, `${file}${below} has no maxLength`);
      }
    }
  }
});

test('a definition has a status of its own, conditions, and columns that show them', () => {
  for (const text of definitionFiles().values()) {
    const [version] = parse(text).spec.versions;
    assert.deepEqual(version.subresources, { status: {} });
    const { conditions } = version.schema.openAPIV3Schema.properties.status.properties;
    assert.deepEqual(conditions['x-kubernetes-list-map-keys'], ['type']);
    const columns: { jsonPath: string }[] = version.additionalPrinterColumns;
    assert.ok(columns.some(({ jsonPath }) => /^\.status\.conditions\[/.test(jsonPath)));
  }
});

test('the fields of published examples are accepted, and what is wrong in them is refused with the reason', () => {
  const policy = `${head('ScionPathPolicy').replace('{name: x}', '{name: x, namespace: data-lake}')}spec:
  podSelector: {matchLabels: {data: sensitive}}
  pathConstraints:
    requireISDs: [42, 64]
    avoidTransitASes: ["ff00:0:bad1"]
    strategy: "LowestLatency"
`;
  assert.deepEqual(faults(policy), []);
  assert.deepEqual(faults(policy.replace('requireISDs', 'destinationAS: "64:0:anap"\n    requireISDs')), [
    'o.yaml:7:20: spec.pathConstraints.destinationAS: "64:0:anap" is not one ISD and one AS joined by a dash (expected an ISD-AS such as 1-ff00:0:110)',
  ]);
  const link = `${head('ScionLink')}spec:
  linkType: "Parent"
  remoteAS: "64:0:anap"
  underlay: {type: "UDP/IPv4", remoteIP: "198.51.100.42", remotePort: 30041}
`;
  assert.deepEqual(faults(link), [
    'o.yaml:6:13: spec.remoteAS: "64:0:anap" is not one ISD and one AS joined by a dash (expected an ISD-AS such as 1-ff00:0:110)',
  ]);
  assert.deepEqual(faults(link.replace('64:0:anap', '64-64512')), []);
  const peer = `${head('ScionClusterPeer')}spec:\n  remoteISD: 64\n  remoteAS: "ffaa:0:1102"\n  podCIDRs: ["10.2.0.0/16"]\n`;
  assert.deepEqual(faults(peer), []);
  assert.deepEqual(faults(peer.replace('podCIDRs: ["10.2.0.0/16"]', 'podCIDR: 10.2.0.0/16')), []);
});

test('a peer has pods, an ISD in one place, and prefixes that do not overlap', () => {
  const peer = (spec: string) => faults(`${head('ScionClusterPeer')}spec: {${spec}}\n`);
  assert.deepEqual(peer('remoteAS: 64-ffaa:0:1102'), [
    'o.yaml:4:7: spec.podCIDRs: is missing: a peer without pods is none (expected one of podCIDRs and podCIDR)',
  ]);
  assert.match(
    peer('remoteAS: ffaa:0:1102, podCIDR: 10.2.0.0/16')[0] ?? '',
    /remoteAS: is ffaa:0:1102, an AS without its ISD/,
  );
  assert.match(
    peer('remoteISD: 64, remoteAS: 64-ffaa:0:1102, podCIDR: 10.2.0.0/16')[0] ?? '',
    /names an ISD, as remoteISD does/,
  );
  assert.match(
    peer('remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.0/16, 10.3.0.0/16, 10.2.128.0/17]')[0] ?? '',
    /podCIDRs\[2\]: 10\.2\.128\.0\/17 overlaps 10\.2\.0\.0\/16/,
  );
  assert.match(peer('remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.1/16]')[0] ?? '', /address bits set beyond its 16/);
  assert.match(peer('remoteAS: 64-ffaa:0:1102, podCIDRs: []')[0] ?? '', /has 0 entries/);
  const node = '{name: b1, address: 10.2.0.1, podCIDR: 10.9.1.0/24, interfaces: [1]}';
  assert.match(
    peer(`remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.0/16], nodes: [${node}]`)[0] ?? '',
    /nodes\[0\]\.podCIDR: 10\.9\.1\.0\/24 is not among the peer’s pods/,
  );
});

test('a peer’s ISD-AS and prefixes are the same in either notation', () => {
  const texts = [
    'remoteISD: 64, remoteAS: ffaa:0:1102, podCIDR: 10.2.0.0/16',
    'remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.0/16]',
  ];
  for (const text of texts) {
    const [object] = loadObjects('o.yaml', `${head('ScionClusterPeer')}spec: {${text}}\n`);
    assert.ok(object?.value.kind === 'ScionClusterPeer');
    assert.equal(peerIsdAs(object.value.spec), '64-ffaa:0:1102');
    assert.deepEqual(peerCidrs(object.value.spec), ['10.2.0.0/16']);
  }
});

test('what contradicts itself in a policy is refused, with the field', () => {
  const policy = (constraints: string) =>
    faults(`${head('ScionPathPolicy')}spec: {podSelector: {}, pathConstraints: {${constraints}}}\n`)[0] ?? '';
  assert.match(policy('strategy: Fastest'), /strategy: is "Fastest" \(expected one of LowestLatency, ShortestPath/);
  assert.match(policy('strategy: Pinned'), /pinnedPath: is missing/);
  assert.match(policy('multipath: {paths: 2}'), /multipath: has no meaning with the strategy LowestLatency/);
  assert.match(
    policy('strategy: Disjoint, multipath: {paths: 2, weights: [1, 2, 3]}'),
    /3 weights stand beside 2 paths/,
  );
  assert.match(
    policy('avoidTransitASes: [1-ff00:0:110], allowTransitASes: [1-ff00:0:110]'),
    /avoidTransitASes\[0\]: 1-ff00:0:110 is also/,
  );
  assert.match(policy('requireISDs: []'), /requireISDs: has 0 entries/);
  assert.match(policy('maxLatncy: 5ms'), /maxLatncy: there is no such field here \(did you mean "maxLatency"\?\)/);
});
