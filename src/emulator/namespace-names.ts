/** What a plan calls its namespaces. */
import type { IsdAs } from '../topology/model.ts';

/** The middles of all wires. */
export const WIRES_NAMESPACE = 'wires';

/** `as-1-ff00_0_110`: the AS as the reference writes it in file names. */
export function asNamespace(ia: IsdAs): string {
  return `as-${ia.replaceAll(':', '_')}`;
}

export function nodeNamespace(cluster: string, node: string): string {
  return `node-${cluster}-${node}`;
}

export function podNamespace(cluster: string, pod: string): string {
  return `pod-${cluster}-${pod}`;
}

export function lanNamespace(cluster: string): string {
  return `lan-${cluster}`;
}
