/** `cilion bench prog`, from its options to the bundle. */
import type { ExitCode } from '../errors.ts';
import { type BenchOptions, wholeNumber } from './bench-options.ts';
import { runProgBench } from './prog-bench.ts';
import { withBundle } from './with-bundle.ts';

const BLOCKS = 10;
const REPEAT = 200_000;

export async function benchProg(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const settings = {
    blocks: wholeNumber(options, 'blocks', BLOCKS, 1, 1000),
    repeat: REPEAT,
    seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31),
  };
  const start = {
    results: String(options['results']),
    bench: 'prog',
    title: 'Each BPF program alone',
    seed: settings.seed,
    settings: { blocks: settings.blocks, 'runs a measurement': settings.repeat },
  } as const;
  await withBundle(start, ({ stage, onSample }) =>
    stage('measure the programs', (progress) => runProgBench(settings, { signal, progress, onSample })),
  );
  return 0;
}
