/** The clock that the BPF programs judge expiry by: CLOCK_MONOTONIC plus an offset that user space keeps. */

import type { NativeMap } from '../native.ts';
import { native } from '../native.ts';
import { structCodec, u32 } from './layout.ts';
import { layouts } from './layouts.gen.ts';

const codec = structCodec(layouts.cilion_clock);
const tickCodec = structCodec(layouts.cilion_tick);

/** Unix time minus CLOCK_MONOTONIC, nanoseconds; exact to a millisecond. */
export function unixOffsetNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n - native().monotonicNs();
}

/** Tells the programs what time it is, from the next packet on; to be repeated when the wall clock has been stepped. */
export function setClock(clock: NativeMap, ticks: NativeMap, offsetNs: bigint = unixOffsetNs()): void {
  clock.update(u32(0), codec.encode({ unix_offset_ns: offsetNs }));
  // What CPUs remember of this tick goes by the offset of before.
  ticks.update(u32(0), tickCodec.encode({ jiffies: 0n, coarse_ns: 0n, unix_ns: 0n }));
}
