/** Workloads: who talks to whom, with every pod found. */
import type { Collector } from '../../input/collector.ts';
import { UDP_MIN_PAYLOAD_BYTES } from '../../measure/marker.ts';
import type { Cluster, Workload } from '../model.ts';
import type { WorkloadInput } from '../schema.ts';
import { findPod } from './references.ts';

/** From what holds the marker by which a packet is recognised to the largest payload of an IPv4 packet. */
const UDP_PAYLOAD = { min: UDP_MIN_PAYLOAD_BYTES, max: 65_507 };

/** Workloads that are at fault are reported and left out. */
export function buildWorkloads(
  inputs: readonly WorkloadInput[],
  clusters: readonly Cluster[],
  collector: Collector,
): Workload[] {
  const names = new Set<string>();
  return inputs.flatMap((input, index): Workload[] => {
    const path = ['workloads', index];
    if (names.has(input.name)) collector.report([...path, 'name'], `there is a workload "${input.name}" already`);
    names.add(input.name);
    const from = collector.attempt([...path, 'from'], () => findPod(input.from, clusters));
    const to = collector.attempt([...path, 'to'], () => findPod(input.to, clusters));
    if (from === undefined || to === undefined) return [];
    if (from.cluster === to.cluster && from.pod === to.pod) {
      collector.report([...path, 'to'], `${input.to} would talk to itself`, 'another pod');
    }
    if (input.kind !== 'tcp' && input.interval === 0)
      collector.report([...path, 'interval'], 'is no time at all', 'such as 10ms');
    if (input.kind === 'udp' && (input.payload < UDP_PAYLOAD.min || input.payload > UDP_PAYLOAD.max)) {
      collector.report([...path, 'payload'], 'is no payload of a probe', `${UDP_PAYLOAD.min}B to ${UDP_PAYLOAD.max}B`);
    }
    return [toModel(input, { name: input.name, from, to })];
  });
}

function toModel(input: WorkloadInput, base: Pick<Workload, 'name' | 'from' | 'to'>): Workload {
  switch (input.kind) {
    case 'tcp':
      return { ...base, kind: 'tcp', flows: input.flows, rateBps: input.rate ?? 0 };
    case 'udp':
      return { ...base, kind: 'udp', intervalNs: input.interval, payloadBytes: input.payload };
    case 'http':
      return {
        ...base,
        kind: 'http',
        intervalNs: input.interval,
        timeoutNs: input.timeout,
        responseBytes: input.response,
      };
  }
}
