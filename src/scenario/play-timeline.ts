/** Plays the timeline of one pass: each action at its time, and a record of when it really happened. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TimelineRecord } from '../results/bundle.ts';
import type { Offset } from './model.ts';

/** An event that is later than this makes the run invalid, milliseconds. */
export const LATENESS_LIMIT_MS = 20;

export interface Action {
  readonly at: Offset;
  /** Kind of event, e.g. `bgp.hijack`. */
  readonly event: string;
  /** A sentence for people. */
  readonly text: string;
  perform(): Promise<void>;
}

/**
 * Performs the actions, each when it is due: one that takes long delays none after it.
 * @param t0 Start of the pass on the clock of performance.now(), milliseconds.
 * @returns Records in the order of the actions; a failed action is recorded, not thrown.
 */
export function playTimeline(
  pass: string,
  actions: readonly Action[],
  t0: number,
  signal: AbortSignal,
): Promise<TimelineRecord[]> {
  return Promise.all(actions.map((action) => play(pass, action, t0, signal)));
}

async function play(pass: string, action: Action, t0: number, signal: AbortSignal): Promise<TimelineRecord> {
  const planned = action.at / 1e9;
  await until(t0 + planned * 1000, signal);
  const started = performance.now();
  let error: string | null = null;
  try {
    await action.perform();
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  const at = (time: number) => (time - t0) / 1000;
  const { event, text } = action;
  return { pass, event, text, planned, started: at(started), finished: at(performance.now()), error };
}

/** Resolves at a moment of performance.now(), at once if it has passed. */
export async function until(moment: number, signal: AbortSignal): Promise<void> {
  const wait = moment - performance.now();
  if (wait > 0) await delay(wait, undefined, { signal });
}

/** Why the records make the run one that cannot be trusted; empty when they do not. */
export function timelineFaults(records: readonly TimelineRecord[]): string[] {
  return records.flatMap(({ pass, text, planned, started, error }) => {
    const late = (started - planned) * 1000;
    return [
      ...(late > LATENESS_LIMIT_MS
        ? [`${pass}: "${text}" was ${late.toFixed(0)} ms late (limit ${LATENESS_LIMIT_MS} ms)`]
        : []),
      ...(error === null ? [] : [`${pass}: "${text}" failed: ${error}`]),
    ];
  });
}
