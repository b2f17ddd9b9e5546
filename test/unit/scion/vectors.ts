/** Vectors from the reference implementation, typed; `note` in each file says how it was made. */
import { readFileSync } from 'node:fs';
import type { InfoField } from '../../../src/scion/info-field.ts';

interface MacVector {
  readonly masterKey: string;
  readonly forwardingKey: string;
  readonly segId: number;
  readonly timestamp: number;
  readonly expTime: number;
  readonly consIngress: number;
  readonly consEgress: number;
  readonly mac: string;
  readonly nextSegId: number;
}

interface HopVector {
  readonly ingressAlert: boolean;
  readonly egressAlert: boolean;
  readonly expTime: number;
  readonly consIngress: number;
  readonly consEgress: number;
  readonly mac: string;
}

export interface PathVector {
  readonly raw: string;
  readonly reversed: string;
  readonly currInf: number;
  readonly currHf: number;
  readonly segmentLengths: readonly number[];
  readonly infos: readonly InfoField[];
  readonly hops: readonly HopVector[];
}

interface PacketVector {
  readonly packet: string;
  readonly trafficClass: number;
  readonly flowId: number;
  readonly nextHeader: number;
  readonly payloadLength: number;
  readonly pathType: number;
  readonly dstIa: string;
  readonly srcIa: string;
  readonly dst?: string;
  readonly dstService?: number;
  readonly src: string;
  readonly payload: string;
  readonly path?: PathVector;
}

interface Formats {
  readonly ias: readonly { readonly text: string; readonly canonical: string; readonly hex: string }[];
  readonly macs: readonly MacVector[];
  readonly packets: readonly PacketVector[];
}

export const formats: Formats = readFixture('formats.json') as Formats;

export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../fixtures/scion/${name}`, import.meta.url), 'utf8'));
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
