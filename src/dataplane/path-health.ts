/** Health of a node's paths, shared with the programs through memory: single fields change without a system call. */
import { randomBytes } from 'node:crypto';
import { type NativeMap, native } from '../native.ts';
import { layouts } from './layouts.gen.ts';

export interface PathHealth {
  /** CLOCK_MONOTONIC of the last answer to a probe, nanoseconds; 0: never. */
  readonly lastHeardNs: bigint;
  /** Silence for longer takes the path out of use; 0: it is not judged. */
  readonly lapseNs: bigint;
  /** Round trip of the last answer, nanoseconds. */
  readonly rttNs: bigint;
  readonly down: boolean;
}

type FieldName = 'last_heard_ns' | 'lapse_ns' | 'rtt_ns' | 'down' | 'token';

const layout = layouts.cilion_path_health;
const WORD = 8;

export class HealthTable {
  readonly #words: BigUint64Array;

  constructor(map: NativeMap) {
    this.#words = new BigUint64Array(map.mmap(), 0, (map.info.maxEntries * layout.size) / WORD);
  }

  read(id: number): PathHealth {
    const field = (name: FieldName) => this.#words[this.#at(id, name)]!;
    return {
      lastHeardNs: field('last_heard_ns'),
      lapseNs: field('lapse_ns'),
      rttNs: field('rtt_ns'),
      down: field('down') !== 0n,
    };
  }

  /** Takes a path out of use, or lets it be used again; effective with the next packet. */
  setDown(id: number, down: boolean): void {
    this.#words[this.#at(id, 'down')] = down ? 1n : 0n;
  }

  /** Begins to judge a path by its probes, as if it had just answered; 0 ends that. */
  setLapse(id: number, lapseNs: bigint): void {
    this.#words[this.#at(id, 'last_heard_ns')] = native().monotonicNs();
    this.#words[this.#at(id, 'lapse_ns')] = lapseNs;
  }

  /** Up, and not judged; answers to probes of the id's former path no longer count. */
  reset(id: number): void {
    const start = this.#at(id, 'last_heard_ns');
    this.#words.fill(0n, start, start + layout.size / WORD);
    this.#words[this.#at(id, 'token')] = randomBytes(WORD).readBigUInt64LE();
  }

  /** What an answer to a probe has to bring back. */
  token(id: number): bigint {
    return this.#words[this.#at(id, 'token')]!;
  }

  /** @throws RangeError when the table has no such path */
  #at(id: number, name: FieldName): number {
    const field = layout.fields.find((each) => each.name === name)!;
    const index = (id * layout.size + field.offset) / WORD;
    if (!Number.isInteger(id) || id < 0 || index >= this.#words.length) throw new RangeError(`no path ${id}`);
    return index;
  }
}
