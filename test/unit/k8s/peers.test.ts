import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceObject } from '../../../src/k8s/agent/conditions.ts';
import { Numbers } from '../../../src/k8s/agent/numbers.ts';
import { reachability, readPeers } from '../../../src/k8s/agent/peers.ts';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import { DST, pathsFrom } from './paths.ts';

const OWN = { ia: parseIsdAs('1-ff00:0:141'), podCidrs: ['10.1.1.0/24', '10.1.2.0/24'] };

function peer(name: string, remoteAS: string, podCIDRs: readonly string[], rest: object = {}): ResourceObject {
  const nodes = podCIDRs.map((podCIDR, index) => ({
    name: `n${index}`,
    address: podCIDR.replace('.0/24', '.254'),
    podCIDR,
  }));
  return { metadata: { name }, spec: { remoteAS, podCIDRs, nodes, ...rest } };
}

test('the nodes of a peer are remote nodes, whose numbers stay while others come and go', () => {
  const ids = new Numbers();
  const numbers = (objects: readonly ResourceObject[]) =>
    Object.fromEntries(
      readPeers(objects, OWN, ids).known.flatMap(({ nodes }) => nodes.map(({ podCidr, id }) => [podCidr, id])),
    );
  const [b, c] = [
    peer('b', '2-ff00:0:241', ['10.2.1.0/24', '10.2.2.0/24']),
    peer('c', '3-ff00:0:341', ['10.3.1.0/24']),
  ];
  assert.deepEqual(numbers([b, c]), { '10.2.1.0/24': 0, '10.2.2.0/24': 1, '10.3.1.0/24': 2 });
  const a = peer('a', '4-ff00:0:441', ['10.4.1.0/24']);
  assert.deepEqual(numbers([a, c]), { '10.3.1.0/24': 2, '10.4.1.0/24': 3 });
  assert.deepEqual(numbers([b, c]), { '10.2.1.0/24': 0, '10.2.2.0/24': 1, '10.3.1.0/24': 2 });
});

test('a peer that cannot be reached says why', () => {
  const { known, refused } = readPeers(
    [
      peer('a', '2-ff00:0:241', ['10.2.1.0/24']),
      peer('b', '3-ff00:0:341', ['10.2.1.0/24']),
      peer('c', '3-ff00:0:341', ['10.1.2.0/24']),
      peer('d', '1-ff00:0:141', ['10.5.1.0/24']),
      peer('e', '3-ff00:0:341', ['10.6.1.0/24'], { nodes: undefined }),
      peer('f', 'ff00:0:341', ['10.7.1.0/24']),
    ],
    OWN,
    new Numbers(),
  );
  assert.deepEqual(
    known.map(({ object, ia }) => [object.metadata.name, ia]),
    [['a', '2-ff00:0:241']],
  );
  const reasons = refused.map(({ object, finding }) => `${object.metadata.name} ${finding.reason}: ${finding.message}`);
  assert.deepEqual(reasons.slice(0, 3), [
    'b Overlap: 10.2.1.0/24 overlaps the pods of a',
    'c Overlap: 10.1.2.0/24 overlaps the pods of this cluster',
    'd OwnAS: 1-ff00:0:141 is this cluster’s own AS',
  ]);
  assert.match(reasons[3] ?? '', /^e NoNodes: /);
  assert.match(reasons[4] ?? '', /^f Invalid: spec\.remoteAS: /);
});

test('a peer is reachable while paths to it are known', () => {
  const { known } = readPeers([peer('a', '2-ff00:0:241', ['10.2.1.0/24'])], OWN, new Numbers());
  assert.equal(known[0]!.ia, DST);
  const paths = pathsFrom(Math.floor(Date.now() / 1000));
  const { holds, message } = reachability(known[0]!, paths);
  assert.deepEqual([holds, message], [true, `${paths.length} paths to 2-ff00:0:241, 1 node`]);
  assert.deepEqual(reachability(known[0]!, []).reason, 'NoPath');
});
