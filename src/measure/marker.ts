/**
 * What the workloads put into their payload so that anybody on the way can tell whether a packet was readable.
 *
 * HTTP and irtt carry MARKER: HTTP in the request's path and at the start of the response, irtt from byte
 * UDP_HEADER_BYTES of its payload on, both ways. iperf3 lets nobody choose its payload; told to repeat itself it sends
 * the ten digits over and over, so every TCP segment of it begins with a run of them.
 */

export const MARKER = 'CILION-CLEARTEXT-MARKER';

/** Any thirty consecutive digits of iperf3's payload hold this; a chance hit in ciphertext is 2⁻¹⁶⁰ a position. */
const IPERF3_DIGITS = '01234567890123456789';

/** Bytes of irtt's own header in front of the payload as udp.ts asks for it. */
export const UDP_HEADER_BYTES = 32;

/** Below this many bytes of UDP payload a probe cannot hold the marker. */
export const UDP_MIN_PAYLOAD_BYTES = UDP_HEADER_BYTES + MARKER.length;

/** The bytes hold a workload's payload in clear text. A frame captured shorter than headers + marker never does. */
export function containsMarker(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.includes(MARKER) || buffer.includes(IPERF3_DIGITS);
}
