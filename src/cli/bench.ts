/** `cilion bench`: how fast the dataplane is, and whether a change has made it slower. docs/benches.md is its manual. */

import { benchSelftest } from '../bench/run-gate.ts';
import { benchProg } from '../bench/run-prog.ts';
import { benchReport } from '../bench/run-report.ts';
import { benchRouter } from '../bench/run-router.ts';
import { CilionError, type ExitCode } from '../errors.ts';
import type { Command, Options } from './command.ts';
import { interruptible } from './interrupt.ts';

type Bench = (options: Options, argument: string | undefined, signal: AbortSignal) => Promise<ExitCode>;

const BENCHES: Readonly<Record<string, Bench>> = {
  prog: benchProg,
  router: benchRouter,
  selftest: benchSelftest,
  report: benchReport,
};

export const bench: Command = {
  name: 'bench',
  summary: 'measure the dataplane: its router beside others, its programs alone, or against another version of itself',
  arguments: [
    {
      name: '<what>',
      description: `${Object.keys(BENCHES).join(', ')}`,
    },
    { name: '[bundle]', description: 'for `report`: the bundle' },
  ],
  options: [
    {
      flags: '--cases <names>',
      description: 'only these, separated by commas: kind/mix/payload, e.g. transit-1/cold/64',
    },
    { flags: '--subjects <names>', description: 'only these: drop, redirect, ip, bridge, cilion, reference' },
    {
      flags: '--against <ref>',
      description:
        'router: only compare with the dataplane of this commit; exit code 1 if this one is slower, 3 if the machine is too noisy to tell',
    },
    { flags: '--budget <seconds>', description: 'gate: give up after this long', default: '300' },
    { flags: '--runs <n>', description: 'selftest: runs of the same against the same', default: '50' },
    { flags: '--slow-runs <n>', description: 'selftest: runs of each slow-down', default: '20' },
    { flags: '--blocks <n>', description: 'rounds over all that is measured' },
    { flags: '--seed <n>', description: 'decides every order and every draw', default: '1' },
    { flags: '--results <folder>', description: 'where bundles go', default: 'results' },
  ],
  needsRoot: true,
  needsBuild: true,
  run([what = '', argument], options): Promise<ExitCode> {
    const body = BENCHES[what];
    if (body === undefined) {
      throw new CilionError(`there is no bench "${what}"`, {
        exitCode: 2,
        hint: `benches: ${Object.keys(BENCHES).join(', ')}`,
      });
    }
    return interruptible((signal) => body(options, argument, signal));
  },
};
