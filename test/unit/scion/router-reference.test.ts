import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIsdAs } from '../../../src/scion/isd-as.ts';
import type { Outcome, SlowReason } from '../../model/outcome.ts';
import { type Neighbour, type RouterConfig, routePacket } from '../../model/router.ts';
import { fromHex, readFixture, toHex } from './vectors.ts';

interface Fixture {
  readonly now: number;
  readonly routers: Record<
    string,
    {
      readonly ia: string;
      readonly key: string;
      readonly interfaces: readonly { readonly id: number; readonly type: Neighbour; readonly sibling: boolean }[];
    }
  >;
  readonly cases: readonly {
    readonly router: string;
    readonly ingress: number;
    readonly sibling: number;
    readonly packet: string;
    readonly result: string;
  }[];
}

/** The reference's answer for each reason: SCMP type and code, or the number of its router alert. */
const ANSWERS: Partial<Record<SlowReason, readonly string[]>> = {
  EXPIRED_HOP: ['4/52'],
  WRONG_INGRESS: ['4/49', '4/50'],
  PACKET_SIZE: ['4/19'],
  SOURCE_IA: ['4/33'],
  DESTINATION_IA: ['4/34'],
  SOURCE_HOST: ['4/33'],
  BAD_MAC: ['4/51'],
  INGRESS_ALERT: ['-1/0'],
  EGRESS_ALERT: ['-2/0'],
  // The last where the hop field names interface 0, which the reference looks up as an interface like any other.
  UNKNOWN_EGRESS: ['4/49', '4/50', '4/53'],
  INVALID_PATH: ['4/48'],
  INVALID_SEGMENT_CHANGE: ['4/53'],
};

/** The other router of the AS; no AS of the fixture has more than two. */
const OTHER = 'other';

const { now, routers, cases } = readFixture('router.json') as Fixture;
const CONFIGS = new Map(Object.entries(routers).map(([name, router]) => [name, configOf(router)]));

function configOf({ ia, key, interfaces }: Fixture['routers'][string]): RouterConfig {
  const built = interfaces.map(({ id, type, sibling }) => {
    const own = { neighbour: type, up: true };
    return [id, sibling ? { ...own, sibling: OTHER } : own] as const;
  });
  return { ia: parseIsdAs(ia), forwardingKey: fromHex(key), interfaces: new Map(built) };
}

function agrees(outcome: Outcome, result: string): boolean {
  switch (outcome.verdict) {
    case 'forward':
      return result === `forward ${outcome.egress} ${toHex(outcome.packet)}`;
    case 'deliver':
      return result === `deliver ${toHex(outcome.packet)}`;
    case 'slow':
      return (ANSWERS[outcome.reason] ?? []).some((answer) => result === `slow ${answer}`);
    case 'drop':
      return result === 'drop';
  }
}

test('the model does with whole and damaged packets what the reference router does, byte by byte', () => {
  const reasons = new Set<string>();
  for (const { router, ingress, sibling, packet, result } of cases) {
    const from = sibling === 0 ? ingress : { sibling: OTHER };
    const outcome = routePacket(fromHex(packet), from, CONFIGS.get(router)!, now);
    assert.ok(
      agrees(outcome, result),
      `${router} ${packet}: ${outcome.verdict} ${outcome.reason}, reference ${result}`,
    );
    reasons.add(outcome.reason);
  }
  assert.ok(cases.length > 150 && reasons.size >= 15);
});
