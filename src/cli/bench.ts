/** `cilion bench`: how fast the dataplane is, and whether a change has made it slower. docs/benches.md is its manual. */

import { benchBaseline } from '../bench/run-baseline.ts';
import { benchBringup } from '../bench/run-bringup.ts';
import { benchSelftest } from '../bench/run-gate.ts';
import { benchGoodput } from '../bench/run-goodput.ts';
import { benchLatency } from '../bench/run-latency.ts';
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
  goodput: benchGoodput,
  latency: benchLatency,
  bringup: benchBringup,
  report: benchReport,
  baseline: benchBaseline,
};

export const bench: Command = {
  name: 'bench',
  summary:
    'measure the dataplane: its router beside others, its programs alone or against another version, pods’ traffic beside other transports, labs coming up',
  arguments: [
    {
      name: '<what>',
      description: `${Object.keys(BENCHES).join(', ')}`,
    },
    { name: '[bundle]', description: 'for `report` and `baseline`: the bundle' },
  ],
  options: [
    {
      flags: '--cases <names>',
      description: 'only these, separated by commas: kind/mix/payload, e.g. transit-1/cold/64',
    },
    {
      flags: '--subjects <names>',
      description:
        'only these. router: drop, redirect, ip, bridge, cilion, reference; goodput, latency: ip, xdp-pass, vxlan, wireguard, sig, cilion',
    },
    {
      flags: '--against <ref>',
      description:
        'router: only compare with the dataplane of this commit; exit code 1 if this one is slower, 3 if the machine is too noisy to tell',
    },
    { flags: '--budget <seconds>', description: 'gate: give up after this long', default: '300' },
    { flags: '--runs <n>', description: 'selftest: runs of the same against the same', default: '50' },
    { flags: '--slow-runs <n>', description: 'selftest: runs of each slow-down', default: '20' },
    { flags: '--transits <numbers>', description: 'goodput, latency: ASes between the clusters (0,1,2,3,4)' },
    { flags: '--flows <numbers>', description: 'goodput: flows of TCP at once (1,4,16)' },
    { flags: '--seconds <n>', description: 'goodput: length of a measurement (1)' },
    { flags: '--probes <n>', description: 'latency: round trips a measurement (2000)' },
    { flags: '--load <Mbit/s>', description: 'latency: of the flow of TCP beside the probes (200)' },
    { flags: '--sizes <numbers>', description: 'bringup: ASes, paths computed (4,16,64), or none' },
    { flags: '--reference-sizes <numbers>', description: 'bringup: ASes, with the reference services (4,16), or none' },
    { flags: '--clusters <n>', description: 'bringup: edge ASes that are clusters, at most (2)' },
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
