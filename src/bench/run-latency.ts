/** `cilion bench latency`, from its options to the bundle. */
import { WIRE_QUEUE } from '../emulator/device-roles.ts';
import type { ExitCode } from '../errors.ts';
import { CONGESTION_CONTROL } from '../measure/tcp.ts';
import { type BenchOptions, wholeNumber } from './bench-options.ts';
import type { LatencySample } from './chain-bundle.ts';
import { chainMechanisms } from './chain-mechanisms.ts';
import { chainSettings } from './chain-options.ts';
import { LATENCY_LOADS, type LatencySettings, runLatencyBench } from './latency-bench.ts';
import { summariseLatency } from './latency-summary.ts';
import { keptSamples, withBundle } from './with-bundle.ts';

const BLOCKS = 8;
const PROBES = 2000;
const INTERVAL_SECONDS = 0.001;
const LOAD_MBIT = 200;

export function latencySettings(options: BenchOptions): LatencySettings {
  return {
    ...chainSettings(options, BLOCKS),
    probes: { count: wholeNumber(options, 'probes', PROBES, 10, 1_000_000), intervalSeconds: INTERVAL_SECONDS },
    loadBps: wholeNumber(options, 'load', LOAD_MBIT, 1, 100_000) * 1e6,
  };
}

export async function benchLatency(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const settings = latencySettings(options);
  const mechanisms = chainMechanisms();
  const start = {
    results: String(options['results']),
    bench: 'latency',
    title: 'From pod to pod: round trips over each transport',
    seed: settings.seed,
    settings: {
      'transit ASes': settings.transits,
      subjects: settings.subjects,
      blocks: settings.blocks,
      'queue of a wire': WIRE_QUEUE,
      'probes a measurement': settings.probes.count,
      'between probes': `${INTERVAL_SECONDS * 1000} ms`,
      'TCP beside them': `${settings.loadBps / 1e6} Mbit/s`,
    },
    mechanisms: mechanisms.facts,
    tools: ['bird', 'iperf3', 'ping'],
  } as const;
  mechanisms.add('TCP congestion control', CONGESTION_CONTROL);
  await withBundle(start, async ({ stage, ...measuring }) => {
    const { samples, onSample } = keptSamples<LatencySample>(measuring);
    await runLatencyBench(settings, {
      signal,
      stage,
      onImplementation: mechanisms.add,
      onSample,
    });
    return summariseLatency(samples, LATENCY_LOADS, settings.seed);
  });
  return 0;
}
