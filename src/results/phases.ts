/** Before, during and after: the windows that the events of a pass cut it into. */
import type { PhaseWindow, TimelineRecord } from './bundle.ts';

/** What phases take from an event. */
export type PhaseEvent = Pick<TimelineRecord, 'event' | 'started' | 'error'>;

const BEGINNINGS: ReadonlySet<string> = new Set(['bgp.hijack', 'bgp.leak', 'link.cut', 'link.shape']);
const DIVERSIONS: ReadonlySet<string> = new Set(['bgp.hijack', 'bgp.leak']);
const ENDINGS: ReadonlySet<string> = new Set(['bgp.withdraw', 'link.restore']);

/**
 * The three windows of a pass, seconds; each is [from, to) and they follow each other without a gap.
 * `during` begins when the first attack, cut or change of a link began and ends when the last withdrawal or restore after it began.
 * Without an attack everything is `before`; without an end everything after the attack is `during`.
 */
export function phaseWindows(events: readonly PhaseEvent[], durationSeconds: number): readonly PhaseWindow[] {
  const from = clamp(firstStart(events, BEGINNINGS) ?? durationSeconds, durationSeconds);
  const to = clamp(lastEnd(events) ?? durationSeconds, durationSeconds);
  return [
    { phase: 'before', from: 0, to: from },
    { phase: 'during', from, to },
    { phase: 'after', from: to, to: durationSeconds },
  ];
}

/** When the first hijack or leak really began, seconds; undefined where there is none. */
export function firstDiversion(events: readonly PhaseEvent[]): number | undefined {
  return firstStart(events, DIVERSIONS);
}

/** When the last withdrawal or restore that ends an attack or cut really began, seconds; undefined where there is none. */
export function lastEnd(events: readonly PhaseEvent[]): number | undefined {
  const attack = firstStart(events, BEGINNINGS);
  if (attack === undefined) return undefined;
  const ends = startsOf(events, ENDINGS).filter((end) => end >= attack);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

function firstStart(events: readonly PhaseEvent[], names: ReadonlySet<string>): number | undefined {
  const starts = startsOf(events, names);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

/** An event that failed did not happen. */
function startsOf(events: readonly PhaseEvent[], names: ReadonlySet<string>): number[] {
  return events.filter((event) => event.error === null && names.has(event.event)).map((event) => event.started);
}

function clamp(seconds: number, durationSeconds: number): number {
  return Math.min(Math.max(seconds, 0), durationSeconds);
}
