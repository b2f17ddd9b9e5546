/** A golden packet in words: what the reference's packet library and ours must write alike. */
import { createHash } from 'node:crypto';
import { parseIsdAs } from '../../src/scion/isd-as.ts';
import type { IsdAs } from '../../src/topology/model.ts';
import { buildPacket } from '../model/packets.ts';
import { type Crafted, craftPath } from './crafted-path.ts';

/** The AS of the router under test, those at the two ends, and one that has no part in it. */
export const [HERE, SRC, DST, ELSEWHERE] = ['1-ff00:0:110', '1-ff00:0:111', '1-ff00:0:112', '1-ff00:0:119'].map(
  parseIsdAs,
) as [IsdAs, IsdAs, IsdAs, IsdAs];
export const TIMESTAMP = 1_700_000_000;
export const KEY = Uint8Array.from({ length: 16 }, (_, i) => 7 * i + 1);

export interface Described {
  readonly path: Omit<Crafted, 'timestamp'>;
  /** SRC and DST unless given. */
  readonly src?: IsdAs;
  readonly dst?: IsdAs;
  readonly srcHost?: string;
  readonly dstHost?: string;
  /** 253 unless given. */
  readonly nextHeader?: number;
  /** Eight zeros unless given. */
  readonly payload?: readonly number[];
  /** Another router of the AS sends it on. */
  readonly toSibling?: boolean;
}

/** The packet as it meets the router. */
export function packetOf({ path, src = SRC, dst = DST, payload, toSibling: _, ...hosts }: Described): Uint8Array {
  const raw = craftPath({ ...path, timestamp: TIMESTAMP }, KEY);
  const content = payload === undefined ? {} : { payload: Uint8Array.from(payload) };
  return buildPacket({ src, dst, raw, ...hosts, ...content });
}

/** What testbed/scion/goldenpackets reads: everything that `packetOf` leaves to defaults is said. */
export function descriptionOf(name: string, described: Described): Readonly<Record<string, unknown>> {
  const { path, src = SRC, dst = DST, srcHost = '10.0.0.1', dstHost = '10.0.0.2' } = described;
  const { nextHeader = 253, payload = new Array<number>(8).fill(0), toSibling = false } = described;
  const { expTime = 63, ingressAlert = false, egressAlert = false, fromInside = false, ...rest } = path;
  return {
    name,
    key: hex(KEY),
    ia: HERE,
    src,
    dst,
    srcHost,
    dstHost,
    nextHeader,
    payload: hex(payload),
    timestamp: TIMESTAMP,
    expTime,
    ingressAlert,
    egressAlert,
    fromInside,
    toSibling,
    ...rest,
  };
}

export function digestOf(descriptions: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(descriptions)).digest('hex');
}

export function hex(bytes: readonly number[] | Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
