/** node_wan as a whole, from frame to frame: border router for the node's own links, and host of the AS. */
import type { UnderlayEnd } from '../../src/dataplane/underlay.ts';
import { decodePacket } from '../../src/scion/header.ts';
import { HOST_IPV4 } from '../../src/scion/host.ts';
import { decodePath } from '../../src/scion/path.ts';
import type { InterfaceId } from '../../src/topology/model.ts';
import {
  addressAt,
  dropped,
  type FrameOutcome,
  isFrom,
  isUdpTo,
  type LinkEnds,
  notOurs,
  openUnderlay,
  sendOn,
} from './frame-outcome.ts';
import { decapsulated, type RemotePods } from './inner-packet.ts';
import { answerTo, probeIn } from './probe.ts';
import { refuseUnreadable } from './read-packet.ts';
import { type Device, leaveBy, type RoutedUnderlay, routedLinkOf } from './routed.ts';
import { type Ingress, numberOf, type RouterConfig, routePacket } from './router.ts';

export interface ModelNode {
  readonly config: RouterConfig;
  /** Ends of the node's own links; of a sibling's, those of the AS's network. */
  readonly ends: (ifid: InterfaceId) => LinkEnds;
  /** Where routers of the AS reach it, and the port of hosts. */
  readonly own: UnderlayEnd;
  readonly hostPort: number;
  /** The AS's other node: name in the router's configuration, and where it is. */
  readonly sibling: UnderlayEnd & { readonly name: string };
  readonly podCidr: string;
  readonly routed?: RoutedUnderlay;
  readonly remotes: readonly RemotePods[];
  /** Token that the answer to a probe of a path has to bring back. */
  readonly token: (path: number) => bigint | undefined;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly monotonicNs: () => bigint;
}

/** What the node does with a frame from the device of a link (or of the AS's network, 0) at `now`, Unix seconds. */
export function atNode(frame: Uint8Array, device: Device, node: ModelNode, now: number): FrameOutcome {
  const routed = routedLinkOf(frame, node.routed);
  if (device !== 0 && device !== 'access') {
    const { own, remote } = node.ends(device);
    if (isUdpTo(frame, own.address, own.port)) {
      return isFrom(frame, remote) ? route(frame, device, node, now) : dropped('UNDERLAY_SOURCE');
    }
  }
  if (routed !== undefined) {
    const { remote } = node.ends(routed);
    return isFrom(frame, remote) ? route(frame, routed, node, now) : dropped('UNDERLAY_SOURCE');
  }
  if (device !== 0) return notOurs(frame);
  if (isUdpTo(frame, node.own.address, node.hostPort)) return atHost(frame, node, now);
  if (!isUdpTo(frame, node.own.address, node.own.port)) return notOurs(frame);
  return route(frame, isFrom(frame, node.sibling) ? { sibling: node.sibling.name } : 0, node, now);
}

function route(frame: Uint8Array, ingress: Ingress, node: ModelNode, now: number): FrameOutcome {
  const opened = openUnderlay(frame);
  if (opened.verdict === 'refused') return opened.outcome;
  const outcome = routePacket(opened.packet, ingress, node.config, now);
  if (outcome.verdict === 'deliver') return deliver(frame, outcome.packet, ingress, node, now);
  if (outcome.verdict !== 'forward') return dropped(outcome.reason);
  return leaveBy(frame, outcome.packet, { ...outcome, ends: node.ends(outcome.egress) }, node.routed);
}

/** From a router of the AS, which has checked the hop field. */
function atHost(frame: Uint8Array, node: ModelNode, now: number): FrameOutcome {
  if (!isFrom(frame, node.sibling)) return dropped('UNDERLAY_SOURCE');
  const opened = openUnderlay(frame);
  if (opened.verdict === 'refused') return opened.outcome;
  const refused = refuseUnreadable(opened.packet);
  if (refused !== undefined) return dropped(refused.reason);
  const { header, payload } = decodePacket(opened.packet);
  if (header.payloadLength !== payload.length) return dropped('PACKET_SIZE');
  const path = decodePath(header.path);
  const atEnd = path.currHf === path.hops.length - 1 && path.currInf === path.infos.length - 1;
  if (header.dst.ia !== numberOf(node.config.ia) || !atEnd) return dropped('DESTINATION_IA');
  return deliver(frame, opened.packet, 0, node, now);
}

const POD_PACKET = 253;
const PROBE = 254;
const SCMP = 202;

/** @param packet with the SegID as whoever answers needs it */
function deliver(frame: Uint8Array, packet: Uint8Array, ingress: Ingress, node: ModelNode, now: number): FrameOutcome {
  const { header, headerLength } = decodePacket(packet);
  const host = addressAt(header.dst.host.bytes, 0);
  if (header.dst.host.type !== HOST_IPV4) return dropped('LOCAL_DELIVERY');
  if (host === node.own.address && header.nextHeader === POD_PACKET) {
    return decapsulated(frame, packet.subarray(headerLength), 42 + headerLength, header.src.ia, node);
  }
  if (host === node.own.address && header.nextHeader === PROBE) return receiveProbe(frame, packet, node, now);
  if (host === node.own.address && header.nextHeader === SCMP) {
    const heard = isInterfaceDown(packet.subarray(headerLength), node);
    return dropped(heard ? 'INTERFACE_DOWN_HEARD' : 'LOCAL_DELIVERY');
  }
  if (ingress === 0 || host !== node.sibling.address) return dropped('LOCAL_DELIVERY');
  const toHost = { own: node.own, remote: { ...node.sibling, port: node.hostPort } };
  return { action: 'redirect', reasons: ['TO_SIBLING'], frame: sendOn(frame, packet, toHost) };
}

/** Length of the messages 5 and 6 before the packet that they quote (doc/protocols/scmp.rst). */
const INTERFACE_DOWN_LENGTHS: Readonly<Record<number, number>> = { 5: 20, 6: 28 };

/** That an interface is down, about a packet of this node; what is quoted may be cut short behind its addresses. */
function isInterfaceDown(message: Uint8Array, node: ModelNode): boolean {
  const quote = message.subarray(INTERFACE_DOWN_LENGTHS[message[0] ?? 0] ?? message.length);
  if (quote.length < 36) return false;
  const view = new DataView(quote.buffer, quote.byteOffset, quote.length);
  return (
    view.getBigUint64(20) === numberOf(node.config.ia) && quote[9] === 0 && addressAt(quote, 32) === node.own.address
  );
}

function receiveProbe(frame: Uint8Array, packet: Uint8Array, node: ModelNode, now: number): FrameOutcome {
  const probe = probeIn(packet);
  if (probe === undefined) return dropped('PROBE_INVALID');
  if (probe.kind === 'reply') {
    const awaited = node.token(probe.path) === probe.token && probe.sentNs <= node.monotonicNs();
    return dropped(awaited ? 'PROBE_HEARD' : 'PROBE_INVALID');
  }
  const answer = answerTo(packet);
  if (answer === undefined) return dropped('PROBE_INVALID');
  const link = node.config.interfaces.get(answer.egress);
  if (link?.sibling !== undefined) {
    const sent = sendOn(frame, answer.packet, node.ends(answer.egress));
    return { action: 'redirect', reasons: ['PROBE_ANSWERED', 'TO_SIBLING'], frame: sent };
  }
  const turned = Uint8Array.from(frame);
  turned.set(answer.packet, 42);
  const outcome = route(turned, 0, node, now);
  return { ...outcome, reasons: ['PROBE_ANSWERED', ...outcome.reasons] };
}
