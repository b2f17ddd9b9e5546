/**
 * Where everything stands in a bench: one router between three wires, its link towards traffic (`in`), its links onwards
 * (`out`) and its AS's own network (`host`). Each thing that is measured has a namespace of its own, wired and addressed
 * like all others; the far ends of all wires lie in one namespace, with generator and sinks.
 */
import type { LinkRole } from '../dataplane/router-maps.ts';
import type { UnderlayEnd } from '../dataplane/underlay.ts';
import { parseIsdAs } from '../scion/isd-as.ts';
import { ROUTER_PORT } from '../scion/ports.ts';
import type { IsdAs } from '../topology/model.ts';

export const SIDES = ['in', 'out', 'host'] as const;
export type Side = (typeof SIDES)[number];

/** Bytes of an IP packet: holds the longest path of a case before 1400 bytes of payload. */
export const WIRE_MTU = 2000;
/** A /24 a wire: the router has .1, what is beyond it .2. */
export const PREFIX_LENGTH = 24;

const SUBNETS: Readonly<Record<Side, string>> = { in: '10.50.1', out: '10.50.2', host: '10.50.3' };
const SIDE_OCTETS: Readonly<Record<Side, string>> = { in: '01', out: '02', host: '03' };

export function routerAddress(side: Side): string {
  return `${SUBNETS[side]}.1`;
}

export function farAddress(side: Side): string {
  return `${SUBNETS[side]}.2`;
}

export function routerMac(side: Side): string {
  return `02:00:00:50:${SIDE_OCTETS[side]}:01`;
}

export function farMac(side: Side): string {
  return `02:00:00:50:${SIDE_OCTETS[side]}:02`;
}

/** The AS whose router is measured, and two further away. */
export const HERE: IsdAs = parseIsdAs('1-ff00:0:11');
export const ELSEWHERE: IsdAs = parseIsdAs('1-ff00:0:99');
export const BEYOND: IsdAs = parseIsdAs('1-ff00:0:9a');
/** A host in one of them. */
export const REMOTE_HOST = '10.99.0.2';
export const MASTER_KEY = Buffer.from('cilion bench key');

export interface BenchLink {
  readonly ifid: number;
  readonly role: LinkRole;
  readonly neighbour: IsdAs;
  readonly side: Side;
}

/** Of a non-core AS: everything that it may have. */
export const LINKS: readonly BenchLink[] = [
  { ifid: 1, role: 'child', neighbour: parseIsdAs('1-ff00:0:111'), side: 'in' },
  { ifid: 2, role: 'parent', neighbour: parseIsdAs('1-ff00:0:1'), side: 'out' },
  { ifid: 4, role: 'peer', neighbour: parseIsdAs('1-ff00:0:12'), side: 'out' },
  { ifid: 5, role: 'child', neighbour: parseIsdAs('1-ff00:0:112'), side: 'out' },
];
/** Above every interface of LINKS. */
export const LINK_LIMIT = 6;

/** Link ports: each link has its own. */
export function ownEnd({ side, ifid }: BenchLink): UnderlayEnd {
  return { address: routerAddress(side), port: 50_000 + ifid, mac: routerMac(side) };
}

export function remoteEnd({ side, ifid }: BenchLink): UnderlayEnd {
  return { address: farAddress(side), port: 50_000 + ifid, mac: farMac(side) };
}

/** Where the host's program listens, and sends from. */
export const HOST_PORT = 31_500;

/** The router's end of its AS's own network, and a host there. */
export const INTERNAL: UnderlayEnd = {
  address: routerAddress('host'),
  port: ROUTER_PORT,
  mac: routerMac('host'),
};
export const HOST: UnderlayEnd = { address: farAddress('host'), port: HOST_PORT, mac: farMac('host') };
