/** `cilion bench report`: table and page of a bundle again, from the bundle alone. */
import { CilionError, type ExitCode } from '../errors.ts';
import { readBenchBundle } from './bench-files.ts';
import type { BenchOptions } from './bench-options.ts';
import { makeBenchReport } from './report/bench-page.ts';
import { printBench } from './with-bundle.ts';

export async function benchReport(_options: BenchOptions, folder: string | undefined): Promise<ExitCode> {
  if (folder === undefined)
    throw new CilionError('of which bundle?', { exitCode: 2, hint: 'cilion bench report results/<bundle>' });
  const bundle = readBenchBundle(folder);
  makeBenchReport(bundle);
  printBench(bundle);
  return 0;
}
