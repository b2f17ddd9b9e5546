/** A topology as JSON text and back: what a running lab keeps of it. AS numbers are bigints, which JSON lacks. */
import type { Topology } from './model.ts';

export function topologyToJson(topology: Topology): string {
  return JSON.stringify(topology, (key, value: unknown) => (key === 'asn' ? String(value) : value));
}

export function topologyFromJson(text: string): Topology {
  return JSON.parse(text, (key, value: unknown) => (key === 'asn' ? BigInt(String(value)) : value)) as Topology;
}
