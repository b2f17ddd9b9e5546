/** `cilion bench goodput`: what arrives at a pod, and what it costs the machine, for every transport over the same chains. */
import { prepareTcp } from '../measure/tcp.ts';
import type { Prepared } from '../measure/workload.ts';
import type { TcpSample } from '../results/bundle.ts';
import type { GoodputSample } from './chain-bundle.ts';
import type { ChainLab } from './chain-labs.ts';
import { loadOver } from './chain-load.ts';
import { type ChainCell, type ChainOptions, type ChainSettings, measureChains } from './chain-rounds.ts';
import { placeOf, tcpWorkload } from './chain-traffic.ts';
import { type FloodSample, prepareFlood } from './goodput-udp.ts';

export interface GoodputSettings extends ChainSettings {
  /** Flows at once, of TCP. */
  readonly flows: readonly number[];
  readonly udp: boolean;
  /** Length of a measurement. */
  readonly seconds: number;
}

/** From starting the client on, before it counts: connected, window open, caches and neighbours warm. */
const LEAD_MS = 500;
/** Fits the path of every transport over the longest chain without a fragment. */
export const UDP_PAYLOAD_BYTES = 1200;

/** `tcp-4`: four flows of TCP. */
export function trafficNames({ flows, udp }: Pick<GoodputSettings, 'flows' | 'udp'>): string[] {
  return [...flows.map((count) => `tcp-${count}`), ...(udp ? ['udp'] : [])];
}

export function runGoodputBench(
  settings: GoodputSettings,
  options: ChainOptions & { readonly onSample: (sample: GoodputSample) => void },
): Promise<void> {
  return measureChains(settings, options, async (cell) => {
    for (const traffic of trafficNames(settings)) {
      options.onSample(await measure(cell, traffic, settings.seconds, options.signal));
    }
  });
}

async function measure(cell: ChainCell, traffic: string, seconds: number, signal: AbortSignal): Promise<GoodputSample> {
  const { block, controlPlane, subject, chain, othersBusy } = cell;
  const prepared = await prepare(traffic, chain, signal);
  try {
    const window = { t0Ns: process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n, durationNs: seconds * 1e9 };
    const [outcome, load] = await Promise.all([prepared.run(window), loadOver(window, chain, signal)]);
    chain.lab.watch.signal.throwIfAborted();
    const { samples } = outcome;
    const covered = samples.reduce((sum, { interval }) => sum + interval, 0);
    const flood = samples.filter((sample): sample is FloodSample => 'datagrams' in sample);
    return {
      kind: 'goodput',
      block,
      controlPlane,
      transits: chain.transits,
      subject,
      traffic,
      // Where no interval is whole, nothing arrived in all of the window.
      seconds: samples.length === 0 ? seconds : covered,
      intervalBytes: samples.map(({ bytes }) => bytes),
      ...(traffic === 'udp'
        ? {
            datagrams: flood.reduce((sum, { datagrams }) => sum + datagrams, 0),
            lost: flood.reduce((sum, { lost }) => sum + lost, 0),
          }
        : {}),
      windowSeconds: seconds,
      ...load,
      othersBusy,
      starved: [...outcome.faults, ...outcome.starved],
    };
  } finally {
    await prepared.stop();
  }
}

function prepare(traffic: string, chain: ChainLab, signal: AbortSignal): Promise<Prepared<TcpSample | FloodSample>> {
  const place = placeOf(chain);
  if (traffic === 'udp') return prepareFlood({ name: 'udp', payloadBytes: UDP_PAYLOAD_BYTES }, place, signal);
  return prepareTcp(tcpWorkload(traffic, Number(traffic.slice('tcp-'.length)), 0), place, signal);
}
