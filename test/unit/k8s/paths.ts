/** Paths to choose from: those of the shipped topology of two ISDs, between its two clusters. */
import type { Place } from '../../../src/k8s/agent/path-choice.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { computedControlPlane } from '../../../src/scion/control-plane.ts';
import type { Path } from '../../../src/scion/end-to-end-path.ts';

const { topology, clusters } = await loadScenario('scenarios/bgp-hijack.yaml');
const [a, b] = clusters;

export const ASES = topology.ases.map(({ ia }) => ia);
export const SRC = a!.ia;
export const DST = b!.ia;
/** @param timestamp Unix seconds from which on they are valid, for an hour. */
export function pathsFrom(timestamp: number): readonly Path[] {
  return computedControlPlane(topology, 1, { timestamp, expirySeconds: 3600 }).paths(SRC, DST);
}

export const PATHS = pathsFrom(1_700_000_000);
export const FROM: Place = a!.nodes[0]!;
export const TO: Place = b!.nodes[0]!;

/** `1-ff00:0:111#9`, in the order of travel. */
export function interfacesOf(path: Path): string[] {
  return path.interfaces.map(({ ia, ifid }) => `${ia}#${ifid}`);
}

export function transitOf(path: Path): string[] {
  return path.hops.slice(1, -1).map(({ ia }) => ia);
}
