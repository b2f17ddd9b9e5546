/** SCION packets for tests. */
import { encodePacket, PATH_SCION, PROTOCOL_EXPERIMENT } from '../../src/scion/header.ts';
import { ipHost } from '../../src/scion/host.ts';
import { isdAsToBigint } from '../../src/scion/isd-as.ts';
import type { IsdAs } from '../../src/topology/model.ts';

export interface PacketOptions {
  readonly src: IsdAs;
  readonly dst: IsdAs;
  /** Path bytes as they leave the source. */
  readonly raw: Uint8Array;
  readonly srcHost?: string;
  readonly dstHost?: string;
  /** Eight bytes unless given. */
  readonly payload?: Uint8Array;
  /** PROTOCOL_EXPERIMENT unless given. */
  readonly nextHeader?: number;
}

/** A packet as its source sends it: the SCION header and what follows. */
export function buildPacket(options: PacketOptions): Uint8Array {
  const { src, dst, raw, srcHost = '10.0.0.1', dstHost = '10.0.0.2' } = options;
  const { payload = new Uint8Array(8), nextHeader = PROTOCOL_EXPERIMENT } = options;
  const header = {
    trafficClass: 0,
    flowId: 1,
    nextHeader,
    pathType: PATH_SCION,
    dst: { ia: isdAsToBigint(dst), host: ipHost(dstHost) },
    src: { ia: isdAsToBigint(src), host: ipHost(srcHost) },
    path: raw,
  };
  return encodePacket(header, payload);
}
