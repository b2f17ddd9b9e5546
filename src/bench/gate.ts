/** Two dataplanes in turn through the same frames, block by block, until the decision stands. */
import { LabError } from '../errors.ts';
import { preferred } from '../process/priority.ts';
import { median, seededRandom } from '../results/statistics.ts';
import type { PairSample } from './bench-bundle.ts';
import { BenchLab, type Site } from './bench-lab.ts';
import { BenchPrograms, type Traffic } from './bench-programs.ts';
import { type BenchCase, caseFrames, caseName } from './cases.ts';
import { type Decision, decide, type GateRules, isFinal } from './decision.ts';
import { Generator } from './generator.ts';
import { farMac, routerMac } from './places.ts';
import { attachRouter, loadRouter, type RouterLoader, type RouterUnderTest } from './router-under-test.ts';

export interface GateSettings {
  readonly cases: readonly BenchCase[];
  readonly pairs: number;
  /** Frames of a burst: few, so that both halves of a pair see the same machine. */
  readonly packets: number;
  /** After so many seconds it gives up. */
  readonly budgetSeconds: number;
}

export const DEFAULT_GATE: Omit<GateSettings, 'cases'> = { pairs: 20, packets: 6000, budgetSeconds: 300 };
export const GATE_CASES = ['transit-1/few/64', 'crossover-2/cold/64', 'ingress-1/few/64', 'egress-1/few/64'];

export interface GateOptions {
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly onPair: (pair: PairSample) => void;
  /** Of the self-test; default 0. */
  readonly run?: number;
}

export interface GateResult {
  readonly decision: Decision;
  readonly seconds: number;
  /** By case, one a block. */
  readonly logRatios: ReadonlyMap<string, readonly number[]>;
}

const SITES = ['left', 'right'] as const;
/** Pairs that are thrown away in each block: caches and branch predictors have to get to know both. */
const WARM_UP_PAIRS = 2;

interface Contestant {
  readonly router: RouterUnderTest;
  readonly site: Site;
}

/** The bench that gates run in, one after another. */
export class GateBench {
  readonly #lab: BenchLab;
  readonly #programs: BenchPrograms;
  readonly #generator: Generator;
  readonly #traffic: ReadonlyMap<string, Traffic>;
  readonly #settings: GateSettings;

  private constructor(
    lab: BenchLab,
    programs: BenchPrograms,
    generator: Generator,
    traffic: ReadonlyMap<string, Traffic>,
    settings: GateSettings,
  ) {
    this.#lab = lab;
    this.#programs = programs;
    this.#generator = generator;
    this.#traffic = traffic;
    this.#settings = settings;
  }

