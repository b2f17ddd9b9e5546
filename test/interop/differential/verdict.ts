/** Whether two routers did the same with a packet, and the table of what they may do differently. */
import { COMMON_HEADER_LENGTH, decodePacket } from '../../../src/scion/header.ts';
import { HOST_SERVICE } from '../../../src/scion/host.ts';
import { isdAsToBigint } from '../../../src/scion/isd-as.ts';
import { decodePath, segmentOf } from '../../../src/scion/path.ts';
import type { TestAs } from './autonomous-systems.ts';
import type { Probe } from './reference-side.ts';
import type { SeenDatagram } from './udp-capture.ts';
import type { XdpOutcome } from './xdp-side.ts';

export interface Comparison {
  readonly probe: Probe;
  readonly xdp: XdpOutcome;
  readonly reference: readonly SeenDatagram[];
}

/** What the reference may answer, if anything, where XDP counts one of these: anything else were a wrong reason. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  EXPIRED_HOP: ['SCMP 4/52'],
  WRONG_INGRESS: ['SCMP 4/49', 'SCMP 4/50'],
  PACKET_SIZE: ['SCMP 4/19'],
  SOURCE_IA: ['SCMP 4/33'],
  DESTINATION_IA: ['SCMP 4/34'],
  SOURCE_HOST: ['SCMP 4/33'],
  BAD_MAC: ['SCMP 4/51'],
  // The others where the hop field names interface 0, which the reference looks up as one like any other.
  UNKNOWN_EGRESS: ['SCMP 4/49', 'SCMP 4/50', 'SCMP 4/48', 'SCMP 4/53'],
  INVALID_PATH: ['SCMP 4/48'],
  INVALID_SEGMENT_CHANGE: ['SCMP 4/53'],
};

function isSlow(reason: string, reference: readonly SeenDatagram[]): boolean {
  const allowed = ANSWERS[reason];
  return allowed === undefined || reference.every((seen) => allowed.includes(referenceKind(seen)));
}

/**
 * Agreement: both send the same bytes from and to the same addresses, or both send nothing. What XDP leaves to the slow
 * path reaches this same reference router, so its answer is what it would be alone; the reason must fit the answer.
 */
export function agrees({ xdp, reference }: Comparison): boolean {
  if (xdp.action === 'slow path') return isSlow(xdp.reason, reference);
  if (xdp.action === 'drop') return reference.length === 0;
  const [sent, ...more] = reference;
  return (
    sent !== undefined &&
    more.length === 0 &&
    sent.from === xdp.from &&
    sent.to === xdp.to &&
    Buffer.compare(sent.payload, xdp.payload!) === 0
  );
}

/** Why only XDP gets the packet: the reference router would not survive it. Undefined for all others. */
export function endsReference(probe: Probe, xdp: XdpOutcome, as: TestAs): string | undefined {
  if (probe.origin.external) return undefined;
  if (probe.origin.name.startsWith('sibling') && goesOutByNone(probe, xdp)) return NO_INTERFACE;
  return fromService(probe.bytes, as) ? SERVICE : undefined;
}

const NO_INTERFACE =
  'A packet from a sibling router that goes out by interface 0 ends the reference router (v0.15.0, a panic in udpip.go, send), so it is not sent there. XDP drops it.';

const SERVICE =
  'A packet from inside the AS whose source host is a service ends the reference router (v0.15.0, a panic in validateSrcHost()), so it is not sent there. XDP forwards it, but keeps it from the slow path.';

function fromService(bytes: Uint8Array, { ia }: TestAs): boolean {
  if (bytes.length < 28 || (bytes[9]! & 15) !== HOST_SERVICE) return false;
  return Buffer.from(bytes).readBigUInt64BE(20) === isdAsToBigint(ia);
}

function goesOutByNone(probe: Probe, xdp: XdpOutcome): boolean {
  return !probe.origin.external && xdp.reason === 'PATH_END' && leavesByNone(probe.bytes);
}

/** Whether the hop field at which the packet stands, or the one after it, names interface 0 as the way out. */
function leavesByNone(bytes: Uint8Array): boolean {
  return interfacesAt(bytes, [0, 1]).some(([, out]) => out === 0);
}

/** Whether the hop field at which the packet stands, or the one before it, names interface 0 as the way in. */
function enteredByNone(bytes: Uint8Array): boolean {
  return interfacesAt(bytes, [-1, 0]).some(([entry]) => entry === 0);
}

/** In and out at hop fields, counted from where the packet stands. */
function interfacesAt(bytes: Uint8Array, offsets: readonly number[]): [number, number][] {
  const path = decodePath(decodePacket(bytes).header.path);
  return offsets.flatMap((offset): [number, number][] => {
    const hop = path.hops[path.currHf + offset];
    const info = path.infos[segmentOf(path, path.currHf + offset)];
    if (hop === undefined || info === undefined) return [];
    return [info.consDir ? [hop.consIngress, hop.consEgress] : [hop.consEgress, hop.consIngress]];
  });
}

export interface AcceptedDifference {
  readonly reason: string;
  readonly applies: (comparison: Comparison) => boolean;
}

/** Next headers for which the reference hands a packet to a processor at all (udpip.go, computeProcID). */
const KNOWN_NEXT_HEADERS: readonly number[] = [6, 17, 200, 201, 202, 203, 253, 254];

/** Every difference that is not a fault of the XDP router. */
export const ACCEPTED: readonly AcceptedDifference[] = [
  {
    reason:
      'The reference takes interface 0 for its own network and returns a packet that a host sends out by it. XDP drops it.',
    applies: ({ probe, xdp }) => goesOutByNone(probe, xdp),
  },
  {
    reason:
      'The reference takes interface 0 for its own network, so a host may send a packet that is under way and entered by it, in any AS’s name. XDP takes packets under way from sibling routers only, and drops it.',
    applies: ({ probe, xdp }) =>
      probe.origin.name === 'host' && xdp.reason === 'TRANSIT_SOURCE' && enteredByNone(probe.bytes),
  },
  {
    reason:
      'The reference discards what has a next header that it does not know, before it looks at the path. A router forwards whatever the payload is (scion-header.rst, NextHdr).',
    applies: ({ probe, xdp, reference }) =>
      xdp.action === 'send' && reference.length === 0 && !KNOWN_NEXT_HEADERS.includes(probe.bytes[4]!),
  },
];

/** `send`, `drop BAD_EXTENSION`, `slow path BAD_MAC | SCMP 4/…`: what happened, for the tally. */
export function kindOf({ xdp, reference }: Comparison): string {
  if (xdp.action !== 'slow path') return xdp.action === 'send' ? `send ${xdp.reason}` : `drop ${xdp.reason}`;
  return `slow path ${xdp.reason}, reference: ${reference.map(referenceKind).join(' and ') || 'nothing'}`;
}

const SCMP = 202;

function referenceKind({ payload }: SeenDatagram): string {
  const length = payload[5]! * 4;
  if (payload[4] !== SCMP || payload.length < Math.max(COMMON_HEADER_LENGTH, length + 2)) return 'sends it';
  return `SCMP ${payload[length]}/${payload[length + 1]}`;
}
