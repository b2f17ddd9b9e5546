/** What the whole machine did during a measurement, and that what is measured went before the rest of it. */
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { processesIn } from '../emulator/namespace-processes.ts';
import { loadBetween, readLoad } from '../measure/machine-load.ts';
import { secondsFrom, type Window } from '../measure/workload.ts';
import { preferGroup } from '../process/priority.ts';
import type { ChainLab } from './chain-labs.ts';

export interface WindowLoad {
  /**
   * Time in which the machine's cores were not idle, seconds of one core (proc_stat(5): all but idle, iowait and steal).
   * Somebody else's work is among it.
   */
  readonly cpuSeconds: number;
  /** Share of the window in which something waited for a core; null where the kernel does not tell. */
  readonly waiting: number | null;
  /** Of the last minute, as uptime(1) shows it. */
  readonly loadAverage: number;
}

/** Long enough for a dozen ticks of each core. */
const QUIET_MS = 150;

/** Share of all cores that others keep busy: to be asked while nothing of the bench runs. */
export async function othersBusy(signal: AbortSignal): Promise<number> {
  const before = readLoad();
  await delay(QUIET_MS, undefined, { signal });
  const after = readLoad();
  return after.total === before.total ? 0 : 1 - (after.idle - before.idle) / (after.total - before.total);
}

/** Reads the machine's counters at the beginning and at the end of a window that is still to come. */
export async function loadOver(window: Window, { lab, from, to }: ChainLab, signal: AbortSignal): Promise<WindowLoad> {
  const until = (seconds: number) => delay(Math.max(0, seconds * 1000), undefined, { signal });
  const sinceStart = () => secondsFrom(window.t0Ns, process.hrtime.bigint());
  // Half of the time before it: clients have been started by then.
  await until(-sinceStart() / 2);
  const namespaces = [from, to].flatMap(({ pod, node }) => [pod.namespace, node.namespace]);
  for (const { pid } of processesIn(namespaces.map((each) => lab.directory.namespaceName(each)))) preferGroup(pid);
  await until(-sinceStart());
  const before = readLoad();
  await until(window.durationNs / 1e9 - sinceStart());
  const after = readLoad();
  const ticks = after.total - before.total;
  const busy = ticks - (after.idle - before.idle) - (after.steal - before.steal);
  // In ticks of all cores together, whose sum is the time that has passed on each.
  const seconds = (after.at - before.at) / 1000;
  return {
    cpuSeconds: ticks > 0 ? (busy / ticks) * availableParallelism() * seconds : 0,
    waiting: loadBetween(before, after)?.waiting ?? null,
    loadAverage: loadavg()[0]!,
  };
}