  static async start(settings: GateSettings): Promise<GateBench> {
    const lab = await BenchLab.build(SITES, 1);
    try {
      const programs = new BenchPrograms({ to: farMac('out'), from: routerMac('out') });
      programs.generator.attachXdp(lab.idle, lab.ends);
      for (const name of SITES) {
        for (const far of Object.values(lab.site(name).far)) programs.sink.attachXdp(far, lab.ends);
      }
      const timestamp = Math.floor(Date.now() / 1000) - 60;
      const traffic = new Map(
        settings.cases.map((each) => [caseName(each), programs.prepare(caseFrames(each, timestamp))]),
      );
      const generator = await Generator.start({ programId: programs.generator.info.id, netns: lab.ends }, [0]);
      return new GateBench(lab, programs, generator, traffic, settings);
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#generator.stop();
    this.#programs.close();
    await this.#lab.destroy();
  }

  /** @throws LabError where one of the two does not forward what it is sent */
  run(a: RouterLoader, b: RouterLoader, rules: GateRules, options: GateOptions): Promise<GateResult> {
    return preferred(() => this.#run(a, b, rules, options));
  }

  async #run(a: RouterLoader, b: RouterLoader, rules: GateRules, options: GateOptions): Promise<GateResult> {
    const begin = performance.now();
    const random = seededRandom(rules.seed);
    const logRatios = new Map<string, number[]>(this.#settings.cases.map((each) => [caseName(each), []]));
    for (let block = 0; ; block++) {
      for (const [name, value] of await this.#block(block, [a, b], random, options)) logRatios.get(name)!.push(value);
      const decision = decide(logRatios, rules);
      const seconds = (performance.now() - begin) / 1000;
      options.progress(`${block + 1} blocks, at most ${rules.looks.at(-1)}`);
      if (decision !== undefined && (isFinal(decision, rules) || seconds > this.#settings.budgetSeconds))
        return { decision, seconds, logRatios };
      if (seconds > 2 * this.#settings.budgetSeconds)
        throw new LabError('the machine is too slow to come to a decision');
    }
  }

  /** CPU time a packet of one load of a router, nanoseconds: the median of some bursts. */
  async timeOf(loader: RouterLoader, benchCase: BenchCase): Promise<number> {
    const site = this.#lab.site(SITES[0]);
    const router = loadRouter(site, this.#lab.ifindexLimit, loader);
    attachRouter(router, site);
    const times: number[] = [];
    for (let burst = 0; burst < this.#settings.pairs + WARM_UP_PAIRS; burst++)
      times.push(await this.#burst({ router, site }, benchCase));
    router.close();
    return median(times.slice(WARM_UP_PAIRS));
  }

  /**
   * Fresh loads of both, in sites that they change with each block: where programs, maps and devices lie in memory costs
   * or spares a percent or two by chance, and so averages out.
   */
  async #block(
    block: number,
    loaders: readonly [RouterLoader, RouterLoader],
    random: () => number,
    options: GateOptions,
  ): Promise<[string, number][]> {
    const sites = block % 2 === 0 ? SITES : SITES.toReversed();
    const order = random() < 0.5 ? [0, 1] : [1, 0];
    const contestants: Contestant[] = [];
    for (const index of order) {
      const site = this.#lab.site(sites[index]!);
      const router = loadRouter(site, this.#lab.ifindexLimit, loaders[index]);
      attachRouter(router, site);
      contestants[index] = { router, site };
    }
    const values: [string, number][] = [];
    for (const benchCase of this.#settings.cases) {
      options.signal.throwIfAborted();
      const logs: number[] = [];
      for (let pair = -WARM_UP_PAIRS; pair < this.#settings.pairs; pair++) {
        const sample = await this.#pair(contestants as [Contestant, Contestant], benchCase, random);
        if (pair < 0) continue;
        logs.push(Math.log(sample.bNs / sample.aNs));
        options.onPair({ kind: 'pair', run: options.run ?? 0, block, case: caseName(benchCase), ...sample });
      }
      values.push([caseName(benchCase), median(logs)]);
    }
    for (const { router } of contestants) router.close();
    return values;
  }

  async #pair(
    contestants: readonly [Contestant, Contestant],
    benchCase: BenchCase,
    random: () => number,
  ): Promise<Pick<PairSample, 'first' | 'aNs' | 'bNs'>> {
    const first = random() < 0.5 ? 0 : 1;
    const one = await this.#burst(contestants[first], benchCase);
    const other = await this.#burst(contestants[1 - first]!, benchCase);
    return first === 0 ? { first: 'a', aNs: one, bNs: other } : { first: 'b', aNs: other, bNs: one };
  }

  async #burst({ site }: Contestant, benchCase: BenchCase): Promise<number> {
    const traffic = this.#traffic.get(caseName(benchCase))!;
    this.#programs.aim(traffic, site.far[benchCase.kind.from]);
    const before = this.#programs.counts();
    const { cpuNs } = await this.#generator.send({ frame: traffic.frame, packets: this.#settings.packets });
    const after = this.#programs.counts();
    const [sent, received] = [after.sent - before.sent, after.received - before.received];
    if (received < sent * FORWARDS)
      throw new LabError(`of ${sent} packets of ${caseName(benchCase)}, ${received} were forwarded`);
    return cpuNs / received;
  }
}

/** A full ring loses a few; a router that drops what it should forward would look fast. */
const FORWARDS = 0.9;
