/** What all benches have in common around their measurement: a bundle that is whole or not there, its report, its table. */
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Progress } from '../report/progress.ts';
import type { BenchSample, BenchSummary } from './bench-bundle.ts';
import { type BenchBundle, BenchBundleWriter, type BundleStart } from './bench-files.ts';
import { makeBenchReport } from './report/bench-page.ts';
import { benchText } from './report/bench-text.ts';

export interface Measuring {
  readonly stage: Progress['stage'];
  readonly onSample: (sample: BenchSample) => void;
}

export async function withBundle(
  start: Omit<BundleStart, 'command'>,
  measure: (measuring: Measuring) => Promise<BenchSummary>,
): Promise<BenchBundle> {
  const progress = new Progress();
  const writer = new BenchBundleWriter({ ...start, command: ['cilion', ...process.argv.slice(2)] });
  try {
    const summary = await measure({
      stage: (name, body) => progress.stage(name, body),
      onSample: (sample) => writer.append(sample),
    });
    const bundle = await writer.finish(summary, { stageSeconds: progress.stageSeconds, invalid: [] });
    makeBenchReport(bundle);
    printBench(bundle);
    return bundle;
  } catch (error) {
    rmSync(writer.folder, { recursive: true, force: true });
    throw error;
  }
}

/** For a summary of all samples: they go into the bundle, and stay here too. */
export function keptSamples<Sample extends BenchSample>({
  onSample,
}: Pick<Measuring, 'onSample'>): { readonly samples: readonly Sample[]; readonly onSample: (sample: Sample) => void } {
  const samples: Sample[] = [];
  return {
    samples,
    onSample: (sample) => {
      samples.push(sample);
      onSample(sample);
    },
  };
}

/** The table on the terminal, and where the rest is. */
export function printBench(bundle: BenchBundle): void {
  const path = relative(process.cwd(), join(bundle.folder, 'report.html'));
  process.stdout.write(
    `${benchText(bundle)}\nReport: ${path.startsWith('..') ? join(bundle.folder, 'report.html') : path}\n`,
  );
}
