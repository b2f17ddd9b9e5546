/** Options that the benches over chains of ASes share, checked. */
import { CilionError } from '../errors.ts';
import { suggestion } from '../input/nearest.ts';
import { type BenchOptions, list, wholeNumber, wholeNumbers } from './bench-options.ts';
import type { ChainSettings } from './chain-rounds.ts';
import { CHAIN_SUBJECTS, type ChainSubject } from './chain-subject-names.ts';
import { MOST_TRANSITS } from './chain-topology.ts';

/** Goals are for none, one and three; the others show whether it goes on so. */
const TRANSITS = [0, 1, 2, 3, 4];

/** @throws CilionError (exit code 2) for what there is not */
export function chainSettings(options: BenchOptions, blocks: number): ChainSettings {
  return {
    transits: wholeNumbers(options, 'transits', TRANSITS, 0, MOST_TRANSITS),
    subjects: subjectsOf(options),
    blocks: wholeNumber(options, 'blocks', blocks, 1, 1000),
    seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31),
  };
}

function subjectsOf(options: BenchOptions): ChainSubject[] {
  const wanted = list(options, 'subjects') ?? [...CHAIN_SUBJECTS];
  const unknown = wanted.find((name) => !(CHAIN_SUBJECTS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new CilionError(`--subjects: there is no "${unknown}"`, {
      exitCode: 2,
      hint: suggestion(unknown, CHAIN_SUBJECTS),
    });
  }
  return CHAIN_SUBJECTS.filter((name) => wanted.includes(name));
}
