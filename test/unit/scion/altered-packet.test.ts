import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Alteration, alterPacket } from '../../../src/scion/altered-packet.ts';
import { atEnd, crossing, straight } from '../../golden/paths.ts';
import { HERE, KEY, packetOf, TIMESTAMP } from '../../golden/row.ts';
import { type RouterConfig, routePacket } from '../../model/router.ts';

const FORGER = new Uint8Array(16).fill(0x5a);
/** Interface 3 is where a redirected packet would leave. */
const ROUTER: RouterConfig = {
  ia: HERE,
  forwardingKey: KEY,
  interfaces: new Map([
    [1, { neighbour: 'core', up: true }],
    [2, { neighbour: 'core', up: true }],
    [3, { neighbour: 'core', up: true }],
  ]),
};
const PACKETS = [true, false].map((consDir) => packetOf({ path: straight(consDir) }));

function meets(packet: Uint8Array, alteration: Alteration, key = FORGER) {
  return routePacket(alterPacket(packet, alteration, key), 1, ROUTER, TIMESTAMP + 60);
}

test('a packet that nothing was done to is forwarded, byte for byte the same', () => {
  for (const packet of PACKETS) {
    assert.deepEqual(Buffer.from(alterPacket(packet, 'nothing', FORGER)), Buffer.from(packet));
    assert.equal(meets(packet, 'nothing').reason, 'FORWARDED');
  }
});

test('each alteration is refused by the check that it is meant to meet', () => {
  for (const packet of PACKETS) {
    assert.equal(meets(packet, 'mac').reason, 'BAD_MAC');
    assert.equal(meets(packet, 'interface').reason, 'BAD_MAC');
    assert.equal(meets(packet, 'position').reason, 'WRONG_INGRESS');
  }
});

test('a forged hop field lacks nothing but the key: with the AS’s own, the packet is redirected', () => {
  for (const packet of PACKETS) {
    const outcome = meets(packet, 'interface', KEY);
    assert.equal(outcome.reason, 'FORWARDED');
    assert.equal(outcome.verdict === 'forward' ? outcome.egress : undefined, 3);
  }
});

test('an alteration leaves all but the path as it was', () => {
  for (const packet of [...PACKETS, packetOf({ path: crossing(false, true) })]) {
    for (const alteration of ['mac', 'interface', 'position'] as const) {
      const altered = alterPacket(packet, alteration, FORGER);
      const changed = [...packet.keys()].filter((at) => altered[at] !== packet[at]);
      assert.ok(changed.length > 0 && changed.every((at) => at >= 36 && at < 4 * packet[5]!), alteration);
    }
  }
});

test('behind the last hop field there is none to skip to', () => {
  assert.throws(() => alterPacket(packetOf({ path: atEnd(true) }), 'position', FORGER), RangeError);
});
