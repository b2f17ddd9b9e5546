/** What must become of a whole frame at one of the programs: the action, what is counted, and the frame afterwards. */
import type { UnderlayEnd } from '../../src/dataplane/underlay.ts';
import { wrapFrame } from '../golden/frame.ts';

export type Action = 'pass' | 'drop' | 'redirect';

export interface FrameOutcome {
  readonly action: Action;
  /** Names in bpf/reasons.h without their prefix; none where the frame is the kernel's business. */
  readonly reasons: readonly string[];
  /** As it must come out; a dropped frame has no form that matters. */
  readonly frame?: Uint8Array;
}

/** Left to the kernel as it came, uncounted. */
export function notOurs(frame: Uint8Array): FrameOutcome {
  return { action: 'pass', reasons: [], frame };
}

export function dropped(reason: string): FrameOutcome {
  return { action: 'drop', reasons: [reason] };
}

/** Two ends of a link as this side sees them. */
export interface LinkEnds {
  readonly own: UnderlayEnd;
  readonly remote: UnderlayEnd;
}

export type Opened =
  | { readonly verdict: 'opened'; readonly packet: Uint8Array }
  | { readonly verdict: 'refused'; readonly outcome: FrameOutcome };

const HEADERS = 42;
/** RFC 791: the flag, and the part of the field that is the offset. */
const MORE_FRAGMENTS = 0x2000;
const OFFSET = 0x1fff;

/** UDP over IPv4 without options to this address and port, and no later fragment (which has no port)? */
export function isUdpTo(frame: Uint8Array, address: string, port: number): boolean {
  if (frame.length < HEADERS) return false;
  const view = viewOf(frame);
  return (
    view.getUint16(12) === 0x0800 &&
    view.getUint8(14) === 0x45 &&
    view.getUint8(23) === 17 &&
    (view.getUint16(20) & OFFSET) === 0 &&
    addressAt(frame, 30) === address &&
    view.getUint16(36) === port
  );
}

/** The SCION packet of a frame, or why there is none. Checksums are not looked at: addresses, ports and lengths must be right, the MACs protect the path, and what is inside has sums of its own. */
export function openUnderlay(frame: Uint8Array): Opened {
  const view = viewOf(frame);
  if (view.getUint16(20) & MORE_FRAGMENTS) return { verdict: 'refused', outcome: dropped('UNDERLAY_FRAGMENT') };
  const [ipLength, udpLength] = [view.getUint16(16), view.getUint16(38)];
  if (udpLength < 8 || ipLength !== udpLength + 20 || 14 + ipLength > frame.length) {
    return { verdict: 'refused', outcome: dropped('UNDERLAY_LENGTH') };
  }
  return { verdict: 'opened', packet: frame.subarray(HEADERS, 34 + udpLength) };
}

export function isFrom(frame: Uint8Array, end: UnderlayEnd): boolean {
  return addressAt(frame, 26) === end.address && viewOf(frame).getUint16(34) === end.port;
}

/** The frame as it goes on from `own` to `remote` with the packet changed; what lies behind the packet stays. */
export function sendOn(frame: Uint8Array, packet: Uint8Array, { own, remote }: LinkEnds): Uint8Array {
  const out = Uint8Array.from(frame);
  out.set(wrapFrame(own, remote, packet));
  return out;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function addressAt(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}
