import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceObject } from '../../../src/k8s/agent/conditions.ts';
import { type NodeObject, placeLinks } from '../../../src/k8s/agent/link-places.ts';

const UNDERLAY = { type: 'UDP/IPv4', remoteIP: '192.0.2.2', remotePort: 50_000 };
const link = (name: string, spec: object = {}): ResourceObject => ({
  metadata: { name },
  spec: { linkType: 'Parent', remoteAS: '1-ff00:0:110', interfaceID: 1, underlay: UNDERLAY, ...spec },
});
const node = (name: string, rack: string): NodeObject => ({ metadata: { name, labels: { rack } }, spec: {} });
const NODES = [node('b', 'one'), node('a', 'two'), node('c', 'two')];
const on = (rack: string) => ({ nodeSelector: { matchLabels: { rack } } });

function placesOf(links: readonly ResourceObject[]): Record<string, string> {
  const { placed, refused } = placeLinks(links, NODES, 8);
  return Object.fromEntries([
    ...placed.map(({ object, node: at, ifid, role }) => [object.metadata.name, `${role} ${ifid} at ${at}`]),
    ...refused.map(({ object, finding }) => [object.metadata.name, `${finding.reason}: ${finding.message}`]),
  ]);
}

test('a link ends at the first node, by name, that has the labels; without labels at the first of all', () => {
  assert.deepEqual(placesOf([link('x', on('one')), link('y', { ...on('two'), interfaceID: 2 })]), {
    x: 'parent 1 at b',
    y: 'parent 2 at a',
  });
  assert.deepEqual(placesOf([link('x', { linkType: 'Core' })]), { x: 'core 1 at a' });
});

test('a link that cannot be put to work says why', () => {
  const found = placesOf([
    link('a'),
    link('b'),
    link('c', { interfaceID: undefined }),
    link('d', { interfaceID: 8 }),
    link('e', { interfaceID: 2, ...on('three') }),
    link('f', { interfaceID: 3, linkType: 'Sibling' }),
  ]);
  assert.equal(found['a'], 'parent 1 at a');
  assert.equal(found['b'], 'InterfaceTaken: interface 1 is that of the link a');
  assert.match(found['c'] ?? '', /^NoInterfaceID: interfaceID is not given/);
  assert.match(found['d'] ?? '', /^InterfaceTooHigh: .*below 8/);
  assert.equal(found['e'], 'NoNode: no node has the labels of nodeSelector');
  assert.match(found['f'] ?? '', /^Invalid: spec\.linkType: /);
});
