/** `cilion bench bringup`, from its options to the bundle. */
import { CilionError, type ExitCode } from '../errors.ts';
import { type BenchOptions, wholeNumber, wholeNumbers } from './bench-options.ts';
import { type BringupSettings, runBringupBench } from './bringup-bench.ts';
import type { BringupSample } from './bringup-bundle.ts';
import { summariseBringup } from './bringup-summary.ts';
import { FEWEST_ASES, MOST_ASES } from './bringup-topology.ts';
import { keptSamples, withBundle } from './with-bundle.ts';

const BLOCKS = 3;
const SIZES = [4, 16, 64];
const REFERENCE_SIZES = [4, 16];
/** Four services an AS: more than this no machine that a lab is meant for has memory for. */
const MOST_REFERENCE_ASES = 256;
const CLUSTERS = 2;

export function bringupSettings(options: BenchOptions): BringupSettings {
  const sizes = (name: string, fallback: readonly number[], most: number) =>
    options[name] === 'none' ? [] : wholeNumbers(options, name, fallback, FEWEST_ASES, most);
  const settings = {
    sizes: {
      computed: sizes('sizes', SIZES, MOST_ASES),
      reference: sizes('referenceSizes', REFERENCE_SIZES, MOST_REFERENCE_ASES),
    },
    clusters: wholeNumber(options, 'clusters', CLUSTERS, 2, MOST_ASES),
    blocks: wholeNumber(options, 'blocks', BLOCKS, 1, 1000),
    seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31),
  };
  if (Object.values(settings.sizes).every((each) => each.length === 0)) {
    throw new CilionError('--sizes and --reference-sizes: nothing is left to be built', { exitCode: 2 });
  }
  return settings;
}

export async function benchBringup(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const settings = bringupSettings(options);
  const start = {
    results: String(options['results']),
    bench: 'bringup',
    title: 'From a topology to the first packet',
    seed: settings.seed,
    settings: {
      'ASes, paths computed': listed(settings.sizes.computed),
      'ASes, reference services': listed(settings.sizes.reference),
      clusters: `${settings.clusters} at most`,
      blocks: settings.blocks,
    },
    mechanisms: {
      memory: 'MemAvailable before and after; PSS of the processes in the lab’s namespaces',
      'first packet': 'an ICMP echo from a pod of the first cluster to one of the last over CilION, answered',
    },
    tools: ['bird'],
  } as const;
  await withBundle(start, async ({ stage, ...measuring }) => {
    const { samples, onSample } = keptSamples<BringupSample>(measuring);
    await runBringupBench(settings, {
      signal,
      stage,
      onSample,
    });
    return summariseBringup(samples);
  });
  return 0;
}

function listed(sizes: readonly number[]): string {
  return sizes.length === 0 ? 'none' : sizes.join(', ');
}
