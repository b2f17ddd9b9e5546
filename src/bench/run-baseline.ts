/** `cilion bench baseline`: keeps the ratios of a bundle with the project. */
import { CilionError, type ExitCode } from '../errors.ts';
import { keepBaseline } from './baseline.ts';
import type { BenchOptions } from './bench-options.ts';

export async function benchBaseline(_options: BenchOptions, bundle: string | undefined): Promise<ExitCode> {
  if (bundle === undefined)
    throw new CilionError('of which bundle?', { exitCode: 2, hint: 'cilion bench baseline results/<bundle>' });
  process.stdout.write(`Baseline: ${keepBaseline(bundle)}\n`);
  return 0;
}
