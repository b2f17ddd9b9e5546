/**
 * Whether a program got to run when it should have, seen from what it did itself: a generator that stood still measures
 * its own machine and not the network. A network in trouble does not show here, since a probe that is lost was sent.
 */

/**
 * A pause this much longer than the interval is starvation, seconds. Seen on two cores: pauses of 10 ms when half of the
 * machine is idle, up to 60 ms under a load of 8 to 18, from 100 ms on under a load above 20.
 */
export const PAUSE_LIMIT_S = 0.1;

/**
 * Fewer than this share of what should have been sent is starvation. irtt leaves out a probe whenever it is late by
 * an interval. Seen on two cores with an interval of 10 ms: 98 % and more when half of the machine is idle, 95 % under a
 * load of 8 to 18, 87 to 93 % under a load above 20.
 */
export const SENT_LIMIT = 0.9;

/** When a program was seen at work, seconds from the start of the window, in order. */
export interface Activity {
  /** As in `probes were sent`. */
  readonly what: string;
  readonly times: readonly number[];
  /** Planned, seconds. */
  readonly interval: number;
}

/** A sentence for the longest pause in [from, to] if it is too long. */
export function pauses({ what, times, interval }: Activity, from: number, to: number): string[] {
  const within = [from, ...times.filter((t) => t > from && t < to), to];
  let [start, longest] = [from, 0];
  for (const [index, t] of within.slice(1).entries()) {
    const pause = t - within[index]!;
    if (pause > longest) [start, longest] = [within[index]!, pause];
  }
  if (longest <= interval + PAUSE_LIMIT_S) return [];
  return [
    `no ${what} for ${longest.toFixed(2)} s from ${start.toFixed(2)} s on, where one was due every ${ms(interval)}`,
  ];
}

/** A sentence if fewer were sent than are due in a window of so many seconds. */
export function shortfall({ what, times, interval }: Activity, seconds: number): string[] {
  const due = Math.ceil(seconds / interval);
  // One more or less is a question of where the window cuts the grid.
  if (times.length + 1 >= due * SENT_LIMIT) return [];
  return [`${times.length} ${what}, not ${due}`];
}

function ms(seconds: number): string {
  return `${Number((seconds * 1000).toFixed(3))} ms`;
}
