/** `cilion bench router`, from its options to the bundle. */
import { availableParallelism } from 'node:os';
import type { ExitCode } from '../errors.ts';
import type { BenchSample } from './bench-bundle.ts';
import { type BenchOptions, casesOf, subjectsOf, wholeNumber } from './bench-options.ts';
import { CASE_KINDS } from './case-kinds.ts';
import { caseName, parseCase } from './cases.ts';
import { type RouterBenchSettings, runRouterBench } from './router-bench.ts';
import { summariseRouter } from './router-summary.ts';
import { benchGate } from './run-gate.ts';
import { keptSamples, withBundle } from './with-bundle.ts';

const DEFAULT_CASES: readonly string[] = [
  ...CASE_KINDS.flatMap(({ name }) => [`${name}/few/64`, `${name}/cold/64`]),
  ...[256, 512, 1024, 1400].map((payload) => `transit-1/few/${payload}`),
  'transit-1/cold/1400',
];
/** The reference router climbs a ladder of rates for these, which takes seconds each. */
const PACED_CASES = [
  'transit-1/few/64',
  'transit-1/cold/64',
  'crossover-2/few/64',
  'peering-2/few/64',
  'ingress-1/few/64',
  'egress-1/few/64',
  'transit-1/few/1400',
];
const MANY_CORE_CASES = ['transit-1/few/64', 'transit-1/cold/64'];
const BLOCKS = 20;
const LADDERS = 3;
const PACKETS = 20_000;

export function routerSettings(options: BenchOptions): RouterBenchSettings {
  const cases = casesOf(options, DEFAULT_CASES);
  const chosen = (names: readonly string[]) =>
    names.map(parseCase).filter((each) => cases.some((other) => caseName(other) === caseName(each)));
  const cpus = Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
  return {
    cases,
    manyCoreCases: chosen(MANY_CORE_CASES),
    pacedCases: chosen(PACED_CASES),
    subjects: subjectsOf(options),
    blocks: wholeNumber(options, 'blocks', BLOCKS, 1, 1000),
    ladders: LADDERS,
    packets: PACKETS,
    cpus,
    seed: wholeNumber(options, 'seed', 1, 0, 2 ** 31),
  };
}

export async function benchRouter(
  options: BenchOptions,
  _argument: string | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  if (options['against'] !== undefined) return benchGate(options, signal);
  const settings = routerSettings(options);
  const start = {
    results: String(options['results']),
    bench: 'router',
    title: 'The border router beside floor, ceiling and peers',
    seed: settings.seed,
    settings: {
      cases: settings.cases.map(caseName),
      'cases on all cores': settings.manyCoreCases.map(caseName),
      'cases at rates': settings.pacedCases.map(caseName),
      subjects: settings.subjects,
      blocks: settings.blocks,
      'packets a burst': settings.packets,
      cores: settings.cpus.length,
    },
  } as const;
  await withBundle(start, async ({ stage, ...measuring }) => {
    const { samples, onSample } = keptSamples<BenchSample>(measuring);
    await stage('measure the routers', (detail) =>
      runRouterBench(settings, {
        signal,
        progress: detail,
        onSample,
      }),
    );
    return summariseRouter(samples, settings.cases.map(caseName), settings.seed);
  });
  return 0;
}
