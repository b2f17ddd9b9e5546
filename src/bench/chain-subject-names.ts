/** What is measured over a chain of ASes: the transports, and plain IP with XDP at the receiver, as their ceiling. */
import type { ControlPlaneKind } from '../scenario/model.ts';

/**
 * In the order in which they are shown. `xdp-pass` is plain IP while a program that passes every frame on sits on the
 * receiving node's wire: no XDP program there can let TCP be faster.
 */
export const CHAIN_SUBJECTS = ['ip', 'xdp-pass', 'vxlan', 'wireguard', 'sig', 'cilion'] as const;
export type ChainSubject = (typeof CHAIN_SUBJECTS)[number];

/** The gateway needs the reference services. Only CilION is measured beside them too: what it and the gateway are compared by. */
export function subjectsUnder(controlPlane: ControlPlaneKind, wanted: readonly ChainSubject[]): ChainSubject[] {
  if (controlPlane === 'computed') return wanted.filter((name) => name !== 'sig');
  return wanted.includes('sig') ? wanted.filter((name) => name === 'sig' || name === 'cilion') : [];
}

/** `xdp-pass` is a ceiling for neighbours; further on, what is in between would be measured. */
export function isMeasured(subject: ChainSubject, transits: number): boolean {
  return subject !== 'xdp-pass' || transits === 0;
}
