/** `cilion compare`: two bundles beside each other, if they can be. */
import { benchKindOf, readBenchFigures } from '../bench/bench-files.ts';
import { benchObstacles, type Comparison, compareBenches, compareRuns, runObstacles } from '../bench/compare.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import { readBundle } from '../results/bundle-reader.ts';
import type { Command } from './command.ts';

export const compare: Command = {
  name: 'compare',
  summary: 'compare two bundles of one scenario or of one bench; refuses what is not comparable, and says why',
  arguments: [
    { name: '<before>', description: 'folder of a bundle, or of a baseline' },
    { name: '<after>', description: 'folder of another' },
  ],
  options: [{ flags: '--json', description: 'one JSON value instead of a table' }],
  needsRoot: false,
  needsBuild: false,
  async run([before = '', after = ''], options): Promise<ExitCode> {
    const comparison = await compareFolders(before, after);
    process.stdout.write(options['json'] === true ? `${JSON.stringify(comparison, null, 2)}\n` : textOf(comparison));
    return 0;
  },
};

async function compareFolders(before: string, after: string): Promise<Comparison> {
  const kinds = [before, after].map(benchKindOf);
  if ((kinds[0] === undefined) !== (kinds[1] === undefined)) {
    throw refusal([`${kinds[0] === undefined ? after : before} is a bench, the other is the run of a scenario`]);
  }
  if (kinds[0] !== undefined) {
    const [a, b] = [readBenchFigures(before), readBenchFigures(after)];
    refuse(benchObstacles(a.manifest, b.manifest));
    return compareBenches(a, b);
  }
  const [a, b] = [await readBundle(before), await readBundle(after)];
  refuse(runObstacles(a.manifest, b.manifest));
  return compareRuns(a, b);
}

function refuse(obstacles: readonly string[]): void {
  if (obstacles.length > 0) throw refusal(obstacles);
}

function refusal(obstacles: readonly string[]): CilionError {
  return new CilionError(`the two cannot be compared:\n${obstacles.map((obstacle) => `  ${obstacle}`).join('\n')}`, {
    exitCode: 2,
  });
}

function textOf({ rows, notes }: Comparison): string {
  const cells = rows.map(({ what, unit, a, b, ratio, differs }) => [
    what,
    unit,
    numberText(a),
    numberText(b),
    ratio === null ? '–' : ratio.toFixed(3),
    differs === undefined ? '' : differs ? 'differs' : 'no clear difference',
  ]);
  const all = [['what', 'of', 'before', 'after', 'after ÷ before', ''], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column < 2 || column === 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${[...notes, ...lines].join('\n')}\n`;
}

/** Four significant digits. */
function numberText(value: number | null): string {
  if (value === null) return '–';
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}
