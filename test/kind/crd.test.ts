import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { ApiError } from '../../src/k8s/api/client.ts';
import { ApiServer } from './api-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'ct-api-'));
const api = await ApiServer.start(folder);
after(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

const BASE = '/apis/cilion.io/v1alpha1';
const PATHS: Readonly<Record<string, string>> = {
  ScionPathPolicy: `${BASE}/namespaces/default/scionpathpolicies`,
  ScionLink: `${BASE}/scionlinks`,
  ScionClusterPeer: `${BASE}/scionclusterpeers`,
};

let count = 0;

/** What the API server says of it; empty when it takes it. */
async function said(kind: string, spec: string): Promise<string> {
  count += 1;
  const object = { apiVersion: 'cilion.io/v1alpha1', kind, metadata: { name: `o${count}` }, spec: parse(spec) };
  try {
    await api.client.create(`${PATHS[kind]}?fieldValidation=Strict`, object);
    return '';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
}

test('the API server takes the definitions that are shipped', async () => {
  await api.define();
});

const constraints = (text: string) => `{podSelector: {}, pathConstraints: {${text}}}`;

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['ScionPathPolicy', '{podSelector: {}}'],
  ['ScionPathPolicy', constraints('requireISDs: [42, 64], avoidTransitASes: ["ff00:0:bad1"], strategy: LowestLatency')],
  [
    'ScionPathPolicy',
    constraints('destinationAS: 64-ffaa:0:1102, hopSequence: "0* 1-ff00:0:110#1,2 (1|2)+", maxLatency: 30ms'),
  ],
  ['ScionPathPolicy', constraints('strategy: Disjoint, multipath: {paths: 2, weights: [3, 1]}')],
  ['ScionPathPolicy', constraints('strategy: Pinned, pinnedPath: ["1-ff00:0:111#1", "1-ff00:0:110#2"]')],
  [
    'ScionPathPolicy',
    '{podSelector: {matchExpressions: [{key: app, operator: In, values: [a]}]}, onUnsatisfied: PlainIP}',
  ],
  [
    'ScionLink',
    '{linkType: Parent, remoteAS: 64-64512, underlay: {type: UDP/IPv4, remoteIP: 198.51.100.42, remotePort: 30041}}',
  ],
  ['ScionClusterPeer', '{remoteISD: 64, remoteAS: "ffaa:0:1102", podCIDRs: [10.2.0.0/16]}'],
  [
    'ScionClusterPeer',
    '{remoteAS: 64-ffaa:0:1102, podCIDR: 10.3.0.0/16, nodes: [{name: b1, address: 10.3.0.1, podCIDR: 10.3.1.0/24}]}',
  ],
];

for (const [kind, spec] of ACCEPTED) {
  test(`the API server takes a ${kind} ${spec}`, async () => {
    assert.equal(await said(kind, spec), '');
  });
}

const link = (rest: string) =>
  `{linkType: Parent, remoteAS: 64-64512, underlay: {type: UDP/IPv4, remotePort: 1, ${rest}}}`;

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['ScionPathPolicy', '{}', /spec\.podSelector: Required value/],
  [
    'ScionPathPolicy',
    constraints('destinationAS: "64:0:anap"'),
    /destinationAS: Invalid value.*must be an ISD-AS such as 1-ff00:0:110/,
  ],
  ['ScionPathPolicy', constraints('destinationAS: 70000-ff00:0:110'), /destinationAS.*must be an ISD-AS/],
  [
    'ScionPathPolicy',
    constraints('avoidTransitASes: [ff00:0:xyz]'),
    /avoidTransitASes\[0\].*must be an AS such as ff00:0:110/,
  ],
  ['ScionPathPolicy', constraints('requireISDs: []'), /requireISDs.*should have at least 1 items/],
  ['ScionPathPolicy', constraints('requireISDs: [0]'), /requireISDs\[0\].*greater than or equal to 1/],
  [
    'ScionPathPolicy',
    constraints('strategy: Fastest'),
    /strategy: Unsupported value: "Fastest": supported values: "LowestLatency"/,
  ],
  ['ScionPathPolicy', constraints('strategy: Pinned'), /pinnedPath belongs to the strategy Pinned/],
  [
    'ScionPathPolicy',
    constraints('pinnedPath: ["1-ff00:0:111#1", "1-ff00:0:110#2"]'),
    /pinnedPath belongs to the strategy Pinned/,
  ],
  ['ScionPathPolicy', constraints('multipath: {paths: 2}'), /multipath belongs to the strategy Disjoint/],
  [
    'ScionPathPolicy',
    constraints('strategy: Disjoint, multipath: {paths: 2, weights: [1, 2, 3]}'),
    /weights must be as many as paths/,
  ],
  [
    'ScionPathPolicy',
    constraints('avoidTransitASes: [1-ff00:0:110], allowTransitASes: [1-ff00:0:110]'),
    /cannot be both avoided and allowed/,
  ],
  ['ScionPathPolicy', constraints('hopSequence: "1-ff00:0:110 & 2"'), /hopSequence.*must be hops such as/],
  ['ScionPathPolicy', constraints('maxLatency: fast'), /maxLatency.*must be a duration such as 30ms/],
  ['ScionPathPolicy', constraints('maxLatncy: 5ms'), /unknown field "spec\.pathConstraints\.maxLatncy"/],
  [
    'ScionPathPolicy',
    '{podSelector: {matchExpressions: [{key: app, operator: Exists, values: [a]}]}}',
    /values are needed by In and NotIn/,
  ],
  ['ScionPathPolicy', '{podSelector: {}, onUnsatisfied: Fallback}', /onUnsatisfied: Unsupported value: "Fallback"/],
  ['ScionLink', link('remoteIP: 198.51.100.999'), /remoteIP.*must be an IPv4 address such as 192\.0\.2\.1/],
  ['ScionLink', link('remoteIP: 192.0.2.1, localIP: 192.0.2.1'), /cannot be the same/],
  ['ScionLink', '{linkType: Uplink, remoteAS: 64-64512}', /linkType: Unsupported value: "Uplink"/],
  [
    'ScionLink',
    '{linkType: Parent, remoteAS: "64:0:anap", underlay: {type: UDP/IPv4, remoteIP: 192.0.2.1, remotePort: 1}}',
    /remoteAS.*must be an ISD-AS/,
  ],
  ['ScionClusterPeer', '{remoteAS: 64-ffaa:0:1102}', /a peer has pods: one of podCIDRs and podCIDR must be given/],
  ['ScionClusterPeer', '{remoteAS: 64-ffaa:0:1102, podCIDRs: []}', /should have at least 1 items/],
  ['ScionClusterPeer', '{remoteAS: "ffaa:0:1102", podCIDR: 10.2.0.0/16}', /the ISD must stand either in remoteAS/],
  [
    'ScionClusterPeer',
    '{remoteISD: 64, remoteAS: 64-ffaa:0:1102, podCIDR: 10.2.0.0/16}',
    /the ISD must stand either in remoteAS/,
  ],
  [
    'ScionClusterPeer',
    '{remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.0/16, 10.2.128.0/17]}',
    /podCIDRs must not overlap/,
  ],
  [
    'ScionClusterPeer',
    '{remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.1/16]}',
    /must be an IPv4 prefix such as 10\.1\.0\.0\/16/,
  ],
  ['ScionClusterPeer', '{remoteAS: 64-ffaa:0:1102, podCIDRs: ["2001:db8::/32"]}', /must be an IPv4 prefix/],
  [
    'ScionClusterPeer',
    '{remoteAS: 64-ffaa:0:1102, podCIDRs: [10.2.0.0/16], nodes: [{name: b1, address: 10.2.0.1, podCIDR: 10.9.1.0/24}]}',
    /must be a part of the podCIDRs of the peer/,
  ],
];

for (const [kind, spec, reason] of REFUSED) {
  test(`the API server refuses a ${kind} ${spec}`, async () => {
    assert.match(await said(kind, spec), reason);
  });
}

test('defaults are filled in by the API server', async () => {
  const { items } = await api.client.get<{ items: { spec: Record<string, unknown> }[] }>(PATHS['ScionPathPolicy']!);
  assert.deepEqual(items[0]?.spec, {
    podSelector: {},
    priority: 0,
    pathConstraints: { strategy: 'LowestLatency' },
    onUnsatisfied: 'Block',
  });
});

test('a list shows what is asked for and what is in force', async () => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const of = async (kind: string) =>
    (await api.client.get<{ columnDefinitions: { name: string }[] }>(PATHS[kind]!, table)).columnDefinitions.map(
      ({ name }) => name,
    );
  assert.deepEqual(await of('ScionPathPolicy'), [
    'Name',
    'Strategy',
    'Priority',
    'Satisfied',
    'Reason',
    'Message',
    'Age',
  ]);
  assert.deepEqual(await of('ScionLink'), ['Name', 'Type', 'Remote AS', 'Interface', 'Remote IP', 'Programmed', 'Age']);
});
