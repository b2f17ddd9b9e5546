/** A probe of a path's health as a whole frame (bpf/probe.h); the programs put in when it was sent. */
import { PROTOCOL_PROBE } from '../scion/header.ts';
import { structCodec } from './layout.ts';
import { enums, layouts } from './layouts.gen.ts';
import { ipHeaderSum, UNDERLAY_LENGTH } from './underlay.ts';

/** "CilP", CILION_PROBE_MAGIC in bpf/node_maps.h. */
const MAGIC = 0x43696c50;

const probeCodec = structCodec(layouts.cilion_probe);

/** @param header underlay and SCION header of the path (`pathHeader`) */
export function probeFrame(header: Uint8Array, id: number, token: bigint): Uint8Array {
  const frame = new Uint8Array(header.length + probeCodec.size);
  const view = new DataView(frame.buffer);
  frame.set(header);
  view.setUint16(16, frame.length - 14);
  const sum = ipHeaderSum(frame) + view.getUint16(16, true);
  view.setUint16(24, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff, true);
  view.setUint16(38, frame.length - 34);
  view.setUint8(UNDERLAY_LENGTH + 4, PROTOCOL_PROBE);
  view.setUint16(UNDERLAY_LENGTH + 6, probeCodec.size);
  const kind = enums.cilion_probe_kind.CILION_PROBE_REQUEST;
  probeCodec.encode({ magic: MAGIC, kind, path: id, token, sent_ns: 0n }, frame, header.length);
  return frame;
}
