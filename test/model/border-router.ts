/** border_router as a whole, from frame to frame: the underlay around the rules of router.ts. */
import type { InterfaceId } from '../../src/topology/model.ts';
import { type FrameOutcome, isFrom, isUdpTo, type LinkEnds, notOurs, openUnderlay, sendOn } from './frame-outcome.ts';
import type { Outcome } from './outcome.ts';
import { type RouterConfig, routePacket } from './router.ts';

export interface BorderRouter {
  readonly config: RouterConfig;
  readonly ends: (ifid: InterfaceId) => LinkEnds;
  /** A slow path listens: it gets what is not finished here, as it came. */
  readonly slowPath: boolean;
}

/** What the router does with a frame on the device of interface `ingress` at `now`, Unix seconds. */
export function atBorderRouter(
  frame: Uint8Array,
  ingress: InterfaceId,
  router: BorderRouter,
  now: number,
): FrameOutcome {
  const { own, remote } = router.ends(ingress);
  if (!isUdpTo(frame, own.address, own.port)) return notOurs(frame);
  const opened = isFrom(frame, remote) ? openUnderlay(frame) : undefined;
  if (opened === undefined) return { action: 'drop', reasons: ['UNDERLAY_SOURCE'] };
  if (opened.verdict === 'refused') return slowed(opened.outcome, frame, router);
  return ofOutcome(routePacket(opened.packet, ingress, router.config, now), frame, router);
}

/** A border router has no hosts: what arrives is the slow path's. */
function ofOutcome(outcome: Outcome, frame: Uint8Array, router: BorderRouter): FrameOutcome {
  switch (outcome.verdict) {
    case 'forward':
      return {
        action: 'redirect',
        reasons: [outcome.reason],
        frame: sendOn(frame, outcome.packet, router.ends(outcome.egress)),
      };
    case 'deliver':
      return toSlowPath('LOCAL_DELIVERY', frame, router);
    case 'slow':
      return toSlowPath(outcome.reason, frame, router);
    case 'drop':
      return { action: 'drop', reasons: [outcome.reason] };
  }
}

/** Fragments are reassembled by the kernel, for the slow path. */
function slowed(outcome: FrameOutcome, frame: Uint8Array, router: BorderRouter): FrameOutcome {
  return outcome.reasons[0] === 'UNDERLAY_FRAGMENT' ? toSlowPath('UNDERLAY_FRAGMENT', frame, router) : outcome;
}

function toSlowPath(reason: string, frame: Uint8Array, { slowPath }: BorderRouter): FrameOutcome {
  return { action: slowPath ? 'pass' : 'drop', reasons: [reason], frame };
}
