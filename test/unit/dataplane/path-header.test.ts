import assert from 'node:assert/strict';
import { test } from 'node:test';
import { innerMtu, pathHeader } from '../../../src/dataplane/path-header.ts';
import { ipHeaderSum, UNDERLAY_LENGTH } from '../../../src/dataplane/underlay.ts';
import { pathCombiner } from '../../../src/scion/combine.ts';
import { decodePacket } from '../../../src/scion/header.ts';
import { computeSegments } from '../../../src/scion/segments.ts';
import { internetChecksum } from '../../golden/frame.ts';
import { buildPacket } from '../../model/packets.ts';
import { routePacket } from '../../model/router.ts';
import { buildNetwork } from '../../model/walk.ts';
import { peering, sixteen, tiny4 } from '../scion/topologies.ts';

const OPTIONS = { seed: 5, timestamp: 1_700_000_000, expirySeconds: 21_600 };
const own = { address: '172.16.0.1', port: 40_001, mac: '02:00:00:00:00:01' };
const remote = { address: '172.16.0.0', port: 40_002, mac: '02:00:00:00:00:02' };
const HOSTS = { srcHost: '10.0.0.1', dstHost: '10.0.0.2' };

test('the header of every path over the node’s own link is what the border router of its AS would send', () => {
  let compared = 0;
  for (const topology of [tiny4, peering, sixteen]) {
    const network = buildNetwork(topology, OPTIONS.seed);
    const combine = pathCombiner(topology, computeSegments(topology, OPTIONS));
    for (const { ia: srcIa } of topology.ases) {
      for (const { ia: dstIa } of topology.ases) {
        for (const { raw } of combine(srcIa, dstIa)) {
          const packet = buildPacket({ src: srcIa, dst: dstIa, raw, ...HOSTS, payload: new Uint8Array(0) });
          const sent = routePacket(packet, 0, network.routers.get(srcIa)!, OPTIONS.timestamp + 1);
          assert.ok(sent.verdict === 'forward');
          const header = pathHeader({ srcIa, dstIa, ...HOSTS, raw, own, remote, ownLink: true });
          // The builder of test packets sets a FlowID, the template none.
          const expected = Uint8Array.from(sent.packet);
          expected[3] = 0;
          assert.deepEqual(header.subarray(UNDERLAY_LENGTH), expected);
          compared++;
        }
      }
    }
  }
  assert.ok(compared > 2000);
});

test('the header of a path that a sibling sends holds the path as its source does', () => {
  const [src, , dst] = tiny4.ases.map(({ ia }) => ia);
  const path = pathCombiner(tiny4, computeSegments(tiny4, OPTIONS))(src!, dst!)[0]!;
  const header = pathHeader({ srcIa: src!, dstIa: dst!, ...HOSTS, raw: path.raw, own, remote, ownLink: false });
  assert.deepEqual(decodePacket(header.subarray(UNDERLAY_LENGTH)).header.path, path.raw);
  assert.equal(innerMtu(1500, header), 1500 - 28 - (36 + path.raw.length));
});

test('the partial sum of the underlay’s IPv4 header makes a right checksum with any length', () => {
  const [src, , dst] = tiny4.ases.map(({ ia }) => ia);
  const path = pathCombiner(tiny4, computeSegments(tiny4, OPTIONS))(src!, dst!)[0]!;
  const header = pathHeader({ srcIa: src!, dstIa: dst!, ...HOSTS, raw: path.raw, own, remote, ownLink: true });
  const view = new DataView(header.buffer);
  for (const length of [100, 1234, 65_535]) {
    const partial = ipHeaderSum(header);
    view.setUint16(16, length);
    const sum = partial + view.getUint16(16, true);
    view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff, true);
    assert.equal(internetChecksum(header.subarray(14, 34)), 0);
  }
});
