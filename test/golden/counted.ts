/** What the programs counted: packets by reason. */
import { REASONS, reasonIndex } from '../../src/dataplane/counters.ts';
import { u32 } from '../../src/dataplane/layout.ts';
import type { NativeMap } from '../../src/native.ts';

export class ReasonCounts {
  readonly #counters: NativeMap;
  readonly #keys = REASONS.map((reason) => [reason, u32(reasonIndex(reason))] as const);

  constructor(counters: NativeMap) {
    this.#counters = counters;
  }

  /** Packets of AS slot 0 under each reason, since the program was loaded. */
  read(): Map<string, number> {
    return new Map(this.#keys.map(([reason, key]) => [reason, packets(this.#counters.lookupPerCpu(key)!)]));
  }

  /** What has been added, reasons without any left out. */
  since(before: ReadonlyMap<string, number>): Map<string, number> {
    const added = [...this.read()].map(([reason, count]) => [reason, count - (before.get(reason) ?? 0)] as const);
    return new Map(added.filter(([, count]) => count !== 0));
  }
}

function packets(perCpu: readonly Uint8Array[]): number {
  return perCpu.reduce(
    (sum, bytes) => sum + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)),
    0,
  );
}
