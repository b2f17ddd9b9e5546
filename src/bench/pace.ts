/**
 * How the generator spreads frames over time: batches in equal steps, all of them in one run of the program, which waits
 * for each (bpf/bench_router.bpf.c).
 */

export interface Pace {
  /** Frames that leave at once. */
  readonly batch: number;
  /** From one batch to the next. */
  readonly batchNs: number;
}

/**
 * Each frame takes a page of the receiving socket's buffer, of which there are fewer than fifty unless the host's limit
 * (net.core.rmem_max) has been raised.
 */
const MAX_BATCH = 16;
/** A core that waits for its next batch does nothing of what interrupts have left to it. */
const MAX_WAIT_NS = 1_000_000;

/** Packets a second of one core. @throws RangeError for a rate whose single frames would be further apart than a core may wait */
export function paceOf(packetsPerSecond: number): Pace {
  const gapNs = 1e9 / packetsPerSecond;
  if (!(gapNs > 0 && gapNs <= MAX_WAIT_NS))
    throw new RangeError(`${packetsPerSecond} packets a second cannot be paced`);
  const batch = Math.min(MAX_BATCH, Math.floor(MAX_WAIT_NS / gapNs));
  return { batch, batchNs: Math.round(batch * gapNs) };
}
