/**
 * Baselines: what a bench found, kept with the project (results/baselines/<bench>/) for later ones to be compared with. A
 * folder is that of a bundle without its samples, and of its figures it has the ratios alone: those travel to another
 * machine, packets a second do not.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CilionError } from '../errors.ts';
import { MANIFEST, SUMMARY } from '../results/bundle-layout.ts';
import type { BenchSummary } from './bench-bundle.ts';
import { type BenchFigures, readBenchFigures } from './bench-files.ts';

const BASELINES = fileURLToPath(new URL('../../results/baselines', import.meta.url));

/** @returns the baseline's folder. @throws CilionError (exit code 2) for a bundle that cannot be one */
export function keepBaseline(bundle: string, baselines: string = BASELINES): string {
  const { manifest, summary } = readBenchFigures(bundle);
  if (manifest.invalid.length > 0) {
    throw new CilionError(`${bundle} is invalid, and so no baseline: ${manifest.invalid[0]}`, { exitCode: 2 });
  }
  const folder = join(baselines, manifest.bench);
  const kept: Pick<BenchFigures, 'manifest' | 'summary'> = { manifest, summary: ratiosAlone(summary) };
  mkdirSync(folder, { recursive: true });
  for (const [part, value] of [
    [MANIFEST, kept.manifest],
    [SUMMARY, kept.summary],
  ] as const) {
    writeFileSync(join(folder, part), `${JSON.stringify(value, null, 2)}\n`);
  }
  return folder;
}

/** Pure. @throws CilionError (exit code 2) for a bench that finds no ratios */
export function ratiosAlone(summary: BenchSummary): BenchSummary {
  switch (summary.bench) {
    case 'router':
      return { ...summary, rows: summary.rows.map((row) => ({ ...row, rates: {} })) };
    case 'goodput':
      return { ...summary, rows: summary.rows.map((row) => ({ ...row, rates: {}, costs: {} })) };
    case 'latency':
      return { ...summary, rows: [], perTransit: summary.perTransit.map((row) => ({ ...row, added: {} })) };
    default:
      throw new CilionError(`a bench of kind ${summary.bench} has no ratios to keep`, {
        exitCode: 2,
        hint: 'baselines are kept of router, goodput and latency',
      });
  }
}
