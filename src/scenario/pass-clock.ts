/** The time of one pass: its moments are waited for, and all waiting ends when the pass is broken off. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Watch } from '../process/watch.ts';

export class PassClock {
  /** Start of the pass on the clock of performance.now(), milliseconds. */
  readonly t0: number;
  /** Aborted when nothing of the pass shall go on: broken off, or the whole run ended. */
  readonly over: AbortSignal;
  readonly #watch: Watch;
  readonly #signal: AbortSignal;

  /** @param signal Ends the whole run: what waits throws its reason. */
  constructor(t0: number, watch: Watch, signal: AbortSignal) {
    this.t0 = t0;
    this.over = AbortSignal.any([watch.signal, signal]);
    this.#watch = watch;
    this.#signal = signal;
  }

  /** Seconds from the start of the pass. */
  now(): number {
    return this.at(performance.now());
  }

  /** A moment of performance.now() in seconds from the start of the pass. */
  at(moment: number): number {
    return (moment - this.t0) / 1000;
  }

  /**
   * Resolves at a moment in seconds from the start, at once if it has passed: true, or false as soon as the pass is
   * broken off.
   * @throws the reason when the whole run is ended.
   */
  async until(seconds: number): Promise<boolean> {
    this.#signal.throwIfAborted();
    if (this.over.aborted) return false;
    const wait = this.t0 + seconds * 1000 - performance.now();
    if (wait <= 0) return true;
    await delay(wait, undefined, { signal: this.over }).catch(() => this.#signal.throwIfAborted());
    return !this.over.aborted;
  }

  /**
   * Whether an error comes of something that the watch tells of as well; then it needs no telling of its own.
   * @throws the reason when the whole run is ended.
   */
  async explains(): Promise<boolean> {
    this.#signal.throwIfAborted();
    return this.#watch.hasEnding();
  }
}
