import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTopology } from '../../src/topology/load.ts';

/** Every attribute that the format has, as its generator reads them. */
const TOPO = `--- # A comment where the format has one
ASes:
  "1-ff00:0:110":
    core: true
    voting: true
    authoritative: true
    issuing: true
    underlay: UDP/IPv6
    mtu: 1400
  "1-ff00:0:111":
    cert_issuer: 1-ff00:0:110
    test_dispatcher: false
    control_servers: 1
    dispatched_ports: 31000-32767
links:
  - {a: "1-ff00:0:110-A#6", b: "1-ff00:0:111#41", linkAtoB: CHILD, mtu: 1280, bw: 500}
  - {a: "1-ff00:0:110-A",   b: "1-ff00:0:111",    linkAtoB: child, underlay: UDP/IPv6}
`;

test('a .topo file becomes the model, with the MTU of the IP packets that carry its SCION packets', () => {
  const { topology } = parseTopology('some/where.topo', TOPO);
  assert.equal(topology.name, 'where');
  assert.deepEqual(
    topology.ases.map(({ core, voting, authoritative, issuing, certIssuer, mtu }) => [
      ...[core, voting, authoritative, issuing],
      ...[certIssuer, mtu],
    ]),
    [
      [true, true, true, true, undefined, 1428],
      [false, false, false, false, '1-ff00:0:110', 1500],
    ],
  );
  assert.deepEqual(topology.links, [
    {
      ...{ id: '1-ff00:0:110#6--1-ff00:0:111#41', kind: 'child', mtu: 1308, underlay: 'wire' },
      a: { ia: '1-ff00:0:110', router: 'A', ifid: 6 },
      b: { ia: '1-ff00:0:111', ifid: 41 },
    },
    {
      ...{ id: '1-ff00:0:110#1--1-ff00:0:111#1', kind: 'child', mtu: 1500, underlay: 'wire' },
      a: { ia: '1-ff00:0:110', router: 'A', ifid: 1 },
      b: { ia: '1-ff00:0:111', ifid: 1 },
    },
  ]);
});

test('what the lab does otherwise than the file asks is noted', () => {
  assert.deepEqual(parseTopology('t.topo', TOPO).notes, [
    'UDP/IPv6 is asked for in 2 places: the lab carries SCION over IPv4, with the same SCION MTU',
    'a bandwidth (bw) is named in 1 place: as in the reference, nothing enforces it',
  ]);
});
