/**
 * Where the frames of a captured wire are written: one pcap file a direction, since a pcap record has no place for one.
 * A file holds what was delivered at the far end, at the moment it left the wire; Wireshark merges the two in time.
 */
import { join } from 'node:path';
import type { Direction } from './delay-line.ts';

export interface CaptureRequest {
  /** Topology link id. */
  readonly link: string;
  /** Made where it does not exist. */
  readonly directory: string;
  /** Bytes kept of each frame, from 14. */
  readonly snapLength: number;
}

export type CaptureFiles = Readonly<Record<Direction, string>>;

/** `<link>.ab.pcap` and `<link>.ba.pcap`; what does not belong into a file name becomes `_`. */
export function captureFiles(directory: string, link: string): CaptureFiles {
  const name = link.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return { ab: join(directory, `${name}.ab.pcap`), ba: join(directory, `${name}.ba.pcap`) };
}
