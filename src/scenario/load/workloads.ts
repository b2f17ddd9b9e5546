/** Workloads: who talks to whom, with every pod found. */
import type { Collector } from '../../input/collector.ts';
import { formatQuantity, SIZE } from '../../input/units.ts';
import type { FieldPath } from '../../input/yaml.ts';
import { MARKER, UDP_MIN_PAYLOAD_BYTES } from '../../measure/marker.ts';
import type { Cluster, Workload } from '../model.ts';
import type { WorkloadInput } from '../schema.ts';
import { MAX_ENTRIES, within } from './limits.ts';
import { findPod } from './references.ts';

/** From what holds the marker by which a packet is recognised to the largest payload of an IPv4 packet. */
const UDP_PAYLOAD = { min: UDP_MIN_PAYLOAD_BYTES, max: 65_507 };

/** Below this, a sender measures its own scheduler. */
const MIN_INTERVAL_NS = 100e3;

/** The server holds the page in memory. */
const MAX_RESPONSE_BYTES = 64 * 1024 ** 2;

/** Workloads that are at fault are reported and left out. */
export function buildWorkloads(
  inputs: readonly WorkloadInput[],
  clusters: readonly Cluster[],
  collector: Collector,
): Workload[] {
  const names = new Set<string>();
  return within(inputs, MAX_ENTRIES.workloads, ['workloads'], collector).flatMap((input, index): Workload[] => {
    const path = ['workloads', index];
    if (names.has(input.name)) collector.report([...path, 'name'], `there is a workload "${input.name}" already`);
    names.add(input.name);
    const from = collector.attempt([...path, 'from'], () => findPod(input.from, clusters));
    const to = collector.attempt([...path, 'to'], () => findPod(input.to, clusters));
    if (from === undefined || to === undefined) return [];
    if (from.cluster === to.cluster && from.pod === to.pod) {
      collector.report([...path, 'to'], `${input.to} would talk to itself`, 'another pod');
    }
    checkSizes(input, path, collector);
    return [toModel(input, { name: input.name, from, to })];
  });
}

function checkSizes(input: WorkloadInput, path: FieldPath, collector: Collector): void {
  if (input.kind === 'tcp') return;
  if (input.interval < MIN_INTERVAL_NS) {
    collector.report([...path, 'interval'], 'is no time to send anything in', 'at least 100us');
  }
  if (input.kind === 'udp' && (input.payload < UDP_PAYLOAD.min || input.payload > UDP_PAYLOAD.max)) {
    collector.report([...path, 'payload'], 'is no payload of a probe', `${UDP_PAYLOAD.min}B to ${UDP_PAYLOAD.max}B`);
  }
  if (input.kind !== 'http') return;
  if (input.timeout < 1e6) collector.report([...path, 'timeout'], 'is no time to answer in', 'at least 1ms');
  if (input.response < MARKER.length || input.response > MAX_RESPONSE_BYTES) {
    const expected = `${MARKER.length}B to ${formatQuantity(MAX_RESPONSE_BYTES, SIZE)}`;
    collector.report([...path, 'response'], 'is no length of a page', expected);
  }
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
