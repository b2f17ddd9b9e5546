/** Links whose underlay BGP routes: which link a frame comes in by, and where a packet leaves. */
import type { InterfaceId } from '../../src/topology/model.ts';
import { dropped, type FrameOutcome, isUdpTo, type LinkEnds, sendOn } from './frame-outcome.ts';

/** The device is one of the AS's that carries none of its links. */
export type Device = InterfaceId | 'access';

export interface RoutedUnderlay {
  /** Ends of the AS's own links of that kind, by interface. */
  readonly links: ReadonlyMap<InterfaceId, LinkEnds>;
  /** MAC addresses towards an IPv4 address, as the kernel's routes and neighbours have them; undefined: no way there. */
  readonly nextHop: (address: string) => { readonly own: string; readonly next: string } | undefined;
}

/** The routed link to whose own end the frame is sent, by whatever device. */
export function routedLinkOf(frame: Uint8Array, routed?: RoutedUnderlay): InterfaceId | undefined {
  const entries = [...(routed?.links ?? [])];
  return entries.find(([, { own }]) => isUdpTo(frame, own.address, own.port))?.[0];
}

/** The frame as it goes on to the far end of a link, with the packet changed. */
export function leaveBy(
  frame: Uint8Array,
  packet: Uint8Array,
  { egress, reason, ends }: { readonly egress: InterfaceId; readonly reason: string; readonly ends: LinkEnds },
  routed?: RoutedUnderlay,
): FrameOutcome {
  if (routed?.links.has(egress) !== true)
    return { action: 'redirect', reasons: [reason], frame: sendOn(frame, packet, ends) };
  const hop = routed.nextHop(ends.remote.address);
  if (hop === undefined) return dropped('NO_ROUTE');
  const addressed = { own: { ...ends.own, mac: hop.own }, remote: { ...ends.remote, mac: hop.next } };
  return { action: 'redirect', reasons: [reason], frame: sendOn(frame, packet, addressed) };
}
