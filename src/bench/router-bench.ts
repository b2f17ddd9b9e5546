/** `cilion bench router`: the border router between floor, ceiling and peers, all interleaved. */
import { preferred } from '../process/priority.ts';
import { seededRandom } from '../results/statistics.ts';
import type { BenchSample, RateSample, RouterSample } from './bench-bundle.ts';
import { BenchLab } from './bench-lab.ts';
import { BenchPrograms, type Traffic } from './bench-programs.ts';
import { type BenchCase, caseFrames, caseName } from './cases.ts';
import { Generator } from './generator.ts';
import { type Bench, burst, ladder } from './measure.ts';
import { farMac, routerMac } from './places.ts';
import { type Subject, type SubjectName, startSubject } from './subjects.ts';

export interface RouterBenchSettings {
  readonly cases: readonly BenchCase[];
  /** Measured on all cores as well. */
  readonly manyCoreCases: readonly BenchCase[];
  /** Measured with a subject that has to be offered a rate, too. */
  readonly pacedCases: readonly BenchCase[];
  readonly subjects: readonly SubjectName[];
  /** Rounds over all of it; each begins with a fresh load of the border router. */
  readonly blocks: number;
  /** Ladders of offered rates, spread over the blocks. */
  readonly ladders: number;
  /** Frames of a burst, of each core. */
  readonly packets: number;
  readonly cpus: readonly number[];
  readonly seed: number;
}

export interface RouterBenchOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly onSample: (sample: BenchSample) => void;
  /** For tests: looks at everything before it is taken down. */
  readonly inspect?: (lab: BenchLab, programs: BenchPrograms, subjects: readonly Subject[]) => Promise<void>;
}

/** Bursts of each subject and case that are thrown away before the first block. */
const WARM_UP_BURSTS = 2;

export function runRouterBench(settings: RouterBenchSettings, options: RouterBenchOptions): Promise<void> {
  return preferred(() => runInLab(settings, options));
}

async function runInLab(settings: RouterBenchSettings, options: RouterBenchOptions): Promise<void> {
  const { cpus, subjects } = settings;
  const lab = await BenchLab.build(subjects, cpus.length);
  const running: Subject[] = [];
  const generators: Generator[] = [];
  const programs = new BenchPrograms({ to: farMac('out'), from: routerMac('out') });
  try {
    programs.generator.attachXdp(lab.idle, lab.ends);
    const thread = { programId: programs.generator.info.id, netns: lab.ends };
    const one = await Generator.start(thread, cpus.slice(0, 1));
    generators.push(one);
    const all = settings.manyCoreCases.length > 0 && cpus.length > 1 ? await Generator.start(thread, cpus) : undefined;
    if (all !== undefined) generators.push(all);
    const start = { lab, programs, cpu: cpus.at(-1)!, progress: options.progress };
    for (const name of subjects) running.push(await startSubject(name, start));
    await measureAll(settings, options, { programs, one, all, running, start });
    await options.inspect?.(lab, programs, running);
  } finally {
    await Promise.all(generators.map((generator) => generator.stop()));
    for (const subject of running) await subject.stop();
    programs.close();
    await lab.destroy();
  }
}

interface Parts {
  readonly programs: BenchPrograms;
  readonly one: Generator;
  readonly all: Generator | undefined;
  /** The border router is replaced here with each block. */
  readonly running: Subject[];
  readonly start: Parameters<typeof startSubject>[1];
}

interface Task {
  readonly bench: Bench;
  readonly name: SubjectName;
  readonly benchCase: BenchCase;
  readonly traffic: Traffic;
}

async function measureAll(settings: RouterBenchSettings, options: RouterBenchOptions, parts: Parts): Promise<void> {
  const { programs, one, all } = parts;
  const traffic = prepareTraffic(programs);
  const tasksOn = (generator: Generator | undefined, cases: readonly BenchCase[]): Task[] =>
    generator === undefined
      ? []
      : cases.flatMap((benchCase) =>
          settings.subjects
            .filter((name) => name !== 'reference')
            .map((name) => ({ bench: { programs, generator }, name, benchCase, traffic: traffic(benchCase) })),
        );
  const tasks = [...tasksOn(one, settings.cases), ...tasksOn(all, settings.manyCoreCases)];
  const random = seededRandom(settings.seed);
  for (let block = 0; block < settings.blocks; block++) {
    if (block > 0) await reload(parts);
    const bursts =
      block === 0
        ? [...Array.from({ length: WARM_UP_BURSTS }, () => tasks).flat()]
        : tasks.slice(0, settings.subjects.length);
    for (const task of bursts) await send(task, parts, settings.packets, options.signal);
    for (const task of shuffled(tasks, random)) {
      const sample = await send(task, parts, settings.packets, options.signal);
      options.onSample({ ...sample, block });
    }
    if (isLadderBlock(block, settings)) {
      for (const sample of await climb(settings, parts, traffic, options.signal))
        options.onSample({ ...sample, block });
    }
    options.progress(`block ${block + 1} of ${settings.blocks}`);
  }
}

function send(
  { bench, name, benchCase, traffic }: Task,
  { running }: Parts,
  packets: number,
  signal: AbortSignal,
): Promise<Omit<RouterSample, 'block'>> {
  signal.throwIfAborted();
  return burst(bench, running.find((each) => each.name === name)!, benchCase, traffic, packets);
}

/** Where program and maps lie in memory is chance, and costs or spares a percent or two: so each block draws anew. */
async function reload({ running, start }: Parts): Promise<void> {
  const index = running.findIndex(({ name }) => name === 'cilion');
  if (index < 0) return;
  const old = running[index]!;
  running[index] = await startSubject('cilion', start);
  await old.stop();
}

async function climb(
  settings: RouterBenchSettings,
  { programs, one, running }: Parts,
  traffic: (benchCase: BenchCase) => Traffic,
  signal: AbortSignal,
): Promise<Omit<RateSample, 'block'>[]> {
  const samples: Omit<RateSample, 'block'>[] = [];
  for (const subject of running.filter(({ paced }) => paced)) {
    for (const benchCase of settings.pacedCases) {
      signal.throwIfAborted();
      samples.push(...(await ladder({ programs, generator: one }, subject, benchCase, traffic(benchCase))));
    }
  }
  return samples;
}

function isLadderBlock(block: number, { ladders, blocks }: RouterBenchSettings): boolean {
  const at = Array.from({ length: Math.min(ladders, blocks) }, (_, n) =>
    Math.floor(((n + 0.5) * blocks) / Math.min(ladders, blocks)),
  );
  return at.includes(block);
}

function prepareTraffic(programs: BenchPrograms): (benchCase: BenchCase) => Traffic {
  const timestamp = Math.floor(Date.now() / 1000) - 60;
  const made = new Map<string, Traffic>();
  return (benchCase) => {
    let traffic = made.get(caseName(benchCase));
    if (traffic === undefined) {
      traffic = programs.prepare(caseFrames(benchCase, timestamp));
      made.set(caseName(benchCase), traffic);
    }
    return traffic;
  };
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}
