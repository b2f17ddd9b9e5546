/** `cilion bench latency`: round trips from pod to pod, without and beside other traffic, over the same chains. */
import { setTimeout as delay } from 'node:timers/promises';
import { prepareTcp } from '../measure/tcp.ts';
import type { Window } from '../measure/workload.ts';
import type { LatencyLoad, LatencySample } from './chain-bundle.ts';
import { loadOver } from './chain-load.ts';
import { type ChainCell, type ChainOptions, type ChainSettings, measureChains } from './chain-rounds.ts';
import { placeOf, tcpWorkload } from './chain-traffic.ts';
import { measureRoundTrips, probingSeconds, type RoundTrips } from './round-trips.ts';

export interface LatencySettings extends ChainSettings {
  readonly probes: RoundTrips;
  /** Of the flow of TCP beside the probes, bit/s. */
  readonly loadBps: number;
}

export const LATENCY_LOADS: readonly LatencyLoad[] = ['idle', 'loaded'];
/** Until the flow of TCP has its rate. */
const LEAD_MS = 500;
/** The last answers come after the last probe. */
const TAIL_S = 0.2;

export function runLatencyBench(
  settings: LatencySettings,
  options: ChainOptions & { readonly onSample: (sample: LatencySample) => void },
): Promise<void> {
  return measureChains(settings, options, async (cell) => {
    for (const load of LATENCY_LOADS) options.onSample(await measure(cell, load, settings, options.signal));
  });
}

async function measure(
  cell: ChainCell,
  load: LatencyLoad,
  { probes, loadBps }: LatencySettings,
  signal: AbortSignal,
): Promise<LatencySample> {
  const { block, controlPlane, subject, chain, othersBusy } = cell;
  const place = placeOf(chain);
  const flow = load === 'loaded' ? await prepareTcp(tcpWorkload('load', 1, loadBps), place, signal) : undefined;
  try {
    const seconds = probingSeconds(probes);
    const window: Window = {
      t0Ns: process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n,
      durationNs: (seconds + TAIL_S) * 1e9,
    };
    const [outcome, machine, rttUs] = await Promise.all([
      flow?.run(window),
      loadOver(window, chain, signal),
      delay(LEAD_MS, undefined, { signal }).then(() => measureRoundTrips(probes, place, signal)),
    ]);
    chain.lab.watch.signal.throwIfAborted();
    const carried = (outcome?.samples ?? []).reduce(
      (sum, { bytes, interval }) => ({ bytes: sum.bytes + bytes, seconds: sum.seconds + interval }),
      { bytes: 0, seconds: 0 },
    );
    return {
      kind: 'latency',
      block,
      controlPlane,
      transits: chain.transits,
      subject,
      load,
      loadBps: carried.seconds > 0 ? (carried.bytes * 8) / carried.seconds : 0,
      rttUs,
      windowSeconds: window.durationNs / 1e9,
      ...machine,
      othersBusy,
      starved: [...(outcome?.faults ?? []), ...(outcome?.starved ?? [])],
    };
  } finally {
    await flow?.stop();
  }
}
