/** Reads and writes the pcap files of captures: nanosecond timestamps, Ethernet, this machine's byte order (draft-ietf-opsawg-pcap). */
import { createReadStream } from 'node:fs';
import { LabError } from '../../errors.ts';

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Above any snap length: a larger record is damage, not data. */
const MAX_RECORD_BYTES = 262_144;

export interface PcapPacket {
  /** Wall clock, nanoseconds since the epoch. */
  readonly timeNs: bigint;
  /** On the wire, without FCS; `bytes` may hold fewer. */
  readonly originalLength: number;
  readonly bytes: Uint8Array;
}

/**
 * The packets in file order, read as they are asked for. `bytes` stay valid.
 * @throws LabError when the file is not such a pcap file or ends within a record.
 */
export async function* readPcap(file: string): AsyncGenerator<PcapPacket> {
  let rest: Buffer = Buffer.alloc(0);
  let header = false;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!header) {
      if (rest.length < FILE_HEADER_BYTES) continue;
      checkHeader(file, rest);
      rest = rest.subarray(FILE_HEADER_BYTES);
      header = true;
    }
    for (let length = recordLength(file, rest); length !== undefined; length = recordLength(file, rest)) {
      yield packet(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }
  if (!header) throw new LabError(`${file}: too short for a pcap file`);
  if (rest.length > 0) throw new LabError(`${file}: ends within a record`);
}

/** The start of a file whose records keep up to `snapLength` bytes of each frame. */
export function pcapHeader(snapLength: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt32LE(MAGIC_NANOSECONDS, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(snapLength, 16);
  header.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  return header;
}

export function pcapRecord({ timeNs, originalLength, bytes }: PcapPacket): Buffer {
  // Every byte is written below.
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + bytes.length);
  record.writeUInt32LE(Number(timeNs / 1_000_000_000n), 0);
  record.writeUInt32LE(Number(timeNs % 1_000_000_000n), 4);
  record.writeUInt32LE(bytes.length, 8);
  record.writeUInt32LE(originalLength, 12);
  record.set(bytes, RECORD_HEADER_BYTES);
  return record;
}

function checkHeader(file: string, header: Buffer): void {
  const magic = header.readUInt32LE(0);
  if (magic !== MAGIC_NANOSECONDS) {
    throw new LabError(`${file}: magic 0x${magic.toString(16)}, expected 0xa1b23c4d (pcap with nanoseconds)`);
  }
  const linkType = header.readUInt32LE(20);
  if (linkType !== LINKTYPE_ETHERNET) throw new LabError(`${file}: link type ${linkType}, expected 1 (Ethernet)`);
}

/** Of the record at the start, header included; undefined when the rest of it is not there yet. */
function recordLength(file: string, buffer: Buffer): number | undefined {
  if (buffer.length < RECORD_HEADER_BYTES) return undefined;
  const captured = buffer.readUInt32LE(8);
  if (captured > MAX_RECORD_BYTES) throw new LabError(`${file}: a record of ${captured} bytes; the file is damaged`);
  const length = RECORD_HEADER_BYTES + captured;
  return buffer.length < length ? undefined : length;
}

function packet(record: Buffer): PcapPacket {
  return {
    timeNs: BigInt(record.readUInt32LE(0)) * 1_000_000_000n + BigInt(record.readUInt32LE(4)),
    originalLength: record.readUInt32LE(12),
    bytes: record.subarray(RECORD_HEADER_BYTES),
  };
}
