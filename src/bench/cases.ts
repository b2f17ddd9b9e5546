/** The packets that a router is measured with. */

import { UNDERLAY_LENGTH, type UnderlayEnd } from '../dataplane/underlay.ts';
import { CilionError } from '../errors.ts';
import { encodePacket, PATH_SCION, PROTOCOL_UDP } from '../scion/header.ts';
import { ipHost } from '../scion/host.ts';
import { isdAsToBigint } from '../scion/isd-as.ts';
import { deriveForwardingKey } from '../scion/mac.ts';
import { benchPath, verifiedFields } from './bench-path.ts';
import { CASE_KINDS, type CaseKind } from './case-kinds.ts';
import {
  BEYOND,
  ELSEWHERE,
  HERE,
  HOST,
  HOST_PORT,
  INTERNAL,
  LINKS,
  MASTER_KEY,
  ownEnd,
  REMOTE_HOST,
  remoteEnd,
} from './places.ts';
import { wrapPacket } from './wrap-packet.ts';

/** `few`: packets of eight paths. `cold`: no packet's hop field has been seen lately, so that no cache of MACs helps. */
export type PathMix = 'few' | 'cold';
/** Powers of two. Cold ones outnumber the router's cache by eight, so that none is met there again. */
export const PATHS_IN_MIX: Readonly<Record<PathMix, number>> = { few: 8, cold: 8192 };

/** One case with what fixes its packets: `transit-1/cold/64`. */
export interface BenchCase {
  readonly kind: CaseKind;
  readonly mix: PathMix;
  /** Bytes behind the SCION header. */
  readonly payload: number;
}

export function caseName({ kind, mix, payload }: BenchCase): string {
  return `${kind.name}/${mix}/${payload}`;
}

/** @throws CilionError (exit code 2) for a name that is none */
export function parseCase(name: string): BenchCase {
  const [kindName, mix = 'few', payloadText = '64'] = name.split('/');
  const kind = CASE_KINDS.find((each) => each.name === kindName);
  const payload = Number(payloadText);
  if (
    kind === undefined ||
    (mix !== 'few' && mix !== 'cold') ||
    !/^\d+$/.test(payloadText) ||
    payload < MIN_PAYLOAD ||
    payload > MAX_PAYLOAD
  ) {
    throw new CilionError(`there is no case "${name}"`, {
      exitCode: 2,
      hint: `kind/mix/payload: ${CASE_KINDS.map((each) => each.name).join(', ')} / few, cold / ${MIN_PAYLOAD} to ${MAX_PAYLOAD} bytes; e.g. transit-1/cold/64`,
    });
  }
  return { kind, mix, payload };
}

export const MIN_PAYLOAD = 64;
export const MAX_PAYLOAD = 1400;

/** Frames of a case: they differ in the SegID and MAC of the fields alone. */
export interface CaseFrames {
  readonly first: Uint8Array;
  readonly count: number;
  /** Offsets in the frame, one a field that differs. */
  readonly segIdAt: readonly number[];
  readonly macAt: readonly number[];
  /** SegID (2 bytes) and MAC (6) of each field of the n-th frame. */
  readonly variants: readonly (readonly { readonly segId: Uint8Array; readonly mac: Uint8Array }[])[];
}

/**
 * @param timestamp Of the segments, Unix seconds: hop fields live for six hours from then on.
 * @param frameOf Makes a frame of a path; by default as the case has it.
 */
export function caseFrames(
  { kind, mix, payload }: BenchCase,
  timestamp: number,
  frameOf = (path: Uint8Array) => wrapPacket(...underlayOf(kind), packetOf(kind, path, udpPayload(payload))),
): CaseFrames {
  const key = deriveForwardingKey(MASTER_KEY);
  const count = PATHS_IN_MIX[mix];
  const fields = verifiedFields(kind.shape);
  // Odd multiplier: a permutation of the 16-bit numbers, so that no two paths share a SegID.
  const paths = Array.from({ length: count }, (_, n) =>
    benchPath(kind.shape, key, (n * 40503 + 1) & 0xffff, timestamp),
  );
  const first = frameOf(paths[0]!);
  const pathAt = UNDERLAY_LENGTH + ADDRESSES_LENGTH;
  return {
    first,
    count,
    segIdAt: fields.map(({ segIdAt }) => pathAt + segIdAt),
    macAt: fields.map(({ macAt }) => pathAt + macAt),
    variants: paths.map((path) =>
      fields.map(({ segIdAt, macAt }) => ({
        segId: path.slice(segIdAt, segIdAt + 2),
        mac: path.slice(macAt, macAt + 6),
      })),
    ),
  };
}

/** Common and address header with two IPv4 hosts. */
const ADDRESSES_LENGTH = 36;

function underlayOf({ ingress }: CaseKind): [UnderlayEnd, UnderlayEnd] {
  const link = LINKS.find(({ ifid }) => ifid === ingress);
  return link === undefined ? [HOST, INTERNAL] : [remoteEnd(link), ownEnd(link)];
}

/** For `to: 'host'` at a host of this AS, by default the one that listens. */
export function packetOf({ to, from }: CaseKind, path: Uint8Array, payload: Payload): Uint8Array {
  const local = { ia: isdAsToBigint(HERE), host: ipHost(payload.host ?? HOST.address) };
  const remote = { ia: isdAsToBigint(ELSEWHERE), host: ipHost(REMOTE_HOST) };
  const header = {
    trafficClass: 0,
    flowId: 1,
    nextHeader: payload.nextHeader,
    pathType: PATH_SCION,
    dst: to === 'host' ? local : { ...remote, ia: isdAsToBigint(BEYOND) },
    src: from === 'host' ? local : remote,
    path,
  };
  return encodePacket(header, payload.bytes);
}

export interface Payload {
  readonly bytes: Uint8Array;
  readonly nextHeader: number;
  /** IPv4 address in this AS that it comes from or goes to. */
  readonly host?: string;
}

/** A SCION/UDP header, by whose port a router finds the host's program, and zeros. */
function udpPayload(length: number): Payload {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, HOST_PORT);
  view.setUint16(2, HOST_PORT);
  view.setUint16(4, length);
  return { bytes, nextHeader: PROTOCOL_UDP };
}
