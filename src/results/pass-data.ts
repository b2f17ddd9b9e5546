/** Everything that one pass left behind, in memory: what metrics are computed from. */
import type {
  HttpSample,
  ObservedPacket,
  Pass,
  ReplayRecord,
  TcpSample,
  TimelineRecord,
  UdpSample,
  WireSample,
} from './bundle.ts';

export type WorkloadSamples =
  | { readonly kind: 'tcp'; readonly name: string; readonly samples: readonly TcpSample[] }
  | { readonly kind: 'udp'; readonly name: string; readonly samples: readonly UdpSample[] }
  | { readonly kind: 'http'; readonly name: string; readonly samples: readonly HttpSample[] };

export interface PassData {
  readonly pass: Pass;
  readonly durationSeconds: number;
  readonly workloads: readonly WorkloadSamples[];
  /** Of this pass only. */
  readonly events: readonly TimelineRecord[];
  readonly wires: readonly WireSample[];
  /** In order of arrival; null where the scenario names no observer. */
  readonly observed: readonly ObservedPacket[] | null;
  /** Absent where nobody sends anything again. */
  readonly replays?: readonly ReplayRecord[];
}
