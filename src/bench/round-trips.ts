/**
 * Round trips by ICMP echo (ping of iputils). The far pod's kernel answers and the near one's stamps the answer as it comes in,
 * so that a round trip is the way there and back and no program's waking up.
 */

import { LabError } from '../errors.ts';
import type { Place } from '../measure/workload.ts';
import { preferGroup } from '../process/priority.ts';
import { start } from '../process/process.ts';
import { describeExit } from '../process/watch.ts';

export interface RoundTrips {
  /** How many are kept. */
  readonly count: number;
  /** Between one probe and the next, seconds. */
  readonly intervalSeconds: number;
}

/** Sent first and not kept: caches are warm then. */
const WARM_UP = 100;
const ANSWER_WAIT_S = 1;
/** Of the payload, bytes: ping's own default, which holds its time stamp. */
const PAYLOAD = 56;

/** How long it takes to send them all, seconds. */
export function probingSeconds({ count, intervalSeconds }: RoundTrips): number {
  return (count + WARM_UP) * intervalSeconds;
}

/**
 * Sends probes and resolves when the last is answered or given up.
 * @returns microseconds, in the order in which they were sent; null for one without an answer
 */
export async function measureRoundTrips(
  { count, intervalSeconds }: RoundTrips,
  { clientNetns, serverAddress }: Pick<Place, 'clientNetns' | 'serverAddress'>,
  signal: AbortSignal,
): Promise<(number | null)[]> {
  const rtts = new Array<number | null>(count).fill(null);
  const total = count + WARM_UP;
  const argv = ['ping', '-n', '-i', String(intervalSeconds), '-s', String(PAYLOAD), '-W', String(ANSWER_WAIT_S)];
  signal.throwIfAborted();
  const ping = start([...argv, '-c', String(total), serverAddress], {
    netns: clientNetns,
    onStdoutLine: (line) => {
      const answer = parseAnswer(line);
      // ping numbers from 1.
      const index = answer === null ? -1 : answer.sequence - 1 - WARM_UP;
      if (answer !== null && index >= 0 && index < count) rtts[index] ??= answer.us;
    },
  });
  preferGroup(ping.pid);
  const onAbort = () => void ping.stop();
  signal.addEventListener('abort', onAbort, { once: true });
  const exit = await ping.exited;
  signal.removeEventListener('abort', onAbort);
  signal.throwIfAborted();
  // 1: not one answer.
  if (exit.code !== 0 && exit.code !== 1) throw new LabError(describeExit('ping', ping, exit));
  return rtts;
}

/** `64 bytes from 10.2.1.2: icmp_seq=7 ttl=62 time=0.041 ms` */
const ANSWER = /icmp_seq=(\d+) .*\btime=([\d.]+) ms/;

/** Null for a line that tells of no answer. */
export function parseAnswer(line: string): { readonly sequence: number; readonly us: number } | null {
  const match = ANSWER.exec(line);
  return match === null ? null : { sequence: Number(match[1]), us: Math.round(Number(match[2]) * 1000) };
}
