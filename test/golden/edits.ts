/** Changes to a frame, by what they are. Offsets are those of a packet with IPv4 hosts over Ethernet, IPv4 and UDP. */

export type Edit = (frame: Uint8Array) => Uint8Array;

const IP = 14;
const UDP = 34;
const SCION = 42;
const META = SCION + 36;
const HOP = 12;

/** Byte `offset` of the frame becomes `value`. */
export const byte = (offset: number, value: number): Edit => changed((frame) => (frame[offset] = value));

/** Byte `offset` of the SCION packet. */
export const scionByte = (offset: number, value: number): Edit => byte(SCION + offset, value);

/** Two bytes of the frame grow. */
const grow = (offset: number, by: number): Edit =>
  changed((frame) => {
    const view = new DataView(frame.buffer);
    view.setUint16(offset, view.getUint16(offset) + by);
  });

export const ipLength = (by: number): Edit => grow(IP + 2, by);
export const udpLength = (by: number): Edit => grow(UDP + 4, by);
export const bothLengths = (by: number): Edit => both(ipLength(by), udpLength(by));
export const payloadLength = (by: number): Edit => grow(SCION + 6, by);

/** HdrLen, in units of four bytes. */
export const headerLength = (by: number): Edit => changed((frame) => (frame[SCION + 5]! += by));

/** Of hop field `index`, byte `offset` is damaged. */
export const hopByte = (index: number, offset: number, infos = 1): Edit =>
  changed((frame) => (frame[META + 4 + 8 * infos + HOP * index + offset]! ^= 1));

/** Of info field `index`. */
export const infoByte = (index: number, offset: number, flip = 1): Edit =>
  changed((frame) => (frame[META + 4 + 8 * index + offset]! ^= flip));

/** CurrINF and CurrHF. */
export const position = (info: number, hop: number): Edit => byte(META, (info << 6) | hop);

export const padded =
  (count: number): Edit =>
  (frame) =>
    Uint8Array.from([...frame, ...new Array<number>(count).fill(0xaa)]);

/** The last bytes are gone; no length says so. */
export const cutTo =
  (length: number): Edit =>
  (frame) =>
    frame.slice(0, length);

/** IEEE 802.1Q: tags between the addresses and the EtherType. */
export const tagged =
  (...ethertypes: number[]): Edit =>
  (frame) =>
    Uint8Array.from([
      ...frame.subarray(0, 12),
      ...ethertypes.flatMap((type) => [type >> 8, type & 0xff, 0, 7]),
      ...frame.subarray(12),
    ]);

/** IPv4 options of four bytes, with a header length and a total length that count them. */
export const withIpOptions: Edit = (frame) =>
  ipLength(4)(byte(IP, 0x46)(Uint8Array.from([...frame.subarray(0, UDP), 1, 1, 1, 0, ...frame.subarray(UDP)])));

/** One hop field more at the end of the path, all lengths right. */
export const oneHopFieldMore: Edit = (frame) => {
  const headerEnd = SCION + 4 * frame[SCION + 5]!;
  const longer = Uint8Array.from([
    ...frame.subarray(0, headerEnd),
    ...new Array<number>(HOP).fill(0),
    ...frame.subarray(headerEnd),
  ]);
  // The second segment's length begins in the lower bits of the third byte of the path meta header.
  longer[META + 3]! += 1 << 6;
  return bothLengths(HOP)(headerLength(HOP / 4)(longer));
};

export const both =
  (first: Edit, second: Edit): Edit =>
  (frame) =>
    second(first(frame));

function changed(change: (frame: Uint8Array) => void): Edit {
  return (frame) => {
    const copy = Uint8Array.from(frame);
    change(copy);
    return copy;
  };
}
