/** The maximum segment size that a TCP SYN announces (RFC 9293 section 3.7.1). */

const IP_AND_TCP = 40;
/** The programs read no further: every system there is puts the MSS first. */
const MOST_OPTIONS = 10;

/** Lowers the MSS option of the TCP header at `tcp` to what `innerMtu` leaves, and the checksum with it. */
export function lowerMss(frame: Uint8Array, tcp: number, innerMtu: number): void {
  const at = findMss(frame, tcp);
  const wanted = innerMtu - IP_AND_TCP;
  if (at === undefined || wanted <= 0) return;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const old = view.getUint16(at);
  if (old <= wanted) return;
  view.setUint16(at, wanted);
  const [before, after] = (at - tcp) % 2 === 0 ? [old, wanted] : [swapped(old), swapped(wanted)];
  view.setUint16(tcp + 16, updated(view.getUint16(tcp + 16), before, after));
}

/** Offset of the option's value in the frame. */
function findMss(frame: Uint8Array, tcp: number): number | undefined {
  if (frame.length < tcp + 20 || (frame[tcp + 13]! & 2) === 0) return undefined;
  const end = Math.min(frame.length, tcp + 4 * (frame[tcp + 12]! >> 4));
  let at = tcp + 20;
  for (let option = 0; option < MOST_OPTIONS; option++) {
    if (at + 4 > end || frame[at] === 0) return undefined;
    const [kind, length] = [frame[at]!, frame[at + 1]!];
    if (kind === 2) return length === 4 ? at + 2 : undefined;
    if (kind !== 1 && length < 2) return undefined;
    at += kind === 1 ? 1 : length;
  }
  return undefined;
}

/** RFC 1624 equation 3. */
function updated(check: number, before: number, after: number): number {
  let sum = (~check & 0xffff) + (~before & 0xffff) + after;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}
