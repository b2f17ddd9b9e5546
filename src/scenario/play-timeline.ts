/** Plays the timeline of one pass: each action at its time, and a record of when it really happened. */
import type { TimelineRecord } from '../results/bundle.ts';
import type { Offset } from './model.ts';
import type { PassClock } from './pass-clock.ts';

/**
 * An event that is later than this makes the run invalid, milliseconds. What metrics measure from an event is from its
 * actual start; but the windows of assertions are as planned, and rarely closer to an event than a tenth of a second.
 * Seen on two cores: 4 ms with four other busy processes, 16 to 36 ms with eight and more.
 */
export const LATENESS_LIMIT_MS = 50;

export interface Action {
  readonly at: Offset;
  /** Kind of event, e.g. `bgp.hijack`. */
  readonly event: string;
  /** A sentence for people. */
  readonly text: string;
  /** `over` ends what takes long. */
  perform(over: AbortSignal): Promise<void>;
  /** Once performed, what came of it, to stand behind the text; undefined where the text says it all. */
  outcome?(): string | undefined;
}

/**
 * Performs the actions, each when it is due: one that takes long delays none after it.
 * @returns Records in the order of the actions; a failed action is recorded, not thrown, and one that a pass broken off
 *   did not come to has none.
 */
export async function playTimeline(
  pass: string,
  actions: readonly Action[],
  clock: PassClock,
): Promise<TimelineRecord[]> {
  const records = await Promise.all(actions.map((action) => play(pass, action, clock)));
  return records.filter((record) => record !== null);
}

async function play(pass: string, action: Action, clock: PassClock): Promise<TimelineRecord | null> {
  const planned = action.at / 1e9;
  if (!(await clock.until(planned))) return null;
  const started = clock.now();
  let error: string | null = null;
  try {
    await action.perform(clock.over);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  const { event } = action;
  const outcome = action.outcome?.();
  const text = outcome === undefined ? action.text : `${action.text}: ${outcome}`;
  return { pass, event, text, planned, started, finished: clock.now(), error };
}

/** Events that failed, as sentences. */
export function failures(records: readonly TimelineRecord[]): string[] {
  return records.flatMap(({ pass, text, error }) => (error === null ? [] : [`${pass}: "${text}" failed: ${error}`]));
}

/** Events that came too late, as sentences. */
export function lateEvents(records: readonly TimelineRecord[]): string[] {
  return records.flatMap(({ pass, text, planned, started }) => {
    const late = planned === null ? 0 : (started - planned) * 1000;
    if (late <= LATENESS_LIMIT_MS) return [];
    return [`${pass}: "${text}" was ${late.toFixed(0)} ms late (limit ${LATENESS_LIMIT_MS} ms)`];
  });
}
