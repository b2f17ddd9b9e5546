/** `cilion bench goodput`, from its options to the bundle. */
import { WIRE_QUEUE } from '../emulator/device-roles.ts';
import type { ExitCode } from '../errors.ts';
import { CONGESTION_CONTROL } from '../measure/tcp.ts';
import { type BenchOptions, wholeNumber, wholeNumbers } from './bench-options.ts';
import type { GoodputSample } from './chain-bundle.ts';
import { chainMechanisms } from './chain-mechanisms.ts';
import { chainSettings } from './chain-options.ts';
import { type GoodputSettings, runGoodputBench, trafficNames, UDP_PAYLOAD_BYTES } from './goodput-bench.ts';
import { summariseGoodput } from './goodput-summary.ts';
import { keptSamples, withBundle } from './with-bundle.ts';

const BLOCKS = 8;
const FLOWS = [1, 4, 16];
const MOST_FLOWS = 128;
const SECONDS = 1;

export function goodputSettings(options: BenchOptions): GoodputSettings {
  return {
    ...chainSettings(options, BLOCKS),
    flows: wholeNumbers(options, 'flows', FLOWS, 1, MOST_FLOWS),
    udp: true,
    seconds: wholeNumber(options, 'seconds', SECONDS, 1, 600),
  };
}

export async function benchGoodput(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const settings = goodputSettings(options);
  const traffic = trafficNames(settings);
  const mechanisms = chainMechanisms();
  const start = {
    results: String(options['results']),
    bench: 'goodput',
    title: 'From pod to pod: goodput of each transport',
    seed: settings.seed,
    settings: {
      'transit ASes': settings.transits,
      subjects: settings.subjects,
      traffic,
      blocks: settings.blocks,
      'seconds a measurement': settings.seconds,
      'queue of a wire': WIRE_QUEUE,
      'UDP payload': `${UDP_PAYLOAD_BYTES} B`,
    },
    mechanisms: mechanisms.facts,
    tools: ['bird', 'iperf3'],
  } as const;
  mechanisms.add('TCP congestion control', CONGESTION_CONTROL);
  await withBundle(start, async ({ stage, ...measuring }) => {
    const { samples, onSample } = keptSamples<GoodputSample>(measuring);
    await runGoodputBench(settings, {
      signal,
      stage,
      onImplementation: mechanisms.add,
      onSample,
    });
    return summariseGoodput(samples, traffic, settings.seed);
  });
  return 0;
}
