/** A pod's packet in SCION as it was captured on a wire. Pure. */
import { AWAITED_BYTES } from '../dataplane/arrivals.ts';
import { UNDERLAY_LENGTH } from '../dataplane/underlay.ts';
import type { LinkEndPlan } from '../emulator/plan.ts';
import type { PcapPacket } from '../emulator/wire/pcap.ts';
import { PATH_SCION, PROTOCOL_EXPERIMENT } from '../scion/header.ts';

export interface CapturedPacket {
  readonly timeNs: bigint;
  /** Where it arrived. */
  readonly port: LinkEndPlan;
  readonly frame: Uint8Array;
  /** The pod's packet. */
  readonly inner: Uint8Array;
}

const ETHERTYPE_IPV4 = 0x0800;
const IPV4_WITHOUT_OPTIONS = 0x45;
const UDP = 17;

/**
 * Undefined for what is no whole SCION packet with a pod's UDP over IPv4 in it. (The kernel joins segments of TCP that
 * arrive together, so they could not be told apart at the pod.) Read by offset: a wire brings thousands while a pass waits.
 */
export function capturedPacket(record: PcapPacket, port: LinkEndPlan): CapturedPacket | undefined {
  const { bytes, originalLength, timeNs } = record;
  if (bytes.length !== originalLength || bytes.length < UNDERLAY_LENGTH + AWAITED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const overUdp = view.getUint16(12) === ETHERTYPE_IPV4 && bytes[14] === IPV4_WITHOUT_OPTIONS && bytes[23] === UDP;
  const header = bytes.subarray(UNDERLAY_LENGTH);
  const podPacket = header[0]! >> 4 === 0 && header[4] === PROTOCOL_EXPERIMENT && header[8] === PATH_SCION;
  if (!overUdp || !podPacket) return undefined;
  const inner = header.subarray(4 * header[5]!);
  if (inner.length !== view.getUint16(UNDERLAY_LENGTH + 6) || inner.length < AWAITED_BYTES || inner[9] !== UDP) {
    return undefined;
  }
  return { timeNs, port, frame: bytes, inner };
}
