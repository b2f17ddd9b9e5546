/** border_router as a whole, from frame to frame: the underlay around the rules of router.ts. */
import type { InterfaceId } from '../../src/topology/model.ts';
import { type FrameOutcome, isFrom, isUdpTo, type LinkEnds, notOurs, openUnderlay } from './frame-outcome.ts';
import type { Outcome } from './outcome.ts';
import { type Device, leaveBy, type RoutedUnderlay, routedLinkOf } from './routed.ts';
import { type RouterConfig, routePacket } from './router.ts';

export interface BorderRouter {
  readonly config: RouterConfig;
  readonly ends: (ifid: InterfaceId) => LinkEnds;
  /** A slow path listens: it gets what is not finished here, as it came. */
  readonly slowPath: boolean;
  readonly routed?: RoutedUnderlay;
}

/** What the router does with a frame on a device (of an interface's link) at `now`, Unix seconds. */
export function atBorderRouter(frame: Uint8Array, device: Device, router: BorderRouter, now: number): FrameOutcome {
  const ingress = linkOf(frame, device, router);
  if (ingress === undefined) return notOurs(frame);
  const { remote } = router.ends(ingress);
  const opened = isFrom(frame, remote) ? openUnderlay(frame) : undefined;
  if (opened === undefined) return { action: 'drop', reasons: ['UNDERLAY_SOURCE'] };
  if (opened.verdict === 'refused') return slowed(opened.outcome, frame, router);
  return ofOutcome(routePacket(opened.packet, ingress, router.config, now), frame, router);
}

/** The link by which the frame came in; undefined where it is not SCION to this router. */
function linkOf(frame: Uint8Array, device: Device, { ends, routed }: BorderRouter): InterfaceId | undefined {
  if (device !== 'access') {
    const { own } = ends(device);
    if (isUdpTo(frame, own.address, own.port)) return device;
  }
  return routedLinkOf(frame, routed);
}

/** A border router has no hosts: what arrives is the slow path's. */
function ofOutcome(outcome: Outcome, frame: Uint8Array, router: BorderRouter): FrameOutcome {
  switch (outcome.verdict) {
    case 'forward':
      return leaveBy(frame, outcome.packet, { ...outcome, ends: router.ends(outcome.egress) }, router.routed);
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
